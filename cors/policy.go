package cors

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/internal/origin"
)

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
