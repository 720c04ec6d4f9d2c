package http1

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/guard/internal/ascii"
)

// maxFields bounds the fields of one head or trailer, before anything is made
// of them. The handler may allow fewer.
const maxFields = 256

// parse reads the head of a request, from its first line to the empty line,
// into r, whose Header and URL are there and empty. It is the one parser: what
// the handler sees is what was checked here. The texts of r are parts of head.
//
// Everything that this accepts, net/http's parser accepts and reads in the
// same way; FuzzParse holds it to that. It refuses more.
func parse(head string, r *http.Request) *Refusal {
	line, head, ok := cutLine(head)
	if !ok {
		return ErrLineEnd
	}
	if refusal := requestLine(line, r); refusal != nil {
		return refusal
	}
	hosts, length := 0, ""
	// Most names stand once, and one array does for all values. It is new for
	// each request: who keeps a value's slice must not see another's in it.
	values := make([]string, 0, 16)
	for n := 0; ; n++ {
		if line, head, ok = cutLine(head); !ok {
			return ErrLineEnd
		}
		if line == "" {
			break
		}
		if n == maxFields {
			return ErrTooMany
		}
		name, value, refusal := field(line)
		if refusal != nil {
			return refusal
		}
		switch name {
		case "Host":
			r.Host = value
			hosts++
			continue
		case "Content-Length":
			if length != "" || !digits(value) {
				return ErrLength
			}
			length = value
		case "Transfer-Encoding":
			if r.TransferEncoding != nil || !ascii.EqualFold(value, "chunked") {
				return ErrCoding
			}
			r.TransferEncoding = chunkedCoding
			continue
		}
		if have, ok := r.Header[name]; ok {
			r.Header[name] = append(have, value)
			continue
		}
		values = append(values, value)
		r.Header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	if hosts > 1 || hosts == 0 && r.ProtoMinor == 1 || !consists(r.Host, inHost) {
		return ErrHost
	}
	if refusal := framing(r, length); refusal != nil {
		return refusal
	}
	return target(r, hosts > 0)
}

// cutLine parts the first line from the rest. Other CRs within it are no text
// and refused with what they stand in.
func cutLine(s string) (line, rest string, ok bool) {
	i := strings.IndexByte(s, '\n')
	if i < 1 || s[i-1] != '\r' {
		return "", "", false
	}
	return s[:i-1], s[i+1:], true
}

func requestLine(line string, r *http.Request) *Refusal {
	method, rest, ok := strings.Cut(line, " ")
	if !ok || method == "" || !consists(method, token) {
		return ErrRequestLine
	}
	target, version, ok := strings.Cut(rest, " ")
	if !ok || target == "" || !consists(target, visible) {
		return ErrRequestLine
	}
	switch version {
	case "HTTP/1.1":
		r.ProtoMinor = 1
	case "HTTP/1.0":
		r.ProtoMinor = 0
	default:
		return ErrVersion
	}
	r.Method, r.RequestURI, r.Proto, r.ProtoMajor = method, target, version, 1
	return nil
}

// field parts a field line. A fold begins with white space, which no name has.
func field(line string) (name, value string, refusal *Refusal) {
	i := strings.IndexByte(line, ':')
	if i <= 0 || !consists(line[:i], token) {
		return "", "", ErrField
	}
	value = strings.Trim(line[i+1:], " \t")
	if !consists(value, text) {
		return "", "", ErrValue
	}
	return http.CanonicalHeaderKey(line[:i]), value, nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 18
}

// chunkedCoding is every chunked request's TransferEncoding.
var chunkedCoding = []string{"chunked"}

// framing finds how long the body is, and what follows the request.
func framing(r *http.Request, length string) *Refusal {
	if r.TransferEncoding != nil {
		switch {
		case length != "":
			return ErrBothLengths
		case r.ProtoMinor == 0:
			return ErrCoding
		}
		r.ContentLength = -1
		if refusal := announced(r); refusal != nil {
			return refusal
		}
	} else if length != "" {
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil {
			return ErrLength
		}
		r.ContentLength = n
	}
	connection := r.Header["Connection"]
	r.Close = options(connection, "close") || r.ProtoMinor == 0 && !options(connection, "keep-alive")
	if e := r.Header["Expect"]; len(e) > 0 && (len(e) > 1 || e[0] != "" && !ascii.EqualFold(e[0], "100-continue")) {
		return ErrExpectation
	}
	return nil
}

// announced reads which fields will follow a chunked body.
func announced(r *http.Request) *Refusal {
	lines, ok := r.Header["Trailer"]
	if !ok {
		return nil
	}
	delete(r.Header, "Trailer")
	trailer := http.Header{}
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.Trim(name, " \t")
			if name == "" {
				continue
			}
			name = http.CanonicalHeaderKey(name)
			switch name {
			case "Transfer-Encoding", "Trailer", "Content-Length":
				return ErrTrailer
			}
			trailer[name] = nil
		}
	}
	if len(trailer) > 0 {
		r.Trailer = trailer
	}
	return nil
}

// target reads the request target into r.URL. Named says that r.Host is that of
// a Host field.
func target(r *http.Request, named bool) *Refusal {
	raw := r.RequestURI
	path, query, has := strings.Cut(raw, "?")
	if path != "" && path[0] == '/' && consists(path, plain) {
		// Nothing is encoded in most paths, and so nothing is to be decoded.
		r.URL.Path, r.URL.RawQuery, r.URL.ForceQuery = path, query, has && query == ""
		return nil
	}
	authority := r.Method == http.MethodConnect && raw[0] != '/' // section 3.2.3
	if authority {
		raw = "http://" + raw
	}
	u, err := url.ParseRequestURI(raw)
	if err != nil {
		return ErrTarget
	}
	if authority {
		u.Scheme = ""
	}
	*r.URL = *u
	if u.Host != "" {
		// Section 3.2.2: the absolute form's counts. Section 3.2 has clients
		// write the same in Host, and whoever sends another wants two hops to
		// differ on which of them does.
		if named && !sameHost(u, r.Host) {
			return ErrHost
		}
		r.Host = u.Host
	}
	return nil
}

// sameHost reports whether a Host field says what the target does. Case and a
// default port make no difference (RFC 9110, section 4.2.3).
func sameHost(u *url.URL, host string) bool {
	port := ":80"
	if u.Scheme == "https" {
		port = ":443"
	}
	return ascii.EqualFold(strings.TrimSuffix(host, port), strings.TrimSuffix(u.Host, port))
}

// forbiddenTrailer is RFC 9110, section 6.5.1.
func forbiddenTrailer(name string) bool {
	switch name {
	case "Transfer-Encoding", "Content-Length", "Host", "Authorization", "Cookie", "Set-Cookie", "Connection",
		"Trailer", "Te", "Content-Encoding", "Content-Type", "Content-Range", "Expect", "Upgrade", "Origin", "X-Csrf-Token":
		return true
	}
	return false
}
