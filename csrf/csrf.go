// Package csrf refuses cross-site request forgery.
//
// A request that may change state passes if three things hold. It comes from
// the site's own origin or one that is trusted: its Origin header and its
// Fetch Metadata must both say so, and must agree. If it is authenticated by
// a cookie, which browsers attach by themselves, it carries the CSRF token of
// that session in a header, or in a form's field where Config.Field names one.
// And what is missing, doubled or odd denies.
//
//	p, err := csrf.New(csrf.Config{
//		PublicOrigin: "https://bank.example",
//		Keys:         [][]byte{key},
//		Session:      sessionOf,
//	})
//	http.ListenAndServe(addr, p.Handler(mux))
//
// The decision, [Protection.Check], is apart from the middleware,
// [Protection.Handler]. The folder examples/bank has both with sessions, as a
// whole program; examples/api has pages of another origin and clients that bear
// a token besides. HTML forms without a script need [Config.Field].
package csrf

import (
	"bytes"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/internal/origin"
)

// DefaultHeader is the header that carries the token.
const DefaultHeader = "X-CSRF-Token"

// AngularHeader is the name that Angular and axios use by default.
const AngularHeader = "X-XSRF-TOKEN"

// MinKey is the least length of a key, in bytes.
const MinKey = 32

// A Session is what a request is authenticated by.
type Session struct {
	// ID binds tokens to the session. It changes at login and logout, and
	// need not be secret. It may be empty only if Ambient is false.
	ID string
	// Ambient says that a credential which browsers attach by themselves, a
	// cookie, authenticates the request. A header that is merely present is
	// no reason to say false: only one that authenticates in its place is.
	Ambient bool
}

// A Config says what is protected. The zero Config checks origins against
// the request's own Host, treats every request with a cookie as authenticated
// by it, and asks for no token.
type Config struct {
	// PublicOrigin is the origin that the browser's address bar shows, such
	// as "https://bank.example". Where it is empty, it is taken from the
	// request: https if the connection is TLS, and the Host header. Behind a
	// proxy that ends TLS it must be set.
	PublicOrigin string
	// TrustedOrigins are other origins that may act for the user: whole
	// origins, or "https://*.example.com" for all subdomains.
	TrustedOrigins []string
	// Session tells what authenticates a request; session.Manager.CSRF knows.
	// Nil takes every cookie for a session. It must be set where Keys are, and
	// be safe for concurrent use.
	Session func(*http.Request) Session
	// Keys make and check tokens: the first makes, all check, so that a key
	// can be replaced while tokens of the old one are in use. Each has at
	// least MinKey random bytes. Without keys only origins are checked.
	Keys [][]byte
	// Header carries the token; "" is DefaultHeader.
	Header string
	// Field, where it is set, is the form field that carries the token of
	// requests without the header: for pages whose forms the browser sends
	// without a script. To read it, an application/x-www-form-urlencoded body
	// is parsed by r.ParseForm, and next finds it there; net/http bounds it to
	// 10 MB, http.MaxBytesHandler around Handler to less. In multipart/form-data
	// the field must be the first: nothing behind it is read. A page with
	// "Referrer-Policy: no-referrer" makes browsers send forms with
	// "Origin: null", which is refused; same-origin is a policy that works.
	Field string
	// Exempt are requests that are let through unchecked, such as
	// "POST /webhooks/stripe". A path matches as a whole and exactly as the
	// router sees it; one that ends in "/*" matches what lies below it.
	Exempt []string
	// Refuse, where it is set, answers a refused request in place of the
	// problem document; it must not let it through. It must be safe for
	// concurrent use.
	Refuse func(http.ResponseWriter, *http.Request, *Refusal)
	// ReportOnly, where it is set, is told of each refusal, and the request
	// is let through. It must be safe for concurrent use.
	ReportOnly func(*http.Request, *Refusal)
}

// A Protection decides. It is immutable and safe for concurrent use. The zero
// Protection is that of the zero Config.
type Protection struct {
	own        origin.Origin // zero where it is taken from the request
	ownText    string
	trusted    origin.Set
	session    func(*http.Request) Session
	signers    []*signer
	header     string
	field      string
	exempt     exemptions
	refuse     func(http.ResponseWriter, *http.Request, *Refusal)
	reportOnly func(*http.Request, *Refusal)
}

// New checks the configuration and returns every mistake in it at once, as
// cfgerrors.
func New(cfg Config) (*Protection, error) {
	var errs cfgerrors.List
	p := &Protection{session: cfg.Session, field: cfg.Field, refuse: cfg.Refuse, reportOnly: cfg.ReportOnly}
	p.setOwn(cfg.PublicOrigin, &errs)
	p.setTrusted(cfg.TrustedOrigins, &errs)
	p.setKeys(cfg, &errs)
	p.setHeader(cfg.Header, &errs)
	p.exempt = parseExemptions(cfg.Exempt, &errs)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Protection) setOwn(text string, errs *cfgerrors.List) {
	if text == "" {
		return
	}
	pattern, err := origin.ParsePattern(text)
	if err != nil {
		at("public_origin", err, errs)
		return
	}
	if pattern.Wildcard() {
		errs.Add(&cfgerrors.Error{Key: "public_origin", Code: cfgerrors.Malformed, Value: text, Problem: "is a pattern", Instead: "write the one origin that the address bar shows"})
		return
	}
	p.own, p.ownText = pattern.Origin(), pattern.String()
}

