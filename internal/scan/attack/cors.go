package attack

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// crossOrigin is what an answer to a request with the cookie says to one
// origin.
type crossOrigin struct {
	origin      string
	res         *client.Response
	allowed     bool // this origin may read the answer, with credentials
	credentials bool
	any         bool // "*"
	reflected   bool // the field repeats the origin
	vary        bool
}

// ask sends a read of s with the cookie and an Origin. Starlette reflects an
// origin only where a cookie is on the request, so a worthless one goes along
// where the victim has none.
func (t *Target) ask(ctx context.Context, s *Subject, origin string, creds actor.Credentials) (crossOrigin, error) {
	call, err := s.fresh(ctx)
	if err != nil {
		return crossOrigin{}, err
	}
	r := call.Wire()
	dress(r.Header, finding.CrossSite, finding.JSONCORS, r.Method, r.URL)
	r.Header.Set("Origin", origin)
	r.Header.Set("Referer", origin+"/")
	if origin == "null" {
		r.Header.Del("Referer")
	}
	creds.Put(r, actor.Use{Cookie: true, Bearer: takesHeader(s) && !takesCookie(s)})
	if r.Header.Get("Cookie") == "" {
		r.Header.Set("Cookie", "countersign=1")
	}
	r.Bare = true
	res, err := t.Client.Do(ctx, r)
	if err != nil {
		return crossOrigin{}, err
	}
	c := crossOrigin{origin: origin, res: res, credentials: res.Header.Get("Access-Control-Allow-Credentials") == "true"}
	acao := res.Header.Values("Access-Control-Allow-Origin")
	c.any = len(acao) == 1 && acao[0] == "*"
	c.reflected = len(acao) == 1 && acao[0] == origin
	// Both fields together, on a success: a 4xx tells no secret, and
	// Starlette says Allow-Credentials to refused origins too.
	c.allowed = c.reflected && c.credentials && s.Judge.Read(res) == Accepted
	for _, v := range res.Header.Values("Vary") {
		for f := range strings.SplitSeq(v, ",") {
			f = strings.TrimSpace(f)
			c.vary = c.vary || f == "*" || strings.EqualFold(f, "Origin")
		}
	}
	return c, nil
}

// usualOrigins are the origins that APIs most often trust besides their own.
// Looser checks are found by changing one that is admitted.
var usualOrigins = []string{
	"https://app.example.com", "https://example.com", "https://www.example.com", "https://frontend.example.com", "https://admin.example.com",
	"https://app.example.org", "https://example.org",
	"http://localhost:3000", "http://localhost:5173", "http://localhost:8080", "http://localhost:4200", "http://localhost", "http://127.0.0.1:3000",
}

// sharedSuffixes are suffixes under which anyone can have a name (the public
// suffix list's private part).
var sharedSuffixes = []string{"vercel.app", "netlify.app", "github.io", "herokuapp.com", "pages.dev", "onrender.com", "web.app", "ngrok-free.app", "azurewebsites.net"}

// variants returns origins that a careless check takes for o, each with what
// the carelessness is.
func variants(o *url.URL) [][2]string {
	host, port := o.Hostname(), ""
	if o.Port() != "" {
		port = ":" + o.Port()
	}
	v := [][2]string{
		{o.Scheme + "://" + host + ".attacker.example", "a prefix check"},
		{o.Scheme + "://" + host + ".attacker.example" + port, "a prefix check"},
		{o.Scheme + "://attacker" + registrable(host) + port, "a suffix check"},
		{o.Scheme + "://" + host + "attacker.example", "a prefix check"},
		{o.Scheme + "://attacker.example." + "x" + host + ".attacker.example", "a substring check"},
	}
	if i := strings.IndexByte(host, '.'); i > 0 && !client.Loopback(host) {
		for j := range len(host) {
			if host[j] == '.' {
				v = append(v, [2]string{o.Scheme + "://" + host[:j] + "x" + host[j+1:] + port, "an unescaped dot in a pattern"})
			}
		}
		if cut := host[:len(host)-1]; strings.LastIndexByte(cut, '.') < len(cut)-1 {
			v = append(v, [2]string{o.Scheme + "://" + cut, "a substring check: a string where a list of origins is due"})
		}
	}
	if o.Scheme == "https" {
		v = append(v, [2]string{"http://" + o.Host, "an https origin's plain-http twin, which anyone on the network can speak for"})
	}
	return v
}

