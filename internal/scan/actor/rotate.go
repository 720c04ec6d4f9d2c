package actor

import (
	"context"
	"net/http"
	"slices"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// Current returns c with the CSRF tokens that the actor holds now, where c is
// of its session: an API may hand a new token out with each answer. Others'
// credentials are returned as they are.
func (a *Actor) Current(c Credentials) Credentials {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(c.CSRF) == 0 || !a.holds(c) {
		return c
	}
	now := a.creds.Clone()
	now.Custom = c.Custom
	return now
}

// Answered keeps the CSRF tokens of an answer to a request that bore c. Where
// it is a refusal, and the API hands another token out than was sent, the
// token was perhaps good for one request: Answered then returns credentials
// to try again with, and true.
func (a *Actor) Answered(ctx context.Context, c Credentials, res *client.Response) (Credentials, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(c.CSRF) == 0 || !a.holds(c) {
		return c, false
	}
	if res.Status < 400 {
		mergeCSRF(&a.creds, CSRFTokens(res))
		return c, false
	}
	if res.Status != http.StatusForbidden && res.Status != http.StatusBadRequest || a.steady || a.refresh >= maxRefresh {
		return c, false
	}
	a.refresh++
	a.fetchCSRF(ctx, &a.creds)
	if a.creds.CSRFValue() == c.CSRFValue() {
		a.steady = true // one token serves the session
		return c, false
	}
	return a.creds.Clone(), true
}

// Rotated keeps the cookies that an answer to a request that bore c renews, as
// the browser would that sent it: a refresh token is often good for one
// request, and shown twice it ends the session.
func (a *Actor) Rotated(c Credentials, res *client.Response) {
	if len(res.Header["Set-Cookie"]) == 0 || res.Status >= 400 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.holds(c) {
		return
	}
	for _, k := range client.SetCookies(res) {
		if old, held := a.creds.Jar.Get(k.Name); held && !k.Deleted() && k.Value != "" && k.Value != old.Value {
			a.creds.Jar.Put(k)
			a.Redactor.Add(k.Value)
			if IsCSRFName(k.Name) {
				// The token that goes with the old cookie is of no use beside
				// the new one.
				mergeCSRF(&a.creds, []CSRFToken{{Value: k.Value, Where: "cookie", Name: k.Name}})
			}
		}
	}
}

// holds reports whether c is of the session that the actor has: each cookie
// but those of CSRF tokens is the same, and so is the bearer token.
func (a *Actor) holds(c Credentials) bool {
	own := func(c Credentials) []client.Cookie {
		return slices.DeleteFunc(slices.Clone(c.Jar.Cookies()), func(k client.Cookie) bool { return IsCSRFName(k.Name) })
	}
	return c.Bearer() == a.creds.Bearer() && slices.EqualFunc(own(c), own(a.creds), func(x, y client.Cookie) bool {
		return x.Name == y.Name && x.Value == y.Value && x.Path == y.Path
	})
}
