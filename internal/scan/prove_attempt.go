package scan

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/browser"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

func plainCookie(c client.Cookie) *http.Cookie {
	k := &http.Cookie{Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, Secure: c.Secure, HttpOnly: c.HTTPOnly}
	switch c.SameSite {
	case client.SameSiteNone:
		k.SameSite = http.SameSiteNoneMode
	case client.SameSiteLax:
		k.SameSite = http.SameSiteLaxMode
	case client.SameSiteStrict:
		k.SameSite = http.SameSiteStrictMode
	}
	return k
}

// attempt is what a browser did with one attack, and what it changed.
type attempt struct {
	call    *attack.Call
	attack  browser.Attack
	trace   *browser.Trace
	before  string
	after   string
	read    bool // before and after are known
	carried bool // a cookie that authenticates went along
}

// send makes one attempt.
func (p *prover) send(ctx context.Context, r proofRun) (*attempt, error) {
	call, err := r.sub.Fresh(ctx)
	if err != nil {
		return nil, err
	}
	req, ok := call.Forged().Encode(r.try.Shape)
	if !ok {
		return nil, fmt.Errorf("the body cannot be put into this shape")
	}
	a := &attempt{call: call, attack: browser.Attack{Picture: p.shoot && p.shots < maxScreenshots && p.s.cfg.Artifacts != "",
		Position: r.try.Position, Shape: r.try.Shape, Method: req.Method, URL: req.URL.String(),
		ContentType: req.Header.Get("Content-Type"), Body: req.Body, Operation: r.sub.Ref.String(), Referrer: r.try.Referrer}}
	if r.sub.Sensitive {
		if a.before, err = r.sub.State(ctx); err == nil {
			a.read = true
		}
	}
	p.s.a.shown++
	if a.trace, err = p.victim.Attack(ctx, a.attack); err != nil {
		return nil, err
	}
	if a.read {
		if a.after, err = r.sub.State(ctx); err != nil {
			a.read = false
		}
	}
	a.carried = slices.ContainsFunc(a.trace.CookiesSent, p.s.a.t.Authenticates)
	return a, nil
}

// got reads whether an attempt got through: yes, no, or not to be told.
func (a *attempt) got(sub *attack.Subject) (through, known bool) {
	switch {
	case !a.trace.Sent || !a.carried:
		return false, true
	case a.read && a.before != a.after:
		return true, true
	case a.read:
		return false, a.trace.Status != sub.Success.Status
	case sub.Refusal != nil && sub.Refusal.Status == a.trace.Status:
		return false, sub.Refusal.Status != sub.Success.Status
	}
	return a.trace.Status == sub.Success.Status, true
}
