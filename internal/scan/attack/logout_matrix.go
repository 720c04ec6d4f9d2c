package attack

import (
	"context"
	"fmt"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// LogoutMatrix tries every position and shape on the logout s, which has
// passed the gate; s.Fresh logs in for each call. A logout that anyone may
// call ends the victim's session all the same, where its answer takes the
// cookie away: then it is the answer that must reach the browser's store, and
// not the cookie that must reach the server.
func (t *Target) LogoutMatrix(ctx context.Context, s *Subject) error {
	if s.Credential != finding.CredentialNone || !s.Exercised {
		return t.Matrix(ctx, s)
	}
	m := t.table(s, undecided)
	for _, try := range s.Tries {
		if _, exists := Origin(try.Position, t.Base); exists {
			try.Reason = undecided
		}
	}
	m.decide, m.public = m.logoutCell, true
	return m.fill(ctx)
}

// logoutCell decides one cell of a logout that is public.
func (m *matrix) logoutCell(ctx context.Context, try *Try) error {
	set := try.settle
	if stopped, err := m.preflighted(ctx, try); stopped || err != nil {
		return err
	}
	call, err := m.call(ctx)
	if err != nil {
		return err
	}
	r, ok := call.Forged().Encode(try.Shape)
	if !ok {
		return set(finding.Blocked, finding.ByContentType, "the body cannot be put into this shape")
	}
	jar, travel := m.t.travelling(m.creds, m.s, try.Position, try.Shape)
	res, err := m.probe(ctx, try, r, jar)
	if err != nil {
		return err
	}
	try.Seen, try.Call = res, call
	reading := m.s.Judge.Read(res)
	if try.Shape == finding.Head {
		reading = readHead(res, m.s)
	}
	if reading != Accepted {
		m.called = call
		if err := m.attribute(ctx, try, reading, res); err != nil {
			return err
		}
		return m.referred(try, m.again(ctx, try, jar))
	}
	m.called = nil
	if gone, ok := m.t.takenAway(m.creds, res); ok {
		if topLevel(try.Shape) || try.Position == finding.SameSite || gone.SameSite == client.SameSiteNone && travel.Sent {
			return set(finding.Forged, "", "accepted, and the answer takes the cookie "+gone.Name+" away")
		}
		if !travel.Sent {
			return set(finding.Blocked, travel.By, fmt.Sprintf("%s, and browsers keep it when the answer to a request of this kind takes it away", travel.Why))
		}
	}
	if !travel.Sent {
		return set(finding.Blocked, travel.By, travel.Why)
	}
	w := m.t.Witness(takesCookie)
	if w == nil || w.ChangesState {
		return set(finding.NotTested, "", "nothing tells whether the session is over")
	}
	after, err := m.t.legit(ctx, w.Call, m.creds, cookieAlone)
	if err != nil {
		return err
	}
	if m.s.Judge.Blind() || w.Judge.Read(after) != Refused {
		return set(finding.NotTested, "", "it was answered like a success, and the session goes on")
	}
	return set(finding.Forged, "", "accepted, and the session is refused from then on")
}

// Stands reports whether a session is seen to go on: an operation that refuses
// a visitor takes its cookie.
func (t *Target) Stands(ctx context.Context, creds actor.Credentials) (bool, error) {
	w := t.Witness(takesCookie)
	if w == nil || w.ChangesState {
		return false, nil
	}
	res, err := t.legit(ctx, w.Call, creds, cookieAlone)
	return err == nil && w.Judge.Read(res) == Accepted, err
}

// Repeats calls s once more as the own page does, and reports whether that is
// accepted.
func (t *Target) Repeats(ctx context.Context, s *Subject, creds actor.Credentials) (bool, error) {
	res, err := t.legit(ctx, s.Call, creds, actor.Everything)
	return err == nil && s.Judge.Read(res) == Accepted, err
}

// takenAway returns the authenticating cookie among those of creds that an
// answer takes away.
func (t *Target) takenAway(creds actor.Credentials, r *client.Response) (client.Cookie, bool) {
	for _, c := range client.SetCookies(r) {
		if _, held := creds.Jar.Get(c.Name); held && (c.Deleted() || c.Value == "") && t.Authenticates(c.Name) {
			return c, true
		}
	}
	return client.Cookie{}, false
}
