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
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/internal/origin"
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

// A policy is a Config, compiled. It is immutable.
type policy struct {
	config      Config
	any         bool
	origins     origin.Set
	credentials bool
	methods     []string            // besides those that need no permission
	sorted      []string            // the headers, as a browser sorts them
	headers     map[string]struct{} // in lower case
	longest     int                 // of headers
	expose      *values
	maxAge      *values
	preflight   *values // Vary
	actual      *values // Vary
	star, yes   *values
}

// nothing is the policy of the zero Config, which cannot be wrong.
var nothing, _ = compile(Config{})

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

func compile(cfg Config) (*policy, error) {
	var errs cfgerrors.List
	p := &policy{
		config:      cfg.clone(),
		credentials: cfg.Credentials,
		headers:     map[string]struct{}{},
		preflight:   newValues("Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
		actual:      newValues("Origin"),
		star:        newValues("*"),
		yes:         newValues("true"),
	}
	p.setOrigins(cfg, &errs)
	p.setMethods(cfg.Methods, &errs)
	p.setRequestHeaders(cfg, &errs)
	p.setResponseHeaders(cfg, &errs)
	switch {
	case cfg.MaxAge < 0 || cfg.MaxAge > maxMaxAge || cfg.MaxAge%time.Second != 0:
		errs.Add(&cfgerrors.Error{Key: "max_age", Code: cfgerrors.OutOfRange, Value: cfg.MaxAge.String(), Problem: "must be from 0 to 24h, in whole seconds", Instead: "write for example 10m"})
	case cfg.MaxAge > 0:
		p.maxAge = newValues(strconv.Itoa(int(cfg.MaxAge / time.Second)))
	}
	return p, errs.Err()
}

func (p *policy) setOrigins(cfg Config, errs *cfgerrors.List) {
	var patterns []origin.Pattern
	for i, text := range cfg.Origins {
		key := "origins[" + strconv.Itoa(i) + "]"
		if text == "*" {
			p.any = true
			if cfg.Credentials {
				errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Dangerous, Value: text, Problem: "every page of the web could act as the user", Instead: "list the origins that need credentials"})
			}
			if len(cfg.Origins) > 1 {
				errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Conflict, Value: text, Problem: "the other origins say nothing beside it", Instead: "leave * or the others out"})
			}
			continue
		}
		pattern, err := origin.ParsePattern(text)
		if err != nil {
			for e := range cfgerrors.All(err) {
				c := *e
				c.Key = key
				errs.Add(&c)
			}
			continue
		}
		if o := pattern.Origin(); cfg.Credentials && o.Scheme() == "http" && !o.IsLoopback() {
			// CVE-2025-47909 in another place: whoever is on the network speaks
			// for that origin, and would read as the user.
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Dangerous, Value: text, Problem: "is a plain-http origin, for which anyone on the network can speak, and may use credentials", Instead: "write its https origin, or leave credentials out"})
			continue
		}
		patterns = append(patterns, pattern)
	}
	if len(cfg.Origins) == 0 && cfg.Credentials {
		errs.Add(&cfgerrors.Error{Key: "credentials", Code: cfgerrors.NeverWorks, Problem: "no origin is listed that could use them", Instead: "list the origins, or leave credentials out"})
	}
	p.origins = origin.NewSet(patterns...)
}

func (p *policy) setMethods(list []string, errs *cfgerrors.List) {
	for i, method := range list {
		key := "methods[" + strconv.Itoa(i) + "]"
		switch {
		case method == "*":
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Dangerous, Value: method, Problem: "allows methods that nobody thought of", Instead: "list them"})
		case !token(method):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Malformed, Value: method, Problem: "is no method", Instead: "write for example PUT"})
		case strings.EqualFold(method, "CONNECT") || strings.EqualFold(method, "TRACE") || strings.EqualFold(method, "TRACK"):
			// Fetch, "forbidden method".
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: method, Problem: "no script can send it", Instead: "leave it out"})
		case method != strings.ToUpper(method):
			// Methods are compared letter by letter; browsers write only some of
			// them in upper case by themselves.
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: method, Problem: "methods are compared letter by letter", Instead: "write " + strings.ToUpper(method)})
		case !p.allowedMethod(method):
			p.methods = append(p.methods, method)
		}
	}
}

func (p *policy) setRequestHeaders(cfg Config, errs *cfgerrors.List) {
	for i, name := range cfg.RequestHeaders {
		key := "request_headers[" + strconv.Itoa(i) + "]"
		lower := strings.ToLower(name)
		switch {
		case name == "*":
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Dangerous, Value: name, Problem: "lets every origin set the headers that other defences rest on", Instead: "list the headers"})
		case !token(name):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Malformed, Value: name, Problem: "is no header name", Instead: "write for example Content-Type"})
		case forbidden(lower):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: name, Problem: "no script can set it", Instead: "leave it out"})
		default:
			p.headers[lower] = struct{}{}
			p.longest = max(p.longest, len(lower))
		}
	}
	p.sorted = slices.Sorted(maps.Keys(p.headers))
}

// forbidden tells headers that scripts cannot set (Fetch, "forbidden
// request-header").
func forbidden(lower string) bool {
	switch lower {
	case "accept-charset", "accept-encoding", "access-control-request-headers", "access-control-request-method", "connection", "content-length",
		"cookie", "cookie2", "date", "dnt", "expect", "host", "keep-alive", "origin", "referer", "set-cookie", "te", "trailer",
		"transfer-encoding", "upgrade", "via":
		return true
	}
	return strings.HasPrefix(lower, "sec-") || strings.HasPrefix(lower, "proxy-")
}

