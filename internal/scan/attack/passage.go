package attack

import (
	"context"
	"net/http"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// junk is an Authorization value that no server ever handed out.
const junk = "countersign-junk"

// Pass puts s through the gate: the request of a good client with no
// credential, with the cookie alone, with the header alone, and with the
// cookie beside a junk header. s.Judge must know a success. The error is one
// of the transport's.
func (t *Target) Pass(ctx context.Context, s *Subject) error {
	for {
		p := passage{t: t, s: s}
		if next, err := p.run(ctx); err != nil || next != afresh {
			return err
		}
	}
}

// A passage is one way of a subject through the gate.
type passage struct {
	t *Target
	s *Subject

	gate  Gate
	creds actor.Credentials
	call  *Call            // made at the beginning
	none  *client.Response // to it, without any credential
}

// What comes after a step of a passage.
type after int

const (
	onward  after = iota // the next step
	settled              // nothing more
	afresh               // the gate from the beginning: what it was about has gone
)

// Uses of a single credential.
var (
	cookieAlone = actor.Use{Cookie: true, CSRF: true}
	headerAlone = actor.Use{Bearer: true}
)

func (p *passage) run(ctx context.Context) (after, error) {
	for _, step := range []func(context.Context) (after, error){p.begin, p.withNone, p.withCookie, p.withSupposed, p.withHeader, p.withJunk, p.decide} {
		if next, err := step(ctx); err != nil || next != onward {
			return next, err
		}
	}
	return settled, nil
}

// unknown settles a passage that does not show what authenticates.
func (p *passage) unknown(why string) (after, error) {
	p.s.Gate, p.s.Credential, p.s.Reason = p.gate, finding.CredentialUnknown, why
	return settled, nil
}

// send sends a call with some credentials, and reads the answer.
func (p *passage) send(ctx context.Context, call *Call, use actor.Use) (*client.Response, Reading, error) {
	res, err := p.t.legit(ctx, call, p.creds, use)
	if err != nil {
		return nil, Unclear, err
	}
	return res, p.s.Judge.Read(res), nil
}

// renewed reports whether an answer says that the thing was used up, and that
// calls have another one from now on.
func (p *passage) renewed(r *client.Response) bool {
	return usedUp(r) && p.s.Renew != nil && p.s.Renew(r)
}

func (p *passage) begin(ctx context.Context) (after, error) {
	call, err := p.s.fresh(ctx)
	if err == nil {
		p.call, p.creds = call, p.t.Victim.Credentials() // after the call was made, which may log in
		return onward, nil
	}
	p.s.Credential, p.s.Reason = finding.CredentialUnknown, err.Error()
	if ctx.Err() != nil || p.s.Call == nil {
		return settled, ctx.Err()
	}
	// The last call is used up, but it still tells who is asked in.
	answer, err := p.t.legit(ctx, p.s.Call, p.t.Victim.Credentials(), actor.Everything)
	if err != nil {
		return settled, err
	}
	return settled, p.t.PassRefused(ctx, p.s, p.s.Call, answer)
}

func (p *passage) withNone(ctx context.Context) (after, error) {
	none, reading, err := p.send(ctx, p.call, actor.Use{})
	if err != nil {
		return settled, err
	}
	p.none, p.gate.None = none, reading
	s := p.s
	if reading == Accepted {
		s.Gate, s.Credential, s.Reason = p.gate, finding.CredentialNone, "answers without any credential"
		return settled, nil
	}
	// What is there already is not for want of a credential.
	if none.Status == http.StatusConflict && s.Renew != nil && s.Renew(none) {
		return afresh, nil
	}
	if none.Status >= 500 || reading == Unclear || reading == Malformed {
		next, err := p.unknown("what comes back without a credential can be told neither from success nor from a refusal")
		if none.Status != 404 && none.Status != 400 && none.Status < 300 {
			return next, err
		}
	}
	s.Refusal = none
	s.Judge.Refusal(none)
	if s.Judge.Blind() {
		return p.unknown("success and refusal look the same")
	}
	return onward, nil
}

func (p *passage) withCookie(ctx context.Context) (after, error) {
	if p.creds.Jar.Header(p.call.URL()) == "" {
		return onward, nil
	}
	g := &p.gate
	var err error
	g.CookieTried = true
	// The refused request has used nothing up.
	if g.CookieAnswer, g.Cookie, err = p.send(ctx, p.call, cookieAlone); err != nil {
		return settled, err
	}
	if g.Cookie == Accepted || !p.renewed(g.CookieAnswer) {
		return onward, nil
	}
	if !turnedAway(p.none) && lookAt(p.none).same(lookAt(g.CookieAnswer)) {
		return afresh, nil // it was not for want of a credential
	}
	if call, err := p.s.fresh(ctx); err == nil {
		p.call = call
		if g.CookieAnswer, g.Cookie, err = p.send(ctx, call, cookieAlone); err != nil {
			return settled, err
		}
	}
	return onward, nil
}

// withSupposed tries whether a header that a good client sends besides has
// stood in for a field that the API demands of its own scripts: without the
// one, with the other.
func (p *passage) withSupposed(ctx context.Context) (after, error) {
	g, victim := &p.gate, p.t.Victim
	if !g.CookieTried || g.Cookie == Accepted || safe(p.s.Ref.Method) || !victim.Suppose(g.CookieAnswer) {
		return onward, nil
	}
	p.creds = victim.Credentials()
	answer, reading, err := p.send(ctx, p.call, cookieAlone)
	if err != nil {
		return settled, err
	}
	if reading == Accepted {
		g.CookieAnswer, g.Cookie = answer, Accepted
	} else {
		victim.Withdraw()
		p.creds = victim.Credentials()
	}
	return onward, nil
}

func (p *passage) withHeader(ctx context.Context) (after, error) {
	if p.creds.Bearer() == "" {
		return onward, nil
	}
	g, call := &p.gate, p.call
	var err error
	if g.Cookie == Accepted {
		call, err = p.s.fresh(ctx)
		p.creds = p.t.Victim.Credentials()
		if err != nil {
			return onward, ctx.Err()
		}
	}
	g.HeaderTried = true
	if g.HeaderAnswer, g.Header, err = p.send(ctx, call, headerAlone); err != nil {
		return settled, err
	}
	if g.Header == Accepted || !p.renewed(g.HeaderAnswer) {
		return onward, nil
	}
	if call, err = p.s.fresh(ctx); err == nil {
		if g.HeaderAnswer, g.Header, err = p.send(ctx, call, headerAlone); err != nil {
			return settled, err
		}
	}
	return onward, nil
}

func (p *passage) withJunk(ctx context.Context) (after, error) {
	if p.gate.Cookie != Accepted || !p.gate.HeaderTried {
		return onward, nil
	}
	call, err := p.s.fresh(ctx)
	if err != nil {
		return onward, ctx.Err()
	}
	p.creds = p.t.Victim.Credentials()
	res, err := p.t.renewing(ctx, p.creds, cookieAlone, func(creds actor.Credentials) *client.Request {
		r := legitimate(call, creds, cookieAlone)
		r.Header.Set("Authorization", "Bearer "+junk)
		return r
	})
	if err != nil {
		return settled, err
	}
	p.gate.JunkTried, p.gate.Junk = true, p.s.Judge.Read(res)
	return onward, nil
}

// decide says which credential authenticates.
func (p *passage) decide(ctx context.Context) (after, error) {
	g, s := p.gate, p.s
	s.Gate = g
	cookie, header := g.Cookie == Accepted, g.Header == Accepted
	if !cookie && !header {
		if again, err := p.t.revived(ctx, s); again || err != nil {
			return afresh, err
		}
		if s.Renew != nil && s.Renew(nil) {
			// Perhaps what it is about has gone since: another operation may have
			// used it up.
			return afresh, nil
		}
	}
	if s.Credential = taken(cookie, header); s.Credential == finding.CredentialUnknown {
		s.Credential = g.further(p.none)
	}
	if s.Credential == finding.CredentialUnknown {
		if err := p.together(ctx); err != nil {
			return settled, err
		}
	}
	s.Reason = ""
	if s.Credential == finding.CredentialUnknown {
		s.Reason = "neither the cookie alone nor the header alone is accepted"
	}
	return settled, nil
}

// together asks what all credentials together come to, where none alone is
// enough.
func (p *passage) together(ctx context.Context) error {
	s := p.s
	answer, reading, err := p.send(ctx, p.call, actor.Everything)
	if err != nil {
		return err
	}
	switch {
	case reading != Accepted:
		s.Credential = p.gate.asFar(p.none, answer)
		s.Gate.Stuck = s.Credential != finding.CredentialUnknown
	case p.gate.CookieTried && p.gate.HeaderTried:
		// It wants both, and the header no browser attaches.
		s.Credential = finding.CredentialBearer
	}
	return nil
}
