package guard

import (
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/guard/internal/target"
	"github.com/d710e0ae/countersign/internal/origin"
)

// canonicalize finds the one spelling of the path that decides and is
// forwarded.
func (g *Guard) canonicalize(x *exchange) *problem {
	r := x.r
	switch r.Method {
	case http.MethodTrace, http.MethodConnect, "TRACK":
		// An echo would show the token that the guard puts in.
		x.w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		return refusal(http.StatusMethodNotAllowed, "method-not-allowed", "this method is not forwarded")
	}
	raw := r.RequestURI
	if raw == "" {
		raw = r.URL.RequestURI() // a request that no server read
	}
	// RFC 9112, section 3.2.2: a server must take the absolute form. net/http
	// has made its host the request's.
	if _, rest, ok := strings.Cut(raw, "://"); ok && raw[0] != '/' {
		_, path, _ := strings.Cut(rest, "/")
		raw = "/" + path
	}
	t, err := target.Parse(raw)
	if err != nil {
		x.raw = raw
		return refusal(http.StatusBadRequest, "path-not-canonical", err.Error())
	}
	x.target = t
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