// registrable returns the part of a host that its owner registered: a check of
// that suffix admits strangers, one of a longer suffix only the owner's own
// subdomains.
func registrable(host string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil && net.ParseIP(host) == nil {
		return d
	}
	return host
}

// corsWitness returns an operation whose answer is worth reading: one that is
// authenticated, by a cookie if there is any, else any read that succeeds.
func (t *Target) corsWitness() (s *Subject, ambient bool) {
	if s := t.Witness(func(s *Subject) bool { return takesCookie(s) && !s.ChangesState }); s != nil {
		return s, true
	}
	if s := t.Witness(func(s *Subject) bool { return !s.ChangesState }); s != nil {
		return s, false
	}
	for _, s := range t.Subjects {
		if s.Exercised && !s.ChangesState && s.Call != nil {
			return s, false
		}
	}
	return nil, false
}

// documentWitness is the API's own document, read as any other operation:
// where nothing else could be read it still shows what a middleware says.
func (t *Target) documentWitness(ctx context.Context) *Subject {
	if t.Document == nil {
		return nil
	}
	base := *t.Document
	base.Path, base.RawPath, base.RawQuery = "", "", ""
	call := &Call{Request: &openapi.Request{Method: http.MethodGet, Path: t.Document.EscapedPath(), Query: t.Document.Query()}, Base: &base}
	s := &Subject{Ref: finding.OperationRef{Method: http.MethodGet, Path: t.Document.Path}, Exercised: true, Credential: finding.CredentialNone, Call: call,
		Fresh: func(context.Context) (*Call, error) { return call.Clone(), nil }}
	res, err := t.legit(ctx, call, actor.Credentials{Jar: client.NewJar()}, actor.Use{})
	if err != nil || res.Status != http.StatusOK {
		return nil
	}
	s.Judge.Success(res)
	return s
}

// corsOrigins tells apart what origins the API lets read its answers. It
// finds cors-credentials-any-origin, cors-credentials-loose-origin,
// cors-any-origin and cors-no-vary, since one and the same set of requests
// shows them all.
func corsOrigins(ctx context.Context, t *Target) error {
	s, ambient := t.corsWitness()
	if s == nil {
		s = t.documentWitness(ctx)
	}
	if s == nil {
		t.Note("CORS was not tested: no read operation succeeded")
		return nil
	}
	creds := t.Victim.Credentials()
	ask := func(origin string) (crossOrigin, error) { return t.ask(ctx, s, origin, creds) }

	arbitrary, err := ask("https://attacker.example")
	if err != nil {
		return transport(err)
	}
	null, err := ask("null")
	if err != nil {
		return transport(err)
	}
	weight := func(f *finding.Finding) {
		if !ambient {
			f.Severity = weakness.Low
			f.Message += " No cookie was seen to authenticate anything here; without one a foreign page has no credential to use."
		}
	}
	var seen *crossOrigin // one reflected origin, for Vary
	switch {
	case arbitrary.allowed:
		seen = &arbitrary
		t.report("cors-credentials-any-origin", nil, t.sayf("Any origin may read the API's answers with the user's cookies: %s allows https://attacker.example with credentials.", s.Ref),
			weight, evidence(t.exchange(arbitrary.res)...))
	case null.allowed:
		seen = &null
		t.report("cors-credentials-any-origin", nil, t.sayf("The origin null, which any sandboxed page has, may read the API's answers with the user's cookies: %s allows it with credentials.", s.Ref),
			weight, evidence(t.exchange(null.res)...))
	case arbitrary.any:
		t.report("cors-any-origin", nil, "Any origin may read the API's answers, without credentials.", evidence(t.exchange(arbitrary.res)...))
	case arbitrary.reflected && arbitrary.res.Status < 400:
		seen = &arbitrary
		t.report("cors-any-origin", nil, "Any origin may read the API's answers, without credentials: the origin is reflected.", evidence(t.exchange(arbitrary.res)...))
	}
	if !arbitrary.allowed {
		admitted, err := t.looseOrigin(ctx, s, ask, weight)
		if err != nil {
			return transport(err)
		}
		if seen == nil {
			seen = admitted
		}
	}
	if seen != nil && !seen.vary {
		t.report("cors-no-vary", nil, "The answer repeats the Origin that asked but lacks Vary: Origin, so a shared cache may hand one origin's answer to another.",
			evidence(t.exchange(seen.res)...))
	}
	return nil
}

