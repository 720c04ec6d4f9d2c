package actor

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

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
	case a.ended(res) && a.Given == nil && a.useless < maxUseless && !a.ownWay[r.Method+" "+r.URL.Path]:
		if renewed, err := a.renew(ctx); err != nil || renewed {
			if err != nil {
				return res, ctx.Err()
			}
			again, err := a.send(ctx, r)
			if err != nil || !a.ended(again) {
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
		if err == nil && a.ended(again) {
			a.useless++ // this operation has its own reason to say so
			if a.ownWay == nil {
				a.ownWay = map[string]bool{}
			}
			a.ownWay[r.Method+" "+r.URL.Path] = true
		}
		return again, err
	case res.Status == http.StatusForbidden || res.Status == http.StatusBadRequest:
		return a.pacify(ctx, r, res)
	}
	return res, nil
}

// maxUseless bounds the logins after refusals that a login did not mend.
const maxUseless = 3

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

// namesField reports whether a refusal names a field that it misses.
func namesField(r *client.Response) bool {
	return r.Status >= 400 && fieldName.Match(r.Body[:min(len(r.Body), 2000)])
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
