package actor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/secret"
)

// ErrLogin is returned where no way to log in gave a credential.
var ErrLogin = errors.New("could not log in")

// An Actor logs in and stays logged in.
type Actor struct {
	Account Account
	Client  *client.Client
	Base    *url.URL // the API's base: target and prefix
	Routes  []Route  // tried in order; after the first success only that one
	// Stepped are logins of more than one request that the document may mean,
	// tried where none of Routes works.
	Stepped []*Flow
	// Reads are GET operations without parameters, by which it is seen what a
	// credential is good for.
	Reads []string
	// CSRFPaths are GET operations that hand out CSRF tokens.
	CSRFPaths []string
	Redactor  *secret.Redactor
	// Page puts the fields of the target's own page on a request.
	Page func(h http.Header, method string, target *url.URL)
	// Fields are further fields in which the API takes its token.
	Fields []string
	// Told are fields besides the usual in which the API says that it takes its
	// CSRF token.
	Told []string
	// Given are credentials that the user told, where there is no login.
	Given *Credentials
	// Flow is the login as the user tells it, in place of Routes.
	Flow *Flow
	// Refresh renews the access token; nil where the API shows none.
	Refresh *Refresh

	mu      sync.Mutex
	creds   Credentials
	route   *Route
	also    []Route          // logins that give what the first does not
	works   map[string]bool  // routes that were tried, by their text
	guarded map[string]bool  // routes that want a visitor's CSRF token
	foyer   string           // path that gave a visitor his CSRF token, where the usual did not
	sought  bool             // it was looked for
	answer  *client.Response // of the last login
	logins  int
	barren  bool            // a login gave nothing although it did before
	useless int             // logins after a 401 that changed nothing
	ownWay  map[string]bool // requests, by method and path, that are refused with a session as without
	refresh int             // CSRF tokens fetched anew
	steady  bool            // a CSRF token fetched anew was the old one
	customs int             // attempts to find out demanded fields
	stale   bool            // the refresh token is of no use any more
	locked  bool            // the API said that it counts attempts
	failed  bool            // the last login was answered as a server's failure

	lastStep int64 // of the one-time code that was used last
}

// Login logs in afresh and returns the new credentials, which the actor holds
// from then on.
func (a *Actor) Login(ctx context.Context) (Credentials, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.login(ctx)
}

func (a *Actor) login(ctx context.Context) (Credentials, error) {
	if a.Given != nil {
		a.creds = a.Given.Clone()
		a.creds.Told = a.Told
		a.Redactor.Add(a.creds.Secrets()...)
		a.fetchCSRF(ctx, &a.creds)
		return a.creds.Clone(), nil
	}
	a.Redactor.Add(a.Account.Password.Reveal())
	a.stale, a.steady = false, false
	if a.Flow != nil {
		return a.asTold(ctx)
	}
	routes := a.Routes
	if a.route != nil {
		routes = []Route{*a.route}
	}
	var tried []string
	for _, r := range routes {
		if len(tried) == maxTried {
			break // more tries would be guesses, and may lock the account
		}
		creds, answer, why, err := a.try(ctx, r)
		if err != nil {
			return Credentials{}, err
		}
		if why == "" && r.Doubtful && a.route == nil {
			if why, err = a.refuted(ctx, creds); err != nil {
				return Credentials{}, err
			}
			a.works[r.String()] = why == ""
		}
		if why != "" {
			if what := r.String() + ": " + why; !slices.Contains(tried, what) {
				tried = append(tried, what)
			}
			if a.locked {
				break
			}
			continue
		}
		first := a.route == nil
		a.keep(&creds)
		creds.Custom, creds.Fields, creds.Told = a.creds.Custom, a.Fields, a.Told
		creds.last = &lastJWT{}
		a.route, a.creds, a.answer = &r, creds, answer
		a.logins++
		if first {
			err = a.complete(ctx, routes)
		} else {
			err = a.repeat(ctx)
		}
		if err != nil {
			return Credentials{}, err
		}
		a.fetchCSRF(ctx, &a.creds)
		return a.creds.Clone(), nil
	}
	if a.route != nil {
		a.barren = true
		return Credentials{}, fmt.Errorf("%w as %s: %s", ErrLogin, a.Account.Name, strings.Join(tried, "; "))
	}
	for _, f := range a.Stepped {
		if len(tried) >= maxTried || a.locked {
			break
		}
		a.Flow = f
		creds, err := a.asTold(ctx)
		if !errors.Is(err, ErrLogin) {
			return creds, err
		}
		a.Flow = nil
		tried = append(tried, f.String()+": "+strings.TrimPrefix(err.Error(), ErrLogin.Error()+" as "+a.Account.Name+": "))
	}
	return Credentials{}, a.unknown(tried)
}