// at adds the mistakes in one value under its key.
func at(key string, err error, errs *cfgerrors.List) {
	for e := range cfgerrors.All(err) {
		m := *e
		m.Key = key
		errs.Add(&m)
	}
}

func (p *Protection) setTrusted(list []string, errs *cfgerrors.List) {
	var patterns []origin.Pattern
	for i, text := range list {
		key := "trusted_origins[" + strconv.Itoa(i) + "]"
		pattern, err := origin.ParsePattern(text)
		switch {
		case err != nil:
			at(key, err, errs)
		case p.own.Scheme() == "https" && pattern.Origin().Scheme() == "http":
			// CVE-2025-47909: whoever is on the network speaks for that origin.
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Dangerous, Value: text, Problem: "is a plain-http origin of an https site", Instead: "write its https origin"})
		default:
			patterns = append(patterns, pattern)
		}
	}
	p.trusted = origin.NewSet(patterns...)
}

func (p *Protection) setKeys(cfg Config, errs *cfgerrors.List) {
	for i, key := range cfg.Keys {
		at := "keys[" + strconv.Itoa(i) + "]"
		if len(key) < MinKey {
			errs.Addf(at, cfgerrors.OutOfRange, "has %d bytes, and %d random ones are the least", len(key), MinKey)
			continue
		}
		if len(bytes.Trim(key, "\x00")) == 0 {
			errs.Add(&cfgerrors.Error{Key: at, Code: cfgerrors.Dangerous, Problem: "is all zeros, as a buffer is that nothing was read into", Instead: "fill it by crypto/rand.Read"})
		}
		if j := slices.IndexFunc(cfg.Keys[:i], func(k []byte) bool { return bytes.Equal(k, key) }); j >= 0 {
			errs.Addf(at, cfgerrors.Duplicate, "is keys[%d] again", j)
		}
		p.signers = append(p.signers, newSigner(key))
	}
	if len(cfg.Keys) == 0 && cfg.Field != "" {
		errs.Add(&cfgerrors.Error{Key: "field", Code: cfgerrors.NeverWorks, Value: cfg.Field, Problem: "carries a token, and without keys there is none", Instead: "set Keys, or leave Field out"})
	}
	if len(cfg.Keys) > 0 && cfg.Session == nil {
		errs.Add(&cfgerrors.Error{Key: "session", Code: cfgerrors.Missing, Problem: "tokens are bound to a session, and nothing tells which", Instead: "set Session"})
	}
}

func (p *Protection) setHeader(name string, errs *cfgerrors.List) {
	if name == "" {
		name = DefaultHeader
	}
	p.header = textproto.CanonicalMIMEHeaderKey(name)
	switch lower := strings.ToLower(name); {
	case !token(name):
		errs.Add(&cfgerrors.Error{Key: "header", Code: cfgerrors.Malformed, Value: name, Problem: "is no header name", Instead: "write " + DefaultHeader})
	case slices.Contains(safelisted, lower):
		// A page of another site can set some of these, and browsers the rest.
		errs.Add(&cfgerrors.Error{Key: "header", Code: cfgerrors.Dangerous, Value: name, Problem: "is a header that browsers send without a preflight", Instead: "write " + DefaultHeader})
	case slices.Contains(forbidden, lower), strings.HasPrefix(lower, "sec-"), strings.HasPrefix(lower, "proxy-"), strings.HasPrefix(lower, "access-control-"):
		errs.Add(&cfgerrors.Error{Key: "header", Code: cfgerrors.NeverWorks, Value: name, Problem: "is a header that no script can set", Instead: "write " + DefaultHeader})
	}
}

// safelisted are the headers that need no preflight (Fetch, "CORS-safelisted
// request-header"), and those that browsers send by themselves.
var safelisted = []string{
	"accept", "accept-language", "content-language", "content-type", "range", "cookie", "authorization", "origin", "referer", "host",
	"user-agent", "cache-control", "pragma", "if-none-match", "if-modified-since", "last-event-id", "priority", "upgrade-insecure-requests",
	"dpr", "downlink", "ect", "rtt", "save-data", "viewport-width", "width", "device-memory",
}

// forbidden are headers that scripts cannot set (Fetch, "forbidden
// request-header"), besides families of them.
var forbidden = []string{
	"accept-charset", "accept-encoding", "connection", "content-length", "cookie2", "date", "dnt", "expect", "keep-alive", "set-cookie",
	"te", "trailer", "transfer-encoding", "upgrade", "via",
}

// token tells what may be a header name or a method (RFC 9110, section 5.6.2).
func token(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return s != ""
}

// Header returns the name of the header that carries the token, or "" for the
// zero Protection, which asks for none.
func (p *Protection) Header() string { return p.header }

// sessionOf tells what authenticates the request; where nobody told how to
// know, every cookie may.
func (p *Protection) sessionOf(r *http.Request) Session {
	if p.session == nil {
		return Session{Ambient: len(r.Header["Cookie"]) > 0}
	}
	return p.session(r)
}
