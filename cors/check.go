package cors

import (
	"errors"
	"net/http"
)

// Why a request gets no permission. Test with errors.Is.
var (
	ErrOrigin  = errors.New("cors: the origin is not allowed")
	ErrMethod  = errors.New("cors: the method is not allowed")
	ErrHeaders = errors.New("cors: a header that the script would set is not allowed")
)

// Check says why Handler gives a request no permission: ErrOrigin, or, for a
// preflight, ErrMethod or ErrHeaders. Browsers show the reason to nobody but
// their user, and a refused preflight is answered without a body; Check is for
// logs and tests. It returns nil for what is allowed, and for a request without
// Origin, which asks for nothing. It changes nothing and does not allocate.
func (m *Middleware) Check(r *http.Request) error {
	p, origins := m.inForce(), r.Header["Origin"]
	if len(origins) == 0 {
		return nil
	}
	if method, ok := preflight(r); ok {
		return p.refuses(origins, method, r.Header["Access-Control-Request-Headers"])
	}
	return p.refusesOrigin(origins)
}

// preflight tells a preflight, and returns the methods that it asks for
// (Fetch, "CORS-preflight request").
func preflight(r *http.Request) (methods []string, ok bool) {
	if r.Method != http.MethodOptions || len(r.Header["Origin"]) == 0 {
		return nil, false
	}
	methods = r.Header["Access-Control-Request-Method"]
	return methods, len(methods) > 0
}

// refuses returns why a preflight is refused, or nil.
func (p *policy) refuses(origins, methods, requested []string) error {
	switch {
	case p.refusesOrigin(origins) != nil:
		return ErrOrigin
	case len(methods) != 1 || !p.allowedMethod(methods[0]):
		return ErrMethod
	case !p.allowedHeaders(requested):
		return ErrHeaders
	}
	return nil
}

func (p *policy) refusesOrigin(origins []string) error {
	if len(origins) != 1 || !p.allowed(origins[0]) {
		return ErrOrigin
	}
	return nil
}
