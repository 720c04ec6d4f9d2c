package guard

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/guard/internal/target"
	"github.com/d710e0ae/countersign/jwt"
	"github.com/d710e0ae/countersign/session"
)

// An exchange is one request on its way through the chain.
type exchange struct {
	w      http.ResponseWriter
	r      *http.Request
	id     string
	client netip.Addr
	target target.Target
	// raw is the target as it came, where report mode lets one through that
	// has no canonical spelling.
	raw      string
	exempt   bool
	upgrade  bool // a well-formed WebSocket handshake
	admitted bool // from an origin that cors allows, or from any where it allows all
	session  *session.Session
	doubted  bool       // its origin or CSRF token was refused, which report mode lets pass
	withheld bool       // a session that a GET of another origin does not get
	tokens   tokens     // of the session
	bearer   string     // what the client itself bears
	token    *jwt.Token // the bearer, verified
	cookies  string     // of the client, those that the API may see
	status   int
	answered bool // by the guard itself
}

func (x *exchange) path() string {
	if x.target.Path != "" {
		return x.target.Path
	}
	return x.r.URL.Path
}

// unsafe reports whether the request may change state, or opens a channel to
// a page: only GET, HEAD and OPTIONS do not (RFC 9110, section 9.2.1).
func (x *exchange) unsafe() bool {
	switch x.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}

type contextKey struct{}

// authentication tells csrf what authenticates the request. Without an
// exchange in the context it answers what denies most.
func authentication(r *http.Request) csrf.Session {
	x, ok := r.Context().Value(contextKey{}).(*exchange)
	switch {
	case !ok:
		return csrf.Session{Ambient: true}
	case x.session != nil:
		b := x.session.Binding("csrf")
		return csrf.Session{ID: string(b[:]), Ambient: true}
	case len(r.Header["Origin"]) == 0 && len(r.Header["Sec-Fetch-Site"]) == 0:
		// Without a session there is no token to ask for. A cookie of the
		// API's own may still authenticate, so somebody must say where the
		// request comes from.
		return csrf.Session{Ambient: x.cookies != ""}
	}
	return csrf.Session{}
}

// withContext is the request as csrf must see it.
func (x *exchange) withContext() *http.Request {
	return x.r.WithContext(context.WithValue(x.r.Context(), contextKey{}, x))
}
