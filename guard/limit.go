package guard

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// maxFields bounds the field lines of a request.
const maxFields = 128

// limit refuses what is too large, before anything is read or computed.
func (g *Guard) limit(x *exchange) *problem {
	l, r := &g.cfg.Limits, x.r
	if len(r.RequestURI) > int(l.URI) {
		return refusal(http.StatusRequestURITooLong, "uri-too-long", "the request target is too long")
	}
	fields := 0
	for _, values := range r.Header {
		fields += len(values)
	}
	if fields > maxFields {
		return refusal(http.StatusRequestHeaderFieldsTooLarge, "too-many-headers", "the request has too many header fields")
	}
	cookies := 0
	for _, line := range r.Header["Cookie"] {
		cookies += strings.Count(line, ";") + 1
	}
	if cookies > l.Cookies {
		// CVE-2025-58186
		return refusal(http.StatusRequestHeaderFieldsTooLarge, "too-many-cookies", "the request has too many cookies")
	}
	if r.ProtoMajor > 1 && !isLength(r.Header["Content-Length"]) {
		// net/http's HTTP/2 takes the first of two, and what is no number for
		// nothing: the API would carry the request out without its body.
		return refusal(http.StatusBadRequest, "malformed-length", "the Content-Length is no number, or stands twice")
	}
	if r.ContentLength > int64(l.Body) {
		return refusal(http.StatusRequestEntityTooLarge, "body-too-large", "the request's body is too large")
	}
	if len(r.TransferEncoding) > 0 && len(r.Header["Content-Length"]) > 0 {
		// net/http drops the length; a server that does not must be told.
		return &problem{status: http.StatusBadRequest, code: "framing", detail: "the request has two lengths", hangUp: true}
	}
	if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		b := &clientBody{ReadCloser: r.Body, left: int64(l.Body), pause: l.BodyTimeout, control: http.NewResponseController(x.w)}
		// The server reads the body of a refused request on its own, and must
		// not wait for it for ever.
		b.control.SetReadDeadline(time.Now().Add(b.pause))
		r.Body = b
	}
	return nil
}

// isLength reports whether there is no Content-Length, or one that is a number
// (RFC 9110, section 8.6).
func isLength(values []string) bool {
	if len(values) == 0 {
		return true
	}
	for _, c := range values[0] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(values) == 1 && len(values[0]) > 0 && len(values[0]) <= 18
}

// clientBody bounds a request's body in bytes, and each pause within it.
type clientBody struct {
	io.ReadCloser
	left    int64
	pause   time.Duration
	control *http.ResponseController
	over    bool
}

// bodyTooLarge is what reading on returns.
type bodyTooLarge struct{}

func (bodyTooLarge) Error() string { return "the request's body is too large" }

func (b *clientBody) Read(p []byte) (int, error) {
	if b.over {
		return 0, bodyTooLarge{}
	}
	b.control.SetReadDeadline(time.Now().Add(b.pause))
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.over = true
		return 0, bodyTooLarge{}
	}
	if err == nil || err == io.EOF {
		// A pause until the next reading is not the client's but the API's,
		// which has not taken yet what came. At the end net/http goes on to
		// watch the connection, and that watch has no end. After any other
		// error it reads what is left, which has one.
		b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
