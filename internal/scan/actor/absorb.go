package actor

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

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
	if err != nil {
		return
	}
	if res.Status >= 400 {
		// A middleware hands its token out with whatever answer there is.
		for _, k := range client.SetCookies(res) {
			if IsCSRFName(k.Name) {
				c.Jar.Put(k)
				mergeCSRF(c, []CSRFToken{{Value: k.Value, Where: "cookie", Name: k.Name}})
			}
		}
		a.Redactor.Add(c.Secrets()...)
		return
	}
	c.Jar.Store(res)
	mergeCSRF(c, CSRFTokens(res))
	a.Redactor.Add(c.Secrets()...)
}