// maxTried bounds the operations that the account's password is tried on.
const maxTried = 8

// unknown says that no way to log in was found, which were tried, and what the
// user may tell.
func (a *Actor) unknown(tried []string) error {
	if len(tried) == 0 {
		return fmt.Errorf("%w: the API's document shows no operation that looks like a login; name it with --login 'POST /PATH', or describe it in the configuration's login_flow", ErrLogin)
	}
	like := "POST /PATH"
	if len(a.Routes) > 0 {
		like = a.Routes[0].Method + " " + a.Routes[0].Path
	}
	if a.locked {
		return fmt.Errorf("%w as %s: %s; no more was tried, since the API counts attempts", ErrLogin, a.Account.Name, strings.Join(tried, "; "))
	}
	return fmt.Errorf("%w as %s: %s; look at the name and the password, or name another login with --login (such as --login '%s'), or describe it in the configuration's login_flow", ErrLogin, a.Account.Name, strings.Join(tried, "; "), like)
}

// maxReads bounds the operations by which a credential is tried out.
const maxReads = 6

// refuted says why credentials that an operation gave are none: all that
// refuses a visitor refuses them too. Where nothing refuses a visitor it says
// nothing.
func (a *Actor) refuted(ctx context.Context, c Credentials) (string, error) {
	refuses := ""
	for _, path := range a.Reads[:min(len(a.Reads), maxReads)] {
		asks := func(c Credentials) (*client.Response, error) {
			u := *a.Base
			u.Path = strings.TrimSuffix(a.Base.Path, "/") + path
			req := &client.Request{Method: http.MethodGet, URL: &u, Header: http.Header{}}
			a.Page(req.Header, req.Method, &u)
			c.Put(req, Use{Cookie: true, Bearer: true})
			return a.Client.Do(ctx, req)
		}
		nobody, err := asks(Credentials{Jar: &client.Jar{}})
		if err != nil {
			return "", err
		}
		if nobody.Status != http.StatusUnauthorized && nobody.Status != http.StatusForbidden {
			continue
		}
		res, err := asks(c)
		if err != nil {
			return "", err
		}
		if success(res) {
			return "", nil
		}
		refuses = path
	}
	if refuses == "" {
		return "", nil
	}
	return "what it handed out does not authenticate: GET " + refuses + " refuses it", nil
}

// asTold logs in by the user's flow.
func (a *Actor) asTold(ctx context.Context) (Credentials, error) {
	creds, answer, why, err := a.follow(ctx)
	if err != nil {
		return Credentials{}, err
	}
	if why != "" {
		a.barren = a.logins > 0
		return Credentials{}, fmt.Errorf("%w as %s: %s", ErrLogin, a.Account.Name, why)
	}
	a.keep(&creds)
	creds.Custom, creds.Fields, creds.Told, creds.last = a.creds.Custom, a.Fields, a.Told, &lastJWT{}
	a.creds, a.answer = creds, answer
	if r, ok := a.Flow.Route(); ok {
		a.route = &r
	} else if n := len(a.Flow.Steps); n > 0 {
		last := a.Flow.Steps[n-1]
		a.route = &Route{Method: last.Method, Path: last.Path, Encoding: last.Encoding, told: &last}
	}
	a.logins++
	a.fetchCSRF(ctx, &a.creds)
	return a.creds.Clone(), nil
}

// keep keeps the CSRF cookie that the actor had before it logged in anew, where
// the login hands out no token: a browser keeps it too, and a server that sees
// it sets no other.
func (a *Actor) keep(c *Credentials) {
	if len(c.CSRF) > 0 || a.creds.Jar == nil {
		return
	}
	for _, k := range a.creds.Jar.Cookies() {
		if _, has := c.Jar.Get(k.Name); IsCSRFName(k.Name) && !has && !k.Deleted() {
			c.Jar.Put(k)
			mergeCSRF(c, []CSRFToken{{Value: k.Value, Where: "cookie", Name: k.Name}})
		}
	}
}

