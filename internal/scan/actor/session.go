package actor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

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
	answer  *client.Response // of the last login
	logins  int
	barren  bool // a login gave nothing although it did before
	useless int  // logins after a 401 that changed nothing
	refresh int  // CSRF tokens fetched anew
	steady  bool // a CSRF token fetched anew was the old one
	customs int  // attempts to find out demanded fields
	stale   bool // the refresh token is of no use any more

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
	if len(routes) == 0 {
		return Credentials{}, fmt.Errorf("%w: the API's document shows no operation that looks like a login; name it with --login", ErrLogin)
	}
	var tried []string
	for _, r := range routes {
		creds, answer, why, err := a.try(ctx, r)
		if err != nil {
			return Credentials{}, err
		}
		if why != "" {
			tried = append(tried, r.String()+": "+why)
			continue
		}
		first := a.route == nil
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
	}
	return Credentials{}, fmt.Errorf("%w as %s: %s", ErrLogin, a.Account.Name, strings.Join(tried, "; "))
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
	creds.Custom, creds.Fields, creds.Told, creds.last = a.creds.Custom, a.Fields, a.Told, &lastJWT{}
	a.creds, a.answer = creds, answer
	if r, ok := a.Flow.Route(); ok {
		a.route = &r
	}
	a.logins++
	a.fetchCSRF(ctx, &a.creds)
	return a.creds.Clone(), nil
}

