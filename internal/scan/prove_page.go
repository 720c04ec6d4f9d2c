package scan

import (
	"context"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/browser"
)

// pageTime bounds what one attack may ask of the browser.
const pageTime = 20 * time.Second

// Attack opens the attacker's page in the browser: see [attack.Prover].
func (p *prover) Attack(ctx context.Context, a browser.Attack, loggedIn bool) (*attack.Seen, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	a.Picture = a.Picture && p.shots < maxScreenshots && p.s.cfg.Artifacts != ""
	if err := p.victim.Forget(ctx); err != nil {
		return nil, err
	}
	p.since = time.Time{} // whatever comes next logs in anew
	if loggedIn {
		if err := p.login(ctx); err != nil {
			return nil, err
		}
	}
	seen := &attack.Seen{}
	var err error
	if seen.Held, err = p.holds(ctx); err != nil {
		return nil, err
	}
	p.s.a.shown++
	if seen.Trace, err = p.victim.Attack(ctx, a); err != nil {
		return nil, err
	}
	if seen.Holds, err = p.holds(ctx); err != nil {
		return nil, err
	}
	seen.Evidence = p.evidence(seen.Trace, a)
	p.since = time.Time{}
	return seen, nil
}

// holds returns the names of the cookies in the browser that authenticate.
func (p *prover) holds(ctx context.Context) ([]string, error) {
	cookies, err := p.victim.Cookies(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, c := range cookies {
		if p.s.a.t.Authenticates(c.Name) && !c.Value.Empty() {
			out = append(out, c.Name)
		}
	}
	return out, nil
}

// Status returns how the API answers the browser's own GET.
func (p *prover) Status(ctx context.Context, url string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	p.s.a.shown++
	r, err := p.victim.Do(ctx, browser.Request{Method: "GET", URL: url})
	if err != nil {
		return 0, err
	}
	return r.Status, nil
}

// Keep writes a proof of concept.
func (p *prover) Keep(a browser.Attack) string { return p.keepPoC(a) }
