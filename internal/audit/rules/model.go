package rules

import (
	"crypto/sha256"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

func itoa(n int) string { return strconv.Itoa(n) }

// A model is what several rules ask of the program, worked out once.
type model struct {
	calls     []*fastapi.Call // of everything, each once for each set of arguments
	routes    []*route
	cookies   []*cookie
	cookiesBy map[*fastapi.Call][]*cookie // of the call that sets them
	libs      []libraries.Library
	heard     map[*fastapi.Route]*route
	shared    map[[sha256.Size]byte]*fastapi.Call // that several routes make, by fingerprint
	forks     map[*pysrc.FuncDef][]fork           // of functions of which a rule asks what requests meet
	meanings  map[string]*meaning                 // of calls, by name
	mu        sync.RWMutex                        // of heard, shared, forks and meanings, while routes run
	signs     map[string]libraries.Sign
	verifies  map[string]libraries.Verify
	credNames map[string]bool // cookies that authenticate some route
	// cookiesRead are those that are read at all, as by what renews a token.
	cookiesRead map[string]bool
	// anyVisitor are where dependencies and middleware set cookies for others
	// than who logs in.
	anyVisitor map[fastapi.Place]bool
	// sessionKeys are what of the session authenticates some route.
	sessionKeys map[string]bool
	refresh     bool // there is a route that renews tokens
	bearers     bool // some route looks at the Authorization header

	configs        []config
	libraryCookies []libraryCookie
}

// A route is a route with what it takes for a credential and what guards it.
type route struct {
	*fastapi.Route
	credentials []*fastapi.Source // cookies that authenticate it
	header      *fastapi.Source   // an Authorization header that would do as well
	mustHeader  *fastapi.Source   // a header without which it refuses
	guards      []guard
	answers     bool            // it passes no request that was not begun in the same browser
	instead     []fastapi.Place // reads of headers that are taken in the place of a cookie
	mixed       []fastapi.Place // reads of such cookies

	asked    []*fastapi.Source // cookies by which a store is asked who asks
	beside   *fastapi.Source   // a header by which it would be asked as well
	bearers  bool              // it looks at the Authorization header
	is       topics
	called   []*meaning        // of the names of all that it calls
	reads    []string          // cookies that it reads, whatever for
	ended    fastapi.Place     // where a logout ends the session that its cookie is of
	bare     []fastapi.Place   // where it answers 401 without WWW-Authenticate
	inQuery  []*fastapi.Source // access tokens that its handler takes from the query
	json     bool              // it takes a body that FastAPI parses
	password bool              // it takes a password
	form     bool              // it takes a form, or a body of any type
	asks     bool              // it is for those who are logged in already
	anyFlow  bool              // it takes the code of an OAuth flow that any browser began
	refuses  bool              // it turns away who is not known, or asks what no one sees here
	bearer   bool              // an answer says token_type
	renewing bool              // it hands out a new token for a refresh token
	changes  string            // what a GET changes, and where
	changeAt fastapi.Place
}

// A guard is a check in force against forged requests.
type guard struct {
	what string
	at   fastapi.Place
}

func (r *route) label() string { return r.Method + " " + r.Path }

func newModel() *model {
	m := &model{
		libs: libraries.All(), heard: map[*fastapi.Route]*route{}, shared: map[[sha256.Size]byte]*fastapi.Call{}, forks: map[*pysrc.FuncDef][]fork{}, meanings: map[string]*meaning{}, cookiesBy: map[*fastapi.Call][]*cookie{},
		signs: map[string]libraries.Sign{}, verifies: map[string]libraries.Verify{}, credNames: map[string]bool{}, cookiesRead: map[string]bool{}, sessionKeys: map[string]bool{}, anyVisitor: map[fastapi.Place]bool{},
	}
	for _, l := range m.libs {
		for _, s := range l.Signs {
			m.signs[s.Call] = s
		}
		for _, v := range l.Verifies {
			m.verifies[v.Call] = v
		}
	}
	return m
}

// complete joins what was heard of the whole program.
func (m *model) complete(c *Context) {
	for _, r := range c.Program.Routes {
		x := m.heard[r]
		m.routes = append(m.routes, x)
		m.refresh = m.refresh || x.renewing
	}
	m.calls = served(m.calls, c.Program.Top.Calls)
	m.calls = append(m.calls, m.routeCalls()...)
	m.calls = served(m.calls, c.Program.Rest.Calls)
	m.believeLookups()
	for _, r := range m.routes {
		for _, name := range r.reads {
			m.cookiesRead[name] = true
		}
		for _, s := range r.credentials {
			m.credNames[s.Name] = true
			if s.Kind == fastapi.FromSession && s.Name != "" {
				m.sessionKeys[s.Name] = true
			}
		}
	}
	m.cookies = m.findCookies()
	for _, k := range m.cookies {
		m.cookiesBy[k.call] = append(m.cookiesBy[k.call], k)
	}
	for _, r := range m.routes {
		if r.is.login || r.is.entry {
			continue
		}
		for _, k := range m.cookiesOf(r) {
			if k.call.InDependency {
				m.anyVisitor[k.call.At] = true
			}
		}
	}
	m.attached()
	m.configs = m.findConfigs(c)
	m.libraryCookies = m.findLibraryCookies(c)
}

// routeCalls returns the calls that routes make, each once: they share many.
func (m *model) routeCalls() []*fastapi.Call {
	var out []*fastapi.Call
	seen := map[*fastapi.Call]bool{}
	for _, r := range m.routes {
		for _, call := range r.Trace.Calls {
			if !seen[call] {
				seen[call] = true
				out = append(out, call)
			}
		}
	}
	return out
}

var (
	credentialName = regexp.MustCompile(`(?i)token|jwt|auth|sess|sid$|access|refresh|bearer|credential|login|^user|^at$|^rt$|remember`)
	csrfName       = regexp.MustCompile(`(?i)csrf|xsrf`)
	passingName    = regexp.MustCompile(`(?i)csrf|xsrf|state|nonce|verifier|pkce|theme|lang|locale|consent|timezone|flash|provider|redirect|next_url|return_to`)
)

// beside are folders of what people run by hand, which serves no one.
var beside = regexp.MustCompile(`(^|/)(scripts?|tools?|bin|examples?|notebooks|benchmarks?)/`)

// served adds those calls that may be part of what the program serves.
func served(out, calls []*fastapi.Call) []*fastapi.Call {
	file, serves := "", true
	for _, call := range calls {
		if name := call.At.FileName(); name != file { // calls of one file come together
			file, serves = name, !beside.MatchString(name)
		}
		if serves {
			out = append(out, call)
		}
	}
	return out
}

var checkWord = regexp.MustCompile(`(?i)valid|verify|check|protect|require`)

func tail(q string) string { return q[strings.LastIndexByte(q, '.')+1:] }

// ordinary are headers that browsers send by themselves and that show
// nothing of where a request was made.
var ordinary = map[string]bool{
	"authorization": true, "user-agent": true, "host": true, "accept": true, "accept-language": true, "accept-encoding": true, "content-type": true,
	"content-length": true, "connection": true, "cookie": true, "x-forwarded-for": true, "x-real-ip": true, "x-forwarded-proto": true,
	"x-forwarded-host": true, "cf-connecting-ip": true, "range": true, "if-none-match": true, "upgrade": true, "": true,
}

// isAuthHeader reports whether a read is that of the header that carries a token,
// also under a name of the program's own, as Admin-Authorization.
func isAuthHeader(s *fastapi.Source) bool {
	return s.Kind == fastapi.FromBearer || s.Kind == fastapi.FromHeader && (s.Name == "authorization" || strings.HasSuffix(s.Name, "-authorization"))
}

// examine finds what a route takes for its credential, and what guards it.
func (m *model) examine(r *route) {
	t := r.Trace
	isCredential := func(s *fastapi.Source) bool {
		return !s.Aside && (s.Kind == fastapi.FromCookie || s.Kind == fastapi.FromSession) && !passingName.MatchString(s.Name)
	}
	add := func(s *fastapi.Source) {
		s = r.takingRead(s)
		for _, have := range r.credentials {
			if have.At == s.At && have.Name == s.Name {
				return
			}
		}
		r.credentials = append(r.credentials, s)
	}
	isAccount := func(s *fastapi.Source) bool { return isCredential(s) && namesAccount(s) }
	for _, call := range t.Calls {
		k := m.meaningOf(call)
		if !k.reads {
			if k.looksUp && !r.forGuests(call) {
				r.looked(call.Args, isAccount)
			}
			continue
		}
		for _, a := range call.Args.Pos {
			r.taken(a, isCredential, add)
		}
		for _, name := range sortedNames(call.Args.Kw) {
			r.taken(call.Args.Kw[name], isCredential, add)
		}
	}
	for _, s := range t.Reads {
		if s.Aside {
			continue
		}
		if r.Admin != "" && isCredential(s) {
			add(s) // the handler is there to say who is logged in
		}
		if s.Kind == fastapi.FromCookie && s.Required && isCredential(s) && credentialName.MatchString(s.Name) && !r.takesOnly(s) {
			add(s)
		}
		if isAuthHeader(s) {
			r.header = s
		}
		if s.Required && !slices.Contains(r.instead, s.At) && (isAuthHeader(s) || s.Kind == fastapi.FromHeader && !ordinary[s.Name]) {
			r.mustHeader = s
		}
	}
	for _, ref := range t.Refusals {
		m.refusal(r, ref, isCredential, add)
	}
	for _, skip := range t.Skips {
		if g := turnedAway(skip); g != "" {
			r.guards = append(r.guards, guard{g, skip.At})
		}
	}
	for _, call := range t.Calls {
		if g := m.meaningOf(call).check; g != "" {
			r.guards = append(r.guards, guard{g, call.At})
		}
	}
}

// takingRead returns the read by which a cookie is taken that a test asks for
// only whether it is there.
func (r *route) takingRead(s *fastapi.Source) *fastapi.Source {
	if s.Presence {
		for _, t := range r.Trace.Reads {
			if !t.Presence && t.Kind == s.Kind && t.Name == s.Name && t.At.FileName() == s.At.FileName() {
				return t
			}
		}
	}
	return s
}

// taken notes the cookies in a token that is decoded, and the headers that
// would do as well.
func (r *route) taken(token *fastapi.Value, isCredential func(*fastapi.Source) bool, add func(*fastapi.Source)) {
	sources := token.AllSources()
	cookie := false
	for _, s := range sources {
		if isCredential(s) {
			cookie = true
			add(s)
		}
	}
	header := false
	for _, s := range sources {
		header = header || s.Kind == fastapi.FromHeader || s.Kind == fastapi.FromBearer
		if cookie && s.Kind == fastapi.FromHeader {
			r.header = s
			r.instead = append(r.instead, s.At)
		}
	}
	for _, s := range sources {
		if header && isCredential(s) {
			r.mixed = append(r.mixed, s.At)
		}
	}
}

// takesOnly reports whether a cookie is read and handed to nothing, so that it
// authenticates no one.
func (r *route) takesOnly(s *fastapi.Source) bool {
	for _, call := range r.Trace.Calls {
		for _, a := range call.Args.Pos {
			if slices.ContainsFunc(a.AllSources(), func(t *fastapi.Source) bool { return t.At == s.At && t.Kind == s.Kind }) {
				return false
			}
		}
	}
	for _, ref := range r.Trace.Refusals {
		if slices.ContainsFunc(ref.Sources, func(t *fastapi.Source) bool { return t.At == s.At && t.Kind == s.Kind }) {
			return false
		}
	}
	return true
}

func (m *model) refusal(r *route, ref *fastapi.Refusal, isCredential func(*fastapi.Source) bool, add func(*fastapi.Source)) {
	var cookies, headers, forms []*fastapi.Source
	if ref.Either {
		for _, s := range ref.Sources {
			switch {
			case s.Kind == fastapi.FromHeader || s.Kind == fastapi.FromBearer:
				r.header = s
				r.instead = append(r.instead, s.At)
			case isCredential(s):
				r.mixed = append(r.mixed, s.At)
			}
		}
	}
	for _, s := range ref.Sources {
		switch {
		case s.Kind == fastapi.FromCookie || s.Kind == fastapi.FromSession:
			cookies = append(cookies, s)
		case slices.Contains(r.instead, s.At):
		case isAuthHeader(s):
			if len(ref.Sources) == 1 && !ref.Present && (!ref.Nested || s.Kind == fastapi.FromHeader) {
				r.mustHeader = s
			}
		case s.Kind == fastapi.FromHeader && !ordinary[s.Name] && !r.passesWithout(s, ref) && !wherePresent(ref):
			headers = append(headers, s)
		case (s.Kind == fastapi.FromForm || s.Kind == fastapi.FromBody) && csrfName.MatchString(s.Name):
			forms = append(forms, s)
		}
	}
	// What compares a token only where there is one no request has to meet; a
	// browser sends the Origin of a foreign page whether that likes it or not.
	if presenceFirst(ref.At) && !slices.ContainsFunc(headers, func(s *fastapi.Source) bool { return s.Name == "origin" }) {
		return
	}
	r.answers = r.answers || answersNonce(ref) && !onlyWherePresent(ref)
	for _, h := range headers {
		r.guards = append(r.guards, guard{"the " + h.Name + " header is checked", ref.At})
	}
	for _, f := range forms {
		r.guards = append(r.guards, guard{"the form's " + f.Name + " is checked", ref.At})
	}
	if len(headers)+len(forms) > 0 {
		return
	}
	if answersCode(ref) {
		r.answers = true
		return
	}
	if ref.Present {
		return // it refuses whom it knows, and not all others
	}
	for _, s := range cookies {
		if isCredential(s) && (ref.Status == 401 || ref.Status == 403 || ref.Status == 0 || ref.Status == 400 || ref.Status == 307 || ref.Status == 302 || ref.Status == 303) &&
			(credentialName.MatchString(s.Name) || !settled(s.Name) || ref.Status == 401 || s.Kind == fastapi.FromSession) {
			add(s)
		}
	}
}

var nonceName = regexp.MustCompile(`(?i)(^|_)(csrf|xsrf|state|nonce)(_|$)`)

// answersNonce reports whether a condition compares what a session or a cookie
// of the browser keeps for once with what the request brings.
func answersNonce(ref *fastapi.Refusal) bool {
	for _, op := range ref.Op {
		if op.Op != "!=" && op.Op != "==" && op.Op != "compare_digest" || len(op.Sides) < 2 {
			continue
		}
		for i, side := range op.Sides {
			other := op.Sides[(i+1)%len(op.Sides)]
			if other.Kind == fastapi.Str || other.Kind == fastapi.None {
				continue
			}
			for _, s := range side.AllSources() {
				if (s.Kind == fastapi.FromSession || s.Kind == fastapi.FromCookie) && nonceName.MatchString(s.Name) {
					return true
				}
			}
		}
	}
	return false
}

// toldName are names under which a session keeps what was told the user in
// another way, as by mail, to be sent back.
var toldName = regexp.MustCompile(`(?i)(^|_)(code|otp|pin|captcha|key)$`)

// answersCode reports whether a condition compares such a code with what the
// request brings: it asks who got the code, and not who is logged in.
func answersCode(ref *fastapi.Refusal) bool {
	for _, op := range ref.Op {
		if op.Op != "!=" && op.Op != "==" && op.Op != "compare_digest" || len(op.Sides) < 2 {
			continue
		}
		for i, side := range op.Sides {
			kept := slices.ContainsFunc(side.AllSources(), func(s *fastapi.Source) bool { return s.Kind == fastapi.FromSession && toldName.MatchString(s.Name) })
			brought := slices.ContainsFunc(op.Sides[(i+1)%len(op.Sides)].AllSources(), func(s *fastapi.Source) bool {
				return s.Kind == fastapi.FromForm || s.Kind == fastapi.FromBody || s.Kind == fastapi.FromQuery
			})
			if kept && brought {
				return true
			}
		}
	}
	return false
}

// forgeable reports whether a cookie alone carries the route's requests.
func (r *route) forgeable() bool {
	return len(r.credentials) > 0 && r.mustHeader == nil && len(r.guards) == 0
}

var (
	logoutWord  = wordsOf("log~out sign~out log~off revoke~token revoke~session")
	refreshWord = wordsOf("refresh renew rotate")
	loginWord   = wordsOf("log~in sign~in authenticate /token$ /auth$")
)

func (r *route) name() string {
	n := r.Path
	if r.Handler.Kind == fastapi.Func {
		n += " " + r.Handler.Fn.Name()
	}
	return n
}

// renews reports whether the route hands out a new token for a refresh token:
// it is called so, or takes one.
func (r *route) renews() bool {
	if refreshWord.MatchString(r.Path) {
		return true
	}
	if r.Handler.Kind != fastapi.Func || r.Handler.Fn.Decl == nil || r.is.logout || r.is.login {
		return false
	}
	source := r.Handler.Fn.Module.File.Source()
	return slices.ContainsFunc(r.Handler.Fn.Decl.Params, func(p pysrc.Param) bool {
		text := strings.ToLower(source[p.Start:p.End])
		return strings.Contains(text, "refresh") && !strings.Contains(text, "bool") // a switch renews what is cached
	})
}

// unsafe reports whether the route's method is one that changes state, and
// what it does is of substance: to renew or end a session is told elsewhere.
func (r *route) unsafe() bool {
	switch r.Method {
	case "POST", "PUT", "PATCH", "DELETE":
	default:
		return false
	}
	return !r.is.logout && !r.is.refresh && !loginWord.MatchString(r.Path)
}

// A cookie is one that a response sets.
type cookie struct {
	call     *fastapi.Call
	name     string
	httpOnly *fastapi.Value // nil where nothing is said
	secure   *fastapi.Value
	sameSite *fastapi.Value
	domain   *fastapi.Value
	value    *fastapi.Value
	deletes  bool
	token    bool
	lib      *libraries.CookieSetting
}

func (m *model) findCookies() []*cookie {
	var out []*cookie
	for _, call := range m.calls {
		if tail(call.Name) == "set_cookie" && call.Recv != nil {
			out = append(out, m.setCookie(call))
			continue
		}
		if k := m.rawCookie(call); k != nil {
			out = append(out, k)
			continue
		}
		for _, s := range m.cookieSettings(call) {
			args := call.Args
			if m.meaningOf(call).adds && len(args.Pos) > 0 {
				args.Pos = args.Pos[1:]
			}
			k := &cookie{call: call, lib: s, name: s.NameDefault, token: true}
			get := func(a libraries.Arg) *fastapi.Value {
				if a.Name == "" {
					return nil
				}
				if s.Params.Name != "" && a != s.CookieName {
					return argumentOf(args.Get(s.Params.Name, s.Params.Pos), a)
				}
				return args.Get(a.Name, a.Pos)
			}
			if v := get(s.CookieName); v != nil {
				k.name = fastapi.CookieName(v)
			}
			k.secure, k.httpOnly, k.sameSite, k.domain = get(s.Secure), get(s.HTTPOnly), get(s.SameSite), get(s.Domain)
			if s.Session {
				k.token = m.sessionAuthenticates()
			}
			out = append(out, k)
		}
	}
	return withoutDoubles(out)
}

// argumentOf returns an argument that an object was made with; nil where it was
// made without, and what is not known where the object is not.
func argumentOf(v *fastapi.Value, a libraries.Arg) *fastapi.Value {
	switch {
	case v == nil:
		return nil
	case v.Kind != fastapi.ObjectKind || v.Object.Args.Open:
		return &fastapi.Value{}
	}
	return v.Object.Args.Get(a.Name, a.Pos)
}

// attached notes which cookies the methods of libraries' frontends set.
func (m *model) attached() {
	for _, call := range m.calls {
		f := m.meaningOf(call).frontend
		if f == nil || tail(call.Name) != f.Attach || call.Recv == nil || call.Recv.Kind != fastapi.ObjectKind {
			continue
		}
		for _, k := range m.cookies {
			if k.lib != nil && k.call.At == call.Recv.Object.At {
				m.cookiesBy[call] = append(m.cookiesBy[call], k)
			}
		}
	}
}

// withoutDoubles drops the sessions that libraries set up by themselves where
// the program has one of its own, which holds the same cookie and sets it no
// better.
func withoutDoubles(cookies []*cookie) []*cookie {
	own := slices.ContainsFunc(cookies, func(k *cookie) bool {
		return k.lib != nil && k.lib.Session && !k.lib.Own && off(k.secure, k.lib.SecureDefault)
	})
	return slices.DeleteFunc(cookies, func(k *cookie) bool { return own && k.lib != nil && k.lib.Own })
}

func (m *model) sessionAuthenticates() bool {
	for _, r := range m.routes {
		if _, ok := m.entersSession(r); ok {
			return true
		}
		for _, s := range r.credentials {
			if s.Kind == fastapi.FromSession {
				return true
			}
		}
	}
	return false
}

// text returns the first string that a value may be.
func text(v *fastapi.Value) string {
	out := ""
	v.Each(func(x *fastapi.Value) {
		if x.Kind == fastapi.Str && out == "" {
			out = x.Text
		}
	})
	return out
}

func (m *model) setCookie(call *fastapi.Call) *cookie {
	a := call.Args
	// Starlette: set_cookie(key, value, max_age, expires, path, domain, secure, httponly, samesite).
	k := &cookie{call: call, value: a.Get("value", 1), domain: a.Get("domain", 5), secure: a.Get("secure", 6), httpOnly: a.Get("httponly", 7), sameSite: a.Get("samesite", 8)}
	if v := a.Get("key", 0); v != nil {
		k.name = fastapi.CookieName(v)
	}
	if strings.HasPrefix(call.Name, "fastapi_login") {
		// fastapi-login: set_cookie(response, token), always HttpOnly and never Secure.
		k.name, k.token, k.value = "access-token", true, a.Get("token", 1)
		k.httpOnly = &fastapi.Value{Kind: fastapi.Bool, Bool: true}
		if call.Recv.Kind == fastapi.ObjectKind {
			if v := call.Recv.Object.Args.Get("cookie_name", 5); v != nil {
				k.name = fastapi.CookieName(v)
			}
		}
		return k
	}
	for _, v := range []*fastapi.Value{a.Get("max_age", 2), a.Get("expires", 3)} {
		if v != nil && v.Kind == fastapi.Num && v.Num <= 0 {
			k.deletes = true
		}
	}
	if k.value != nil && k.value.Kind == fastapi.Str && goneWord.MatchString(k.value.Text) {
		k.deletes = true
	}
	if a.Open { // what is not known may say what is asked for
		unknown := &fastapi.Value{}
		for _, p := range []**fastapi.Value{&k.secure, &k.httpOnly, &k.sameSite} {
			if *p == nil {
				*p = unknown
			}
		}
	}
	k.token = !k.deletes && (m.credNames[k.name] && k.name != "" || !digest(k.value, 0) && !sameForAll(k.value) && !passingName.MatchString(k.name) && (m.namesCredential(k.name) || m.fromSign(k.value)))
	return k
}

// settled reports whether the name of a cookie is known, and neither hidden nor
// left to a setting without a default.
func settled(name string) bool { return name != "" && name[0] != '$' }

// goneWord is what stands in the place of a token that is taken away.
var goneWord = regexp.MustCompile(`(?i)^(deleted?|removed|expired|none|null)?$`)

var truthWord = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|[01])$`)

// namesCredential reports whether a cookie is called like a credential. Where it
// is known which cookies are, one that only names the user is none of them.
func (m *model) namesCredential(name string) bool {
	return credentialName.MatchString(name) && (len(m.credNames) == 0 || credentialName.MatchString(userWord.ReplaceAllString(name, "")))
}

var userWord = regexp.MustCompile(`(?i)^user(name)?_?`)

// sameForAll reports whether a cookie says the same to everyone, as a mark that
// someone was logged in does.
func sameForAll(v *fastapi.Value) bool {
	return v != nil && v.Env == "" && (v.Kind == fastapi.Bool || v.Kind == fastapi.Num || v.Kind == fastapi.Str && truthWord.MatchString(v.Text))
}

// digest reports whether a value is a hash of something, which tells whose
// page this is, and is no credential unless some route takes it for one.
func digest(v *fastapi.Value, depth int) bool {
	if v == nil || depth > 6 {
		return false
	}
	if c := v.Call; c != nil {
		if strings.HasPrefix(c.Name, "hashlib.") {
			return true
		}
		if digest(c.Recv, depth+1) || slices.ContainsFunc(c.Args.Pos, func(a *fastapi.Value) bool { return digest(a, depth+1) }) {
			return true
		}
	}
	return digest(v.Recv, depth+1)
}

// fromSign reports whether a value came out of a call that signs tokens.
func (m *model) fromSign(v *fastapi.Value) bool {
	if v == nil {
		return false
	}
	found := false
	v.Each(func(x *fastapi.Value) {
		if name, ok := strings.CutPrefix(x.Method, "call:"); ok {
			if _, signs := m.signs[name]; signs {
				found = true
			}
		}
	})
	return found
}

// sameSiteOf returns the attribute in force: "lax", "strict", "none", "" where
// it is left out, or "?" where it is not known.
func (k *cookie) sameSiteOf() string {
	v := k.sameSite
	if v == nil {
		if k.lib != nil {
			return k.lib.SameSiteDefault
		}
		return "lax"
	}
	switch v.Kind {
	case fastapi.None:
		return ""
	case fastapi.Str:
		return strings.ToLower(v.Text)
	case fastapi.External: // a member of a library's enumeration
		switch s := strings.ToLower(tail(v.Text)); s {
		case "lax", "strict", "none":
			return s
		}
	case fastapi.Bool:
		if !v.Bool {
			return ""
		}
	}
	return "?"
}

// off reports whether a flag is not set, for sure or by default.
func off(v *fastapi.Value, byDefault bool) bool {
	if v == nil {
		return !byDefault
	}
	if v.Kind == fastapi.Unknown && v.Default != nil && v.Default.Kind == fastapi.None {
		return false // what a setting without default says, each deployment decides
	}
	t, known := v.Usual()
	return known && !t
}

// sameSiteFor returns the weakest SameSite with which a cookie of that name is
// set, and how it was found; "?" where it is never set in this source.
func (m *model) sameSiteFor(s *fastapi.Source) (string, *cookie) {
	best, by := "?", (*cookie)(nil)
	rank := map[string]int{"none": 0, "": 1, "lax": 2, "strict": 3, "?": 4}
	for _, k := range m.cookies {
		session := k.lib != nil && k.lib.Session
		if k.deletes || s.Kind == fastapi.FromSession && !session || s.Kind == fastapi.FromCookie && (session || k.name != s.Name) {
			continue
		}
		if v := k.sameSiteOf(); rank[v] < rank[best] {
			best, by = v, k
		}
	}
	return best, by
}

// line returns the source line of a place.
func line(at fastapi.Place) string {
	if at.File == nil {
		return ""
	}
	return at.File.LineText(at.Start().Line)
}