// complete looks for a login that sets a cookie where the first one, for
// clients that send a header, does not: many an API has both, and a browser
// holds what the other gives.
func (a *Actor) complete(ctx context.Context, routes []Route) error {
	if a.creds.session() {
		return nil
	}
	for _, r := range routes {
		if _, tried := a.works[r.String()]; tried {
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
	if err == nil {
		if a.works == nil {
			a.works = map[string]bool{}
		}
		a.works[r.String()] = why == ""
	}
	return c, answer, why, err
}

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
	if gained(c) && success(res) {
		return c, res, "", nil
	}
	// Some APIs say 200 to whatever they refuse.
	if res.Status == http.StatusForbidden || res.Status == http.StatusBadRequest || res.Status == http.StatusUnprocessableEntity || success(res) {
		// The login may want a CSRF token of a visitor's.
		c = Credentials{Jar: &client.Jar{}}
		a.visit(ctx, r, &c)
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
	if (res.Status == http.StatusForbidden || success(res)) && a.creds.Custom == nil && a.customs < 2 {
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

// take adds what an answer hands out to c.
func (a *Actor) take(c *Credentials, r *client.Response) {
	c.Jar.Store(r)
	if r.Status < 400 {
		for _, t := range slices.Concat(tokensInBody(r.Body), tokensInHeader(r.Header)) {
			if !slices.ContainsFunc(c.Tokens, func(o Token) bool { return o.Value == t.Value }) {
				c.Tokens = append(c.Tokens, t)
			}
		}
		mergeCSRF(c, CSRFTokens(r))
	}
	a.Redactor.Add(c.Secrets()...)
}

// mergeCSRF replaces tokens of the same place by newer ones, and keeps those
// first that were handed to script.
func mergeCSRF(c *Credentials, fresh []CSRFToken) {
	for _, t := range fresh {
		i := slices.IndexFunc(c.CSRF, func(o CSRFToken) bool { return o.Where == t.Where && o.Name == t.Name })
		switch {
		case i < 0:
			c.CSRF = append(c.CSRF, t)
		case c.CSRF[i].Value != t.Value:
			// What was renewed is what the API wants to see next.
			c.CSRF = slices.Insert(slices.Delete(c.CSRF, i, i+1), 0, t)
		}
	}
	slices.SortStableFunc(c.CSRF, func(x, y CSRFToken) int { return csrfRank(x) - csrfRank(y) })
}

func csrfRank(t CSRFToken) int {
	n := 0
	if t.Where == "cookie" {
		n = 10
	}
	if strings.Contains(strings.ToLower(t.Name), "refresh") {
		n += 5
	}
	return n
}

// fetchCSRF asks the operations that hand out CSRF tokens.
func (a *Actor) fetchCSRF(ctx context.Context, c *Credentials) {
	for _, p := range a.CSRFPaths {
		a.absorb(ctx, c, p)
	}
}

// absorb gets a page with c and takes the CSRF tokens and cookies it hands
// out.
func (a *Actor) absorb(ctx context.Context, c *Credentials, path string) {
	u := *a.Base
	u.Path = strings.TrimSuffix(a.Base.Path, "/") + path
	req := &client.Request{Method: http.MethodGet, URL: &u, Header: http.Header{}}
	a.Page(req.Header, req.Method, &u)
	c.Put(req, Use{Cookie: true, Bearer: true})
	res, err := a.Client.Do(ctx, req)
	if err != nil || res.Status >= 400 {
		return
	}
	c.Jar.Store(res)
	mergeCSRF(c, CSRFTokens(res))
	a.Redactor.Add(c.Secrets()...)
}

// Credentials returns what the actor holds now.
func (a *Actor) Credentials() Credentials {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.creds.Clone()
}

// Answer returns the answer of the last login, and the route that gave it;
// both are nil where the credentials were told.
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

// Visit returns what the page of the login by r gives to a visitor: a CSRF
// token, where the login wants one, and the fields that the API demands of its
// own scripts.
func (a *Actor) Visit(ctx context.Context, r Route) Credentials {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := Credentials{Jar: &client.Jar{}, Custom: a.creds.Custom, Fields: a.Fields, Told: a.Told}
	if r.Page != "" && r.CSRFField != "" {
		a.absorb(ctx, &c, r.Page)
	} else if a.guarded[r.String()] {
		a.visit(ctx, r, &c)
	}
	return c
}

// visit gets a visitor's CSRF token for the login by r.
func (a *Actor) visit(ctx context.Context, r Route, c *Credentials) {
	a.fetchCSRF(ctx, c)
	if len(c.CSRF) == 0 {
		for _, p := range []string{r.Path, "/"} {
			a.absorb(ctx, c, p)
		}
	}
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

// Do sends a legitimate request as the actor's own page would. Rotated tokens
// are kept; where the session has ended it logs in again once, and where the
// CSRF token has gone stale it fetches a new one once.
func (a *Actor) Do(ctx context.Context, r *client.Request) (*client.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	res, err := a.send(ctx, r)
	if err != nil {
		return nil, err
	}
	switch {
	case res.Status == http.StatusUnauthorized && a.Given == nil && a.useless < 3:
		if renewed, err := a.renew(ctx); err != nil || renewed {
			if err != nil {
				return res, ctx.Err()
			}
			again, err := a.send(ctx, r)
			if err != nil || again.Status != http.StatusUnauthorized {
				return again, err
			}
		}
		if a.barren {
			return res, nil
		}
		if _, err := a.login(ctx); err != nil {
			return res, ctx.Err()
		}
		again, err := a.send(ctx, r)
		if err == nil && again.Status == http.StatusUnauthorized {
			a.useless++ // this operation has its own reason to say 401
		}
		return again, err
	case res.Status == http.StatusForbidden || res.Status == http.StatusBadRequest:
		return a.pacify(ctx, r, res)
	}
	return res, nil
}

// pacify sends a request again that was refused although the session stands:
// with a CSRF token fetched anew, with each other token that is known, and
// with the fields that APIs demand of their own scripts. What helps is kept.
func (a *Actor) pacify(ctx context.Context, r *client.Request, res *client.Response) (*client.Response, error) {
	old := a.creds.Clone()
	helps := func() (*client.Response, bool, error) {
		again, err := a.send(ctx, r)
		return again, err == nil && again.Status < 400, err
	}
	if len(a.creds.CSRF) > 0 && a.refresh < maxRefresh {
		a.refresh++
		value := a.creds.CSRFValue()
		a.fetchCSRF(ctx, &a.creds)
		if a.creds.CSRFValue() != value {
			if again, ok, err := helps(); ok || err != nil {
				return again, err
			}
		}
		for range len(a.creds.CSRF) - 1 {
			a.creds.CSRF = append(a.creds.CSRF[1:], a.creds.CSRF[0])
			if again, ok, err := helps(); ok || err != nil {
				return again, err
			}
		}
		a.creds = old
	}
	if a.creds.Custom == nil && a.customs < 2 && !safe(r.Method) {
		a.customs++
		a.creds.Custom = demanded(res)
		if again, ok, err := helps(); ok || err != nil {
			return again, err
		}
		a.creds.Custom = nil
	}
	return res, nil
}

// Suppose sends, from now on, the fields by which a script shows that it is
// one, as the refusal names them. It reports false where such fields are sent
// already; Withdraw takes them back where they do not help.
func (a *Actor) Suppose(refusal *client.Response) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.creds.Custom != nil || refusal.Status != http.StatusForbidden && refusal.Status != http.StatusBadRequest {
		return false
	}
	a.creds.Custom = demanded(refusal)
	return true
}

// Withdraw takes back what Suppose supposed.
func (a *Actor) Withdraw() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.creds.Custom = nil
}

// maxRefresh bounds how often CSRF tokens are fetched anew in one scan.
const maxRefresh = 200

var fieldName = regexp.MustCompile(`\b[Xx]-[A-Za-z][A-Za-z0-9-]{1,40}\b`)

// demanded returns the fields by which a script shows that it is one: the
// usual, and those that the refusal names.
func demanded(r *client.Response) http.Header {
	h := http.Header{"X-Requested-With": {"XMLHttpRequest"}}
	for _, name := range fieldName.FindAllString(string(r.Body[:min(len(r.Body), 2000)]), 5) {
		if k := http.CanonicalHeaderKey(name); h.Get(k) == "" && !isCSRFName(strings.ToLower(k)) {
			h.Set(k, "1")
		}
	}
	return h
}

func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

func (a *Actor) send(ctx context.Context, r *client.Request) (*client.Response, error) {
	r = r.Clone()
	a.Page(r.Header, r.Method, r.URL)
	a.creds.Put(r, Everything)
	res, err := a.Client.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	handed := len(res.Header["Set-Cookie"]) > 0
	if handed {
		a.creds.Jar.Store(res)
	}
	if handed || res.Status < 400 {
		tokens := CSRFTokens(res)
		a.remember(r, tokens)
		mergeCSRF(&a.creds, tokens)
		handed = handed || len(tokens) > 0
	}
	if handed {
		a.Redactor.Add(a.creds.Secrets()...)
	}
	return res, nil
}
