package actor

import (
	"cmp"
	"context"
	"slices"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

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
		a.visit(ctx, r, &c, true)
	}
	return c
}

// maxFoyers bounds the reads that are asked for a visitor's CSRF token.
const maxFoyers = 8

// visit gets a visitor's CSRF token for the login by r: of the operations that
// are called so, of a page at the login's own path, of the start page, and,
// where far says that a token is what the login misses, of the API's reads. An
// API may hand the token out with whatever it answers to one who asks who he
// is, a refusal too.
func (a *Actor) visit(ctx context.Context, r Route, c *Credentials, far bool) {
	a.fetchCSRF(ctx, c)
	if len(c.CSRF) == 0 && a.foyer != "" {
		a.absorb(ctx, c, a.foyer)
	}
	if len(c.CSRF) > 0 {
		return
	}
	for _, p := range []string{r.Path, "/"} {
		a.absorb(ctx, c, p)
	}
	if len(c.CSRF) > 0 || !far || a.sought {
		return
	}
	a.sought = true
	// What lies in the login's own folder is the likeliest.
	reads := slices.Clone(a.Reads)
	slices.SortStableFunc(reads, func(x, y string) int { return cmp.Compare(common(y, r.Path), common(x, r.Path)) })
	for _, p := range reads[:min(len(reads), maxFoyers)] {
		if a.absorb(ctx, c, p); len(c.CSRF) > 0 {
			a.foyer = p
			return
		}
	}
}