// speaksCORS reports whether the API shows any sign of CORS: so far, or to a
// preflight.
func (t *Target) speaksCORS(ctx context.Context, s *Subject, seen bool) (bool, error) {
	if seen {
		return true, nil
	}
	res, err := t.Client.Do(ctx, preflightRequest(s.Call.URL(), s.Ref.Method, nil, finding.CrossSite))
	if err != nil {
		return false, err
	}
	for k := range res.Header {
		if strings.HasPrefix(k, "Access-Control-") {
			return true, nil
		}
	}
	return res.Status != http.StatusMethodNotAllowed && res.Status != http.StatusNotFound && res.Status != http.StatusUnauthorized, nil
}

// transport keeps errors of the connection and drops the others.
func transport(err error) error {
	if errors.Is(err, errNoCall) {
		return nil
	}
	return err
}

// looseOrigin looks for an origin that is admitted and changes it. It returns
// an admitted origin, if there is any.
func (t *Target) looseOrigin(ctx context.Context, s *Subject, ask func(string) (crossOrigin, error), weight option) (*crossOrigin, error) {
	report := func(c crossOrigin, how prose) {
		t.report("cors-credentials-loose-origin", nil, t.sayf("The origin check admits %s with credentials (%s): %s answers it.", c.origin, how, s.Ref),
			weight, evidence(t.exchange(c.res)...))
	}
	bases := slices.Clone(usualOrigins)
	own := t.Base.Scheme + "://" + t.Base.Host
	bases = append([]string{own}, bases...)
	if t.Frontend != nil {
		bases = append([]string{t.Frontend.Scheme + "://" + t.Frontend.Host}, bases...)
	}
	bases = append(bases, t.Origins...)
	var admitted *crossOrigin
	var vary *crossOrigin
	tried := map[string]bool{}
	for _, b := range bases {
		o, err := url.Parse(b)
		if err != nil || tried[b] || o.Host == "" {
			continue
		}
		tried[b] = true
		c, err := ask(b)
		if err != nil {
			return admitted, err
		}
		if c.reflected && vary == nil && c.res.Status < 400 {
			vary = &c
		}
		if !c.allowed {
			continue
		}
		if admitted == nil {
			admitted = &c
		}
		for _, v := range variants(o) {
			c, err := ask(v[0])
			if err != nil {
				return admitted, err
			}
			if c.allowed {
				report(c, prose(v[1]))
				return admitted, nil
			}
		}
	}
	if spoken, err := t.speaksCORS(ctx, s, vary != nil || admitted != nil); err != nil || !spoken {
		return admitted, err
	}
	for _, suffix := range sharedSuffixes {
		c, err := ask("https://countersign-attacker." + suffix)
		if err != nil {
			return admitted, err
		}
		if c.allowed {
			report(c, prose("anyone can have a name under "+suffix))
			return admitted, nil
		}
	}
	// A string where a list is due: "https://" is part of any https origin.
	// It is no origin itself, so one that is must follow.
	for _, scheme := range []string{"https://", "http://"} {
		c, err := ask(scheme)
		if err != nil {
			return admitted, err
		}
		if !c.reflected {
			continue
		}
		for _, letter := range "awefcmdbstpilhgnorujkqvxyz0123456789" {
			c, err := ask(scheme + string(letter))
			if err != nil {
				return admitted, err
			}
			if c.allowed {
				report(c, "a substring check: a string where a list of origins is due")
				return admitted, nil
			}
		}
	}
	if admitted == nil && vary != nil {
		return vary, nil
	}
	return admitted, nil
}
