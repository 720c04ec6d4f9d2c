// Package cors answers the CORS protocol of the Fetch standard, strictly: it
// allows what is listed and nothing else, and refuses a configuration that
// would give an answer away.
//
//	mw, err := cors.New(cors.Config{
//		Origins:        []string{"https://app.example.com"},
//		Methods:        []string{"PUT", "DELETE"},
//		RequestHeaders: []string{"Authorization", "Content-Type"},
//	})
//	http.ListenAndServe(addr, mw.Handler(mux))
//
// CORS only opens what browsers close by themselves. It does not keep a
// request from being carried out: that is what package csrf is for.
package cors

import (
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// A Config says what other origins may do. The zero Config allows nothing,
// which is what browsers do without CORS.
type Config struct {
	// Origins that may read answers: whole origins such as
	// "https://app.example.com", "https://*.example.com" for all subdomains,
	// or "*" alone for every origin, which excludes Credentials.
	Origins []string
	// Credentials lets those origins use the user's cookies. Every listed
	// origin can then act as the user.
	Credentials bool
	// Methods that are allowed besides GET, HEAD and POST, which need no
	// permission (Fetch, "CORS-safelisted method"). GET, HEAD and POST may be
	// listed all the same.
	Methods []string
	// RequestHeaders that scripts may set, besides those which need no
	// permission.
	RequestHeaders []string
	// ResponseHeaders that scripts may read, besides those which they always
	// may.
	ResponseHeaders []string
	// MaxAge is how long a browser may remember the answer to a preflight:
	// 0 to 24 hours, in whole seconds; 0 leaves it to the browser, which
	// takes 5 seconds.
	MaxAge time.Duration
}

const maxMaxAge = 24 * time.Hour // no browser remembers longer

// A Middleware answers preflights and adds headers to answers. It is safe for
// concurrent use. The zero Middleware is that of the zero Config.
type Middleware struct {
	policy atomic.Pointer[policy]
}

func (m *Middleware) inForce() *policy {
	if p := m.policy.Load(); p != nil {
		return p
	}
	return nothing
}

// New checks the configuration and returns every mistake in it at once, as
// cfgerrors.
func New(cfg Config) (*Middleware, error) {
	m := &Middleware{}
	if err := m.Reconfigure(cfg); err != nil {
		return nil, err
	}
	return m, nil
}

// Reconfigure replaces the configuration for all requests from now on. On an
// error the old one stays in force.
func (m *Middleware) Reconfigure(cfg Config) error {
	p, err := compile(cfg)
	if err != nil {
		return err
	}
	m.policy.Store(p)
	return nil
}

// Config returns a copy of the configuration in force.
func (m *Middleware) Config() Config { return m.inForce().config.clone() }

// clone returns a copy that shares no slice.
func (c Config) clone() Config {
	c.Origins, c.Methods = slices.Clone(c.Origins), slices.Clone(c.Methods)
	c.RequestHeaders, c.ResponseHeaders = slices.Clone(c.RequestHeaders), slices.Clone(c.ResponseHeaders)
	return c
}

// Allowed reports whether the policy in force lets the origin, as an Origin
// header has it, read answers.
func (m *Middleware) Allowed(text string) bool { return m.inForce().allowed(text) }

// Handler answers preflights itself, so that next never sees them, and adds
// the headers of CORS to the answers of next. It must stand outside of what
// asks for a login, since preflights carry no credential, and around the
// router, since many routers answer OPTIONS themselves. A refused preflight is
// answered with 403 and no body; Check says why. Handler panics if next is nil.
func (m *Middleware) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("cors: Handler of no handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, origins := m.inForce(), r.Header["Origin"]
		if methods, ok := preflight(r); ok {
			p.answer(w, origins, methods, r.Header["Access-Control-Request-Headers"])
			return
		}
		p.decorate(w.Header(), origins)
		next.ServeHTTP(w, r)
	})
}