// complete looks for a login that sets a cookie where the first one, for
// clients that send a header, does not: many an API has both, and a browser
// holds what the other gives.
func (a *Actor) complete(ctx context.Context, routes []Route) error {
	if a.creds.session() {
		return nil
	}
	for _, r := range routes {
		if _, tried := a.works[r.String()]; tried || r.Doubtful {
			continue
		}
		creds, answer, why, err := a.try(ctx, r)
		if err != nil {
			return err
		}
		if why != "" || !creds.session() {
			continue
		}
		a.also = []Route{*a.route}
		creds.Custom, creds.Fields, creds.Told = a.creds.Custom, a.Fields, a.Told
		creds.Tokens = append(creds.Tokens, a.creds.Tokens...)
		mergeCSRF(&creds, a.creds.CSRF)
		creds.last = &lastJWT{}
		a.route, a.creds, a.answer = &r, creds, answer
		return nil
	}
	return nil
}

// repeat logs in by the further routes, too.
func (a *Actor) repeat(ctx context.Context) error {
	for _, r := range a.also {
		creds, _, why, err := a.try(ctx, r)
		if err != nil {
			return err
		}
		if why == "" {
			a.creds.Tokens = append(a.creds.Tokens, creds.Tokens...)
		}
	}
	return nil
}

// session reports whether c has a cookie that could authenticate.
func (c Credentials) session() bool {
	return slices.ContainsFunc(c.Jar.Cookies(), func(k client.Cookie) bool { return !IsCSRFName(k.Name) && len(k.Value) >= 8 })
}

// try logs in by one route. why is empty on success.
func (a *Actor) try(ctx context.Context, r Route) (c Credentials, answer *client.Response, why string, err error) {
	c, answer, why, err = a.attempt(ctx, r)
	for tries := 0; err == nil && why != "" && a.failed && !r.Doubtful && (tries == 0 || tries < maxFailed && a.works[r.String()]); tries++ {
		a.Client.Pause(time.Duration(tries+1) * time.Second)
		c, answer, why, err = a.attempt(ctx, r)
	}
	if err == nil {
		if a.works == nil {
			a.works = map[string]bool{}
		}
		a.works[r.String()] = why == ""
	}
	return c, answer, why, err
}

// maxFailed bounds how often a login that has worked is tried again where the
// API fails at it. What fails may work a moment later: many an API cannot
// log an account in twice in one second.
const maxFailed = 3

func (a *Actor) attempt(ctx context.Context, r Route) (c Credentials, answer *client.Response, why string, err error) {
	c = Credentials{Jar: &client.Jar{}}
	csrf := ""
	if r.Page != "" && r.CSRFField != "" {
		a.absorb(ctx, &c, r.Page)
		csrf = c.CSRFValue()
	}
	res, err := a.post(ctx, r, &c, csrf)
	if err != nil {
		return c, nil, "", err
	}
	a.failed = res.Status >= http.StatusInternalServerError && res.Status != http.StatusNotImplemented
	if gained(c) && success(res) {
		return c, res, "", nil
	}
	// Some APIs say 200 to whatever they refuse.
	if res.Status == http.StatusForbidden || res.Status == http.StatusBadRequest || res.Status == http.StatusUnprocessableEntity || success(res) {
		// The login may want a CSRF token of a visitor's.
		c = Credentials{Jar: &client.Jar{}}
		a.visit(ctx, r, &c, res.Status == http.StatusForbidden || success(res) || namesCSRF(res.Body))
		if t := c.CSRFValue(); t != "" {
			res, err = a.post(ctx, r, &c, t)
			if err != nil {
				return c, nil, "", err
			}
			if gained(c) && success(res) {
				if a.guarded == nil {
					a.guarded = map[string]bool{}
				}
				a.guarded[r.String()] = true
				return c, res, "", nil
			}
		}
	}
	if (res.Status == http.StatusForbidden || success(res) || res.Status < 500 && namesField(res)) && a.creds.Custom == nil && a.customs < 2 {
		// Or the fields by which a script shows that it is one.
		a.customs++
		a.creds.Custom = demanded(res)
		c = Credentials{Jar: &client.Jar{}}
		again, err := a.post(ctx, r, &c, "")
		if err != nil {
			return c, nil, "", err
		}
		if gained(c) && success(again) {
			return c, again, "", nil
		}
		a.creds.Custom = nil
	}
	a.locked = a.locked || res.Status == http.StatusTooManyRequests || res.Status == http.StatusLocked
	if success(res) {
		return c, nil, fmt.Sprintf("answered %d without a token or a cookie", res.Status), nil
	}
	return c, nil, fmt.Sprintf("answered %d", res.Status), nil
}

