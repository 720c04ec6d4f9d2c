package guard

import (
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/guard/internal/ascii"
	"github.com/d710e0ae/countersign/guard/internal/target"
	"github.com/d710e0ae/countersign/internal/origin"
)

// allowed are the methods that are named where others are refused.
const allowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

// checkMethod refuses methods that are none, and those whose answer would show
// the token that the guard puts in; PRI is the beginning of HTTP/2.
func (g *Guard) checkMethod(x *exchange) *problem {
	switch m := x.r.Method; {
	case !isToken(m):
		// RFC 9110, section 9.1. net/http's HTTP/2 takes any text for a method;
		// one with a space in it would write a request line of its own (CWE-444).
		return refusal(http.StatusBadRequest, "malformed-method", "the method is no token")
	case m == http.MethodTrace || m == http.MethodConnect || m == "TRACK" || m == "PRI": // RFC 9113, section 11.6
		x.w.Header().Set("Allow", allowed)
		return refusal(http.StatusMethodNotAllowed, "method-not-allowed", "this method is not forwarded")
	}
	return nil
}

// isToken is RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return s != ""
}

// findTarget finds the origin-form of the request's target, and refuses what
// cannot stand in a request line.
func (g *Guard) findTarget(x *exchange) *problem {
	raw := x.r.RequestURI
	if raw == "" {
		raw = x.r.URL.RequestURI() // a request that no server read
	}
	if !strings.HasPrefix(raw, "/") && !ofServer(raw, x.r) {
		var ok bool
		if raw, ok = g.originForm(raw, x.r); !ok {
			return refusal(http.StatusBadRequest, "path-not-canonical", "the request target is no path of this host")
		}
	}
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c == '#' || c == 0x7F {
			return refusal(http.StatusBadRequest, "path-not-canonical", "the request target has a character that must not stand in it")
		}
	}
	x.raw = raw
	return nil
}

// ofServer reports whether the request is about the server as a whole (RFC
// 9110, section 9.3.7).
func ofServer(raw string, r *http.Request) bool { return raw == "*" && r.Method == http.MethodOptions }

// originForm takes the absolute form, which RFC 9112, section 3.2.2, has
// servers accept. HTTP/2 knows none (RFC 9113, section 8.3.1). Its host is the
// request's, and must be what a Host header says; with another scheme it would
// be another origin's (RFC 9110, section 7.4).
func (g *Guard) originForm(raw string, r *http.Request) (string, bool) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || r.ProtoMajor > 1 || !ascii.EqualFold(scheme, g.own.Scheme()) {
		return "", false
	}
	authority, path := rest, "/"
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if path[0] == '?' {
		path = "/" + path
	}
	return path, authority != "" && authority == r.Host
}

// canonicalize finds the one spelling of the path that decides and is
// forwarded.
func (g *Guard) canonicalize(x *exchange) *problem {
	r := x.r
	if ofServer(x.raw, r) {
		// The server that the client sees is the guard.
		if p := g.checkHost(x); p != nil {
			return p
		}
		x.w.Header().Set("Allow", allowed)
		x.w.WriteHeader(http.StatusNoContent)
		x.status, x.answered = http.StatusNoContent, true
		return nil
	}
	t, err := target.Parse(x.raw)
	if err != nil {
		return refusal(http.StatusBadRequest, "path-not-canonical", err.Error())
	}
	x.target, x.raw = t, ""
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = t.Path, "", t.Query
	if r.URL.EscapedPath() != t.Escaped {
		r.URL.RawPath = t.Escaped
	}
	x.exempt = g.exempt.match(r.Method, t.Path)
	return nil
}

// checkHost admits the public host only: whatever else is asked for came by
// DNS rebinding or a forged Host header.
func (g *Guard) checkHost(x *exchange) *problem {
	// Over HTTP/2 a Host may stand beside :authority, and must not differ from
	// it (RFC 9113, section 8.3.1).
	for _, h := range x.r.Header["Host"] {
		if h != x.r.Host {
			return refusal(http.StatusBadRequest, "malformed-host", "the Host header contradicts the request's authority")
		}
	}
	if x.r.Host == g.ownHost {
		return nil
	}
	// RFC 9110, section 4.2.3: case and a default port make no difference.
	o, err := origin.Of(g.own.Scheme(), x.r.Host)
	if err != nil {
		return refusal(http.StatusBadRequest, "malformed-host", "the Host header names no host")
	}
	if o != g.own {
		return refusal(http.StatusForbidden, "foreign-host", "the request is for another host")
	}
	return nil
}