func (p *policy) setResponseHeaders(cfg Config, errs *cfgerrors.List) {
	for i, name := range cfg.ResponseHeaders {
		key := "response_headers[" + strconv.Itoa(i) + "]"
		switch {
		case name == "*" && cfg.Credentials:
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: name, Problem: "is no wildcard where credentials are allowed", Instead: "list the headers"})
		case name != "*" && !token(name):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Malformed, Value: name, Problem: "is no header name", Instead: "write for example Content-Type"})
		case strings.EqualFold(name, "Set-Cookie") || strings.EqualFold(name, "Set-Cookie2"):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: name, Problem: "no script can read it", Instead: "leave it out"})
		}
	}
	if len(cfg.ResponseHeaders) > 0 {
		p.expose = newValues(strings.Join(cfg.ResponseHeaders, ", "))
	}
}

// token tells what may be a method or a header name (RFC 9110, section
// 5.6.2).
func token(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7F || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return true
}

// Allowed reports whether the policy in force lets the origin, as an Origin
// header has it, read answers.
func (m *Middleware) Allowed(text string) bool { return m.inForce().allowed(text) }

func (p *policy) allowed(text string) bool { return p.any || p.origins.Contains(text) }

// Handler answers preflights itself, so that next never sees them, and adds
// the headers of CORS to the answers of next. It must stand outside of what
// asks for a login, since preflights carry no credential, and around the
// router, since many routers answer OPTIONS themselves. Handler panics if next
// is nil.
func (m *Middleware) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("cors: Handler of no handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := m.inForce()
		origins := r.Header["Origin"]
		if r.Method == http.MethodOptions && len(origins) > 0 {
			if method := r.Header["Access-Control-Request-Method"]; len(method) > 0 {
				p.answer(w, origins, method, r.Header["Access-Control-Request-Headers"])
				return
			}
		}
		p.decorate(w.Header(), origins)
		next.ServeHTTP(w, r)
	})
}

// decorate puts the headers on an answer. Vary is always there, also for
// requests without an origin: a cache must not give their answer to one that
// has one (Fetch, "CORS protocol and HTTP caches").
func (p *policy) decorate(h http.Header, origins []string) {
	if p.any {
		h["Access-Control-Allow-Origin"] = p.star.get()
		p.exposed(h)
		return
	}
	addVary(h, p.actual)
	if len(origins) != 1 || !p.allowed(origins[0]) {
		return
	}
	h["Access-Control-Allow-Origin"] = origins
	if p.credentials {
		h["Access-Control-Allow-Credentials"] = p.yes.get()
	}
	p.exposed(h)
}

func (p *policy) exposed(h http.Header) {
	if p.expose != nil {
		h["Access-Control-Expose-Headers"] = p.expose.get()
	}
}

func addVary(h http.Header, v *values) {
	if len(h) > 0 { // else nobody was there before us, and nothing need be looked up
		if have := h["Vary"]; len(have) > 0 {
			h["Vary"] = append(have[:len(have):len(have)], v.get()...)
			return
		}
	}
	h["Vary"] = v.get()
}

// answer answers a preflight. A refused one gets no header that allows
// anything, and a status that says so to people.
func (p *policy) answer(w http.ResponseWriter, origins, method, requested []string) {
	h := w.Header()
	addVary(h, p.preflight)
	if len(origins) != 1 || len(method) != 1 || !p.allowed(origins[0]) || !p.allowedMethod(method[0]) || !p.allowedHeaders(requested) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if p.any {
		h["Access-Control-Allow-Origin"] = p.star.get()
	} else {
		h["Access-Control-Allow-Origin"] = origins
	}
	if p.credentials {
		h["Access-Control-Allow-Credentials"] = p.yes.get()
	}
	// What was asked for and allowed is given back in its own slices, which
	// belong to this request alone: nothing is copied, and nothing is told
	// that was not asked for.
	h["Access-Control-Allow-Methods"] = method
	if len(requested) > 0 && requested[0] != "" {
		h["Access-Control-Allow-Headers"] = requested
	}
	if p.maxAge != nil {
		h["Access-Control-Max-Age"] = p.maxAge.get()
	}
	w.WriteHeader(http.StatusNoContent)
}

// allowedMethod compares with few texts, which is quicker than a map.
func (p *policy) allowedMethod(m string) bool {
	return m == "GET" || m == "HEAD" || m == "POST" || slices.Contains(p.methods, m)
}

// Bounds of a preflight's list: a browser sends it sorted, in lower case,
// each name once, so nothing longer than all that is allowed can be right
// (GO-2024-2883).
const maxEmpty = 16

// allowedHeaders reads the list without splitting it into new texts. A browser
// asks for most of what is allowed, in its order: the name behind the last one
// is tried first, and only others are hashed.
func (p *policy) allowedHeaders(lists []string) bool {
	seen, empty, next := 0, 0, 0
	for _, list := range lists {
		for len(list) > 0 {
			var name string
			if i := strings.IndexByte(list, ','); i >= 0 {
				name, list = list[:i], list[i+1:]
			} else {
				name, list = list, ""
			}
			// RFC 9110, section 5.6.1: white space and empty members are to be
			// borne, within reason; intermediaries add them.
			name = trim(name)
			if name == "" {
				if empty++; empty > maxEmpty {
					return false
				}
				continue
			}
			if seen++; seen > len(p.headers) || len(name) > p.longest {
				return false
			}
			if next < len(p.sorted) && p.sorted[next] == name {
				next++
			} else if _, ok := p.headers[name]; !ok {
				return false
			}
		}
	}
	return len(lists) <= maxEmpty
}

func trim(s string) string {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