func success(r *client.Response) bool { return r.Status >= 200 && r.Status < 400 }

// gained reports whether c holds anything that could authenticate.
func gained(c Credentials) bool {
	return c.Bearer() != "" || c.session()
}

// post sends the login and takes over what the answer hands out. A redirect
// within the target is followed, up to three times, as a browser would.
func (a *Actor) post(ctx context.Context, r Route, c *Credentials, csrf string) (*client.Response, error) {
	req := r.request(a.Base, a.Account, csrf)
	before := c.Jar.Clone()
	first := (*client.Response)(nil)
	for range 4 {
		a.Page(req.Header, req.Method, req.URL)
		req.Header.Del("Cookie")
		AddCookies(req.Header, c.Jar.Header(req.URL))
		if csrf != "" {
			putCSRF(req.Header, csrf, slices.Concat(a.Told, c.CSRFFields()))
		}
		for k, v := range a.creds.Custom {
			req.Header[k] = v
		}
		res, err := a.Client.Do(ctx, req)
		if err != nil {
			return nil, err
		}
		a.take(c, res)
		if first == nil || res.Request.Method == r.Method {
			first = res
		}
		next := redirect(res)
		if next == nil {
			break
		}
		if res.Status == http.StatusTemporaryRedirect || res.Status == http.StatusPermanentRedirect {
			req = req.Clone()
			req.URL = next
			continue
		}
		if next.Path == req.URL.Path {
			break
		}
		req = &client.Request{Method: http.MethodGet, URL: next, Header: http.Header{}}
	}
	// A cookie that a visitor has before the login is no sign of success.
	if !changed(before, c.Jar) && c.Bearer() == "" {
		c.Jar = &client.Jar{}
		for _, k := range before.Cookies() {
			if IsCSRFName(k.Name) {
				c.Jar.Put(k)
			}
		}
	}
	return first, nil
}

func changed(before, after *client.Jar) bool {
	for _, k := range after.Cookies() {
		if old, ok := before.Get(k.Name); !ok || old.Value != k.Value {
			if !IsCSRFName(k.Name) {
				return true
			}
		}
	}
	return false
}

// redirect returns where an answer leads, if that is the same target.
func redirect(r *client.Response) *url.URL {
	if r.Status < 301 || r.Status > 308 || r.Status == http.StatusNotModified {
		return nil
	}
	loc, err := url.Parse(r.Header.Get("Location"))
	if err != nil || r.Header.Get("Location") == "" {
		return nil
	}
	next := r.Request.URL.ResolveReference(loc)
	next.Fragment = ""
	if next.Host != r.Request.URL.Host || next.Scheme != r.Request.URL.Scheme {
		return nil
	}
	return next
}

// Credentials returns what the actor holds now.
func (a *Actor) Credentials() Credentials {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.creds.Clone()
}

// CSRFValue returns the CSRF token to send now, or nothing.
func (a *Actor) CSRFValue() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.creds.CSRFValue()
}

// Resume takes up a session again that the actor had.
func (a *Actor) Resume(c Credentials) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.creds = c.Clone()
}

// Answer returns the answer of the last login, and the route that gave it: the
// last one, where the login takes several requests. Both are nil where the
// credentials were told.
func (a *Actor) Answer() (*client.Response, *Route) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.answer, a.route
}

// Logins returns how often the actor logged in.
func (a *Actor) Logins() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.logins
}

// Works reports whether the actor can log in by r, without changing the
// credentials that it holds.
func (a *Actor) Works(ctx context.Context, r Route) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if works, tried := a.works[r.String()]; tried {
		return works, nil
	}
	creds, _, why, err := a.try(ctx, r)
	a.Redactor.Add(creds.Secrets()...)
	return why == "", err
}

// RequestBy returns the login of this actor by r, with the right password or
// a wrong one, without any credential or header of a page on it.
func (a *Actor) RequestBy(r Route, wrong bool) *client.Request {
	acc := a.Account
	if wrong {
		acc.Password = secret.New(acc.Password.Reveal() + "-wrong")
		a.Redactor.Add(acc.Password.Reveal())
	}
	return r.request(a.Base, acc, "")
}

// RequestAs returns the login by r of any account, without any credential or
// header of a page on it.
func (a *Actor) RequestAs(r Route, acc Account) *client.Request { return r.request(a.Base, acc, "") }
