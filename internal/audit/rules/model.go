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
