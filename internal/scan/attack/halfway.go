package attack

import (
	"context"
	"net/http"

	"github.com/d710e0ae/countersign/internal/finding"
)

// halfway makes the matrix of an operation of which no call succeeded, and the
// own page gets as far as s.Reached: what stops a forged request before that
// can be seen, though not whether it would be accepted. It reports false where
// that answer may be one on the body, which says nothing of whether others are
// read.
func (t *Target) halfway(ctx context.Context, s *Subject) (*matrix, bool, error) {
	call := s.Call
	half := *s // the cells are shared
	half.Fresh = func(context.Context) (*Call, error) { return call, nil }
	half.Renew, half.State, half.Sensitive = nil, nil, false
	m := newMatrix(t, &half)
	m.decide = m.halfCell
	if onBody(s.Reached.Status) && call.HasBody() {
		unlike := finding.Form
		if call.IsForm() {
			unlike = finding.TextPlain
		}
		if _, ok := call.Encode(unlike); !ok {
			return nil, false, nil
		}
		reading, err := m.control(ctx, unlike)
		if err != nil || reading == Accepted {
			return nil, false, err
		}
	}
	for _, try := range s.Tries {
		if _, exists := Origin(try.Position, t.Base); exists {
			try.Reason = undecided
		}
	}
	return m, true, nil
}

// onBody reports whether a status is one that bodies are refused with.
func onBody(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType:
		return true
	}
	return false
}

// halfCell decides one cell of such a matrix.
func (m *matrix) halfCell(ctx context.Context, try *Try) error {
	set := try.settle
	if stopped, err := m.preflighted(ctx, try); stopped || err != nil {
		return err
	}
	jar, travel := m.t.travelling(m.creds, m.s, try.Position, try.Shape)
	if !travel.Sent {
		return set(finding.Blocked, travel.By, travel.Why)
	}
	r, ok := m.s.Call.Forged().Encode(try.Shape)
	if !ok {
		return set(finding.Blocked, finding.ByContentType, "the body cannot be put into this shape")
	}
	if turnedAway(m.s.Reached) && m.s.Call.IsJSON() {
		// That may stand before the body is looked at: others of the API tell
		// whether it would be read.
		switch {
		case m.t.never(try.Shape):
			return set(finding.Blocked, finding.ByContentType, "a JSON body is not read in this content type, as other operations showed")
		case m.doubtful(try.Shape):
			return set(finding.NotTested, "", "not exercised: "+m.s.Reason)
		}
	}
	if m.doubtful(try.Shape) {
		switch own, err := m.control(ctx, try.Shape); {
		case err != nil:
			return err
		case own != Accepted:
			return set(m.unread(try.Shape))
		}
	}
	res, err := m.probe(ctx, try, r, jar)
	if err != nil {
		return err
	}
	try.Seen, try.Call = res, m.s.Call
	switch reading := m.s.Judge.Read(res); reading {
	case Refused, Malformed:
		return m.attribute(ctx, try, reading, res)
	case Accepted:
		return set(finding.NotTested, "", "not exercised: "+m.s.Reason+"; from there it gets as far as from the own page")
	}
	return set(finding.NotTested, "", "not exercised: "+m.s.Reason)
}
