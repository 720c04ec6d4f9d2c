package attack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// Shapes returns the shapes that a forged call of s could take.
func (s *Subject) Shapes() []finding.Shape {
	switch {
	case !s.ChangesState:
		return nil
	case s.Ref.Method == http.MethodGet:
		return []finding.Shape{finding.Navigate, finding.Image, finding.Head}
	case s.Ref.Method != http.MethodPost:
		return []finding.Shape{finding.JSONCORS, finding.Override}
	case s.Call != nil && s.Call.HasBody() && !s.Call.IsJSON() && !s.Call.IsForm():
		return []finding.Shape{finding.TextPlain, finding.Blob, finding.JSONCORS}
	}
	return []finding.Shape{finding.Form, finding.Multipart, finding.TextPlain, finding.Blob, finding.JSONCORS, finding.Beacon}
}

// undecided is the reason of a cell that nothing was found out of yet.
const undecided = "the scan ended before"

// Matrix tries every position and shape on s, which has passed the gate, and
// puts the verdicts into s.Tries. The error is one of the transport's.
func (t *Target) Matrix(ctx context.Context, s *Subject) error {
	reason := undecided
	if s.Gate.Stuck {
		reason = "what was accepted once is refused by now, whoever asks"
	}
	m := t.table(s, reason)
	if s.Credential != finding.CredentialCookie && s.Credential != finding.CredentialEither {
		return nil
	}
	if !s.Exercised || s.Gate.Stuck {
		return t.untried(ctx, s)
	}
	return m.fill(ctx)
}

// fill decides the cells that need a request.
func (m *matrix) fill(ctx context.Context) error {
	// First one shape that gets through from each position, another from each
	// if there is another; then what these do not tell of the rest. Same-site
	// comes first: there every cookie goes along, so what the server alone
	// makes of a shape is known before browsers are asked.
	positions := []finding.Position{finding.SameSite, finding.CrossSite, finding.Null, finding.Insecure}
	for _, first := range []bool{true, false} {
		for _, pos := range positions {
			for _, shape := range m.order(first) {
				try := m.s.Verdict(pos, shape)
				if try.Verdict.Reason != undecided || first && m.seen(pos, "") || m.inferred(try) {
					continue
				}
				if err := m.patiently(ctx, try); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// maxSilent is how many attempts on one operation may go without an answer.
const maxSilent = 3

// patiently decides a cell, twice where an answer does not come the first time:
// one that is lost, or late once, says nothing of the rest. The error is one
// that ends the table.
func (m *matrix) patiently(ctx context.Context, try *Try) error {
	err := m.decide(ctx, try)
	if errors.Is(err, client.ErrUnreachable) && ctx.Err() == nil {
		m.called = nil // nobody knows whether it was used up
		err = m.decide(ctx, try)
	}
	switch {
	case errors.Is(err, errNoCall):
		try.Verdict.Reason = err.Error()
		return nil
	case ctx.Err() != nil || !errors.Is(err, client.ErrUnreachable):
		return err
	}
	try.Verdict.Reason = "the API gave no answer to it"
	if m.silent++; m.silent < maxSilent {
		return nil
	}
	for _, t := range m.s.Tries {
		if t.Verdict.Reason == undecided {
			t.Verdict.Reason = fmt.Sprintf("the API gave no answer to %d attempts on this operation", m.silent)
		}
	}
	return err
}

// order returns the shapes in the order in which they are tried; at first
// those that have not got through from anywhere.
func (m *matrix) order(first bool) []finding.Shape {
	shapes := m.s.probing()
	if first {
		shapes = slices.DeleteFunc(shapes, func(s finding.Shape) bool {
			return s == finding.Beacon && !m.s.Call.IsForm() // the same as blob
		})
		slices.SortStableFunc(shapes, func(a, b finding.Shape) int {
			known := func(s finding.Shape) int {
				if m.seen("", s) {
					return 1
				}
				return 0
			}
			return known(a) - known(b)
		})
	}
	return shapes
}

// seen reports whether a forged request got through from that position, or in
// that shape, and not only by inference. Empty stands for any.
func (m *matrix) seen(pos finding.Position, shape finding.Shape) bool {
	return slices.ContainsFunc(m.s.Tries, func(t *Try) bool {
		return t.Verdict.Verdict == finding.Forged && !t.Inferred && (pos == "" || t.Position == pos) && (shape == "" || t.Shape == shape)
	})
}

// probing returns the shapes in the order in which they are tried: those from
// which others can be inferred first.
func (s *Subject) probing() []finding.Shape {
	shapes := s.Shapes()
	slices.SortStableFunc(shapes, func(a, b finding.Shape) int {
		later := func(x finding.Shape) int {
			switch {
			case x == finding.Multipart || x == finding.Beacon:
				return 2
			case x == finding.TextPlain && (s.Call == nil || !s.Call.HasBody()):
				return 1
			}
			return 0
		}
		return later(a) - later(b)
	})
	return shapes
}

// inferred fills a cell from others of the same operation, where the server
// has shown that it does not tell them apart:
//   - two shapes that are the same on the wire;
//   - forms of an empty body, where it is taken with a type and without one;
//   - a shape that got through from another position, and a position from
//     which another shape got through: what a server can go by is the body and
//     its type, which is the shape's, and Origin and Sec-Fetch-Site, which are
//     the position's.
//
// Whether the cookies travel is judged for each cell by itself.
func (m *matrix) inferred(try *Try) bool {
	if from := m.done(try.Position, finding.Blob); try.Shape == finding.Beacon && !m.s.Call.IsForm() && from != nil {
		try.take(from, "as blob, which is the same on the wire: ")
		return true
	}
	same := func(shape finding.Shape) *Try { return m.done(finding.SameSite, shape) }
	form, blob := same(finding.Form), same(finding.Blob)
	if !m.s.Call.HasBody() && (try.Shape == finding.Multipart || try.Shape == finding.TextPlain) {
		if from := m.done(try.Position, finding.Form); from != nil && form != nil && blob != nil && form.Verdict.Verdict == blob.Verdict.Verdict && form.By == blob.By {
			try.take(from, "as form: an empty body is taken with a type and without: ")
			return true
		}
	}
	if text := same(finding.TextPlain); m.s.Call.IsJSON() && try.Shape == finding.Multipart && form != nil && text != nil && form.By == finding.ByContentType && text.By == finding.ByContentType {
		if from := m.done(try.Position, finding.Form); from != nil {
			try.take(from, "as form and text-plain: ")
			return true
		}
	}
	if m.public || !m.seen(try.Position, "") || !m.seen("", try.Shape) || try.Shape == finding.JSONCORS {
		return false
	}
	_, travel := m.t.travelling(m.creds, m.s, try.Position, try.Shape)
	if !travel.Sent {
		return false
	}
	from := m.s.Tries[slices.IndexFunc(m.s.Tries, func(t *Try) bool {
		return t.Shape == try.Shape && t.Verdict.Verdict == finding.Forged && !t.Inferred
	})]
	try.take(from, "")
	try.Fresh, try.Undeclared, try.Policy = travel.Fresh, travel.Undeclared, travel.Policy
	if i := slices.IndexFunc(m.s.Tries, func(t *Try) bool {
		return t.Position == try.Position && t.Verdict.Verdict == finding.Forged && !t.Inferred
	}); i >= 0 {
		try.Referrer = m.s.Tries[i].Referrer
	}
	try.Reason = "accepted from " + string(from.Position) + ", and other shapes from here: " + travel.Why
	if try.Policy != "" {
		try.Reason += " (" + try.Policy + ")"
	}
	return true
}

// done returns the cell once it is decided.
func (m *matrix) done(pos finding.Position, shape finding.Shape) *Try {
	t := m.s.Verdict(pos, shape)
	if t == nil || t.Reason == undecided || t.Verdict.Verdict == finding.NotTested {
		return nil
	}
	return t
}

// take copies what another cell showed.
func (t *Try) take(from *Try, why string) {
	t.Verdict.Verdict, t.By, t.Proof = from.Verdict.Verdict, from.By, from.Proof
	t.Reason, t.Inferred = why+from.Reason, true
	t.Fresh, t.Undeclared, t.Policy, t.Seen, t.Call, t.Referrer = from.Fresh, from.Undeclared, from.Policy, from.Seen, from.Call, from.Referrer
}

// table fills the whole table, so that an interrupted scan leaves no cell
// empty: with what needs no request, and reason elsewhere.
func (t *Target) table(s *Subject, reason string) *matrix {
	m := newMatrix(t, s)
	for _, shape := range s.Shapes() {
		for _, pos := range finding.Positions() {
			try := &Try{Verdict: finding.Verdict{Operation: s.Ref.String(), Position: pos, Shape: shape, Verdict: finding.NotTested, Reason: reason}}
			s.Tries = append(s.Tries, try)
			m.general(try)
		}
	}
	return m
}

// Whole fills the table of an operation of which no cell can be tried.
func (t *Target) Whole(s *Subject, reason string) { t.table(s, reason) }

var errNoCall = errors.New("no further call could be made")

type matrix struct {
	t     *Target
	s     *Subject
	creds actor.Credentials
	// decide settles a cell that needs a request.
	decide func(context.Context, *Try) error
	public bool // no cookie need travel
	// policies says which referrer policies got through, by position.
	policies map[string]bool

	media  map[finding.Shape]Reading // what the own page is answered in that encoding
	odd    map[finding.Shape]int     // its status, where it told nothing
	called *Call                     // a call that a refused request did not use up
	why    finding.By                // what refuses foreign requests, once it is known
	whyTxt string
	silent int    // cells to which no answer came
	before string // state before the next probe
	read   bool   // before is known
}

func newMatrix(t *Target, s *Subject) *matrix {
	m := &matrix{t: t, s: s, creds: t.Victim.Credentials(), media: map[finding.Shape]Reading{}, odd: map[finding.Shape]int{}}
	m.decide = m.cell
	return m
}

// general settles the cells that need no request.
func (m *matrix) general(try *Try) {
	set := func(v finding.Outcome, by finding.By, reason string) {
		try.Verdict.Verdict, try.By, try.Reason = v, by, reason
		if v == finding.Blocked {
			try.Proof = finding.ByHTTP
		}
	}
	_, exists := Origin(try.Position, m.t.Base)
	switch {
	case m.s.Credential == finding.CredentialBearer:
		set(finding.Blocked, finding.ByNoAmbientCredential, "only the Authorization header authenticates, and no browser attaches it")
	case !exists:
		set(finding.NotTested, "", "the API speaks plain http itself, so an http page of its host is no other position")
	case !m.s.Exercised:
		set(finding.NotTested, "", "not exercised: "+m.s.Reason)
	case m.s.Credential == finding.CredentialNone:
		set(finding.NotTested, "", "a public operation: it answers alike without any credential, so there is none to ride on")
	case m.s.Credential == finding.CredentialUnknown:
		set(finding.NotTested, "", m.s.Reason)
	}
}

// settle notes how an attempt ended. It returns nil, so that a cell can end
// with it.
func (t *Try) settle(v finding.Outcome, by finding.By, reason string) error {
	t.Verdict.Verdict, t.By, t.Reason, t.Proof = v, by, reason, finding.ByHTTP
	return nil
}

// preflighted settles an attempt that a preflight stops, and reports whether
// one did.
func (m *matrix) preflighted(ctx context.Context, try *Try) (stopped bool, err error) {
	if try.Shape != finding.JSONCORS {
		return false, nil
	}
	p, err := m.t.preflight(ctx, m.s, try.Position)
	if err != nil || p.Allowed {
		return false, err
	}
	return true, try.settle(finding.Blocked, finding.ByPreflight, p.Why)
}

// cell decides one cell.
func (m *matrix) cell(ctx context.Context, try *Try) error {
	set := try.settle
	if stopped, err := m.preflighted(ctx, try); stopped || err != nil {
		return err
	}
	_, travel := m.t.travelling(m.creds, m.s, try.Position, try.Shape)
	if !travel.Sent {
		return set(finding.Blocked, travel.By, travel.Why)
	}
	try.Fresh, try.Undeclared, try.Policy = travel.Fresh, travel.Undeclared, travel.Policy

	call, err := m.call(ctx)
	if err != nil {
		return err
	}
	jar, _ := m.t.travelling(m.creds, m.s, try.Position, try.Shape) // the call may have logged in
	r, ok := call.Forged().Encode(try.Shape)
	if !ok {
		return set(finding.Blocked, finding.ByContentType, "the body cannot be put into this shape")
	}
	if m.doubtful(try.Shape) {
		reading, err := m.control(ctx, try.Shape)
		if err != nil {
			return err
		}
		if reading != Accepted {
			return set(m.unread(try.Shape))
		}
		if call, err = m.call(ctx); err != nil {
			return err
		}
		r, _ = call.Forged().Encode(try.Shape)
		jar, _ = m.t.travelling(m.creds, m.s, try.Position, try.Shape)
	}
	res, err := m.probe(ctx, try, r, jar)
	if err != nil {
		return err
	}
	try.Seen, try.Call = res, call
	try.Custom = try.Shape == finding.JSONCORS && len(call.Header) > 0
	reading := m.s.Judge.Read(res)
	if try.Shape == finding.Head {
		reading = readHead(res, m.s)
	}
	if reading != Accepted && m.renewed(res) {
		return m.cell(ctx, try)
	}
	if reading == Accepted {
		m.called = nil
		m.t.Victim.Rotated(m.creds, res)
		changed, err := m.changed(ctx, try)
		if err != nil {
			return err
		}
		if !changed {
			return set(finding.NotTested, "", "it was answered like a success, but nothing changed where a legitimate call changes something")
		}
		reason := "accepted: " + travel.Why
		if try.Policy != "" {
			reason += " (" + try.Policy + ")"
		}
		return set(finding.Forged, "", reason)
	}
	m.called = call // refused, so not used up
	if err := m.attribute(ctx, try, reading, res); err != nil {
		return err
	}
	return m.referred(try, m.again(ctx, try, jar))
}

// call returns a call that has not been used up.
func (m *matrix) call(ctx context.Context) (*Call, error) {
	if m.called != nil {
		return m.called, nil
	}
	c, err := m.s.Fresh(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, client.ErrUnreachable) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", errNoCall, err)
	}
	m.called = c
	m.creds = m.t.Victim.Credentials() // the call may have logged in
	return c, nil
}

// probe sends the forged request with the cookies that would travel. State is
// read before, if it can be read at all.
func (m *matrix) probe(ctx context.Context, try *Try, r *client.Request, jar *client.Jar) (*client.Response, error) {
	if m.s.Sensitive && !m.read && m.worthReading(try) {
		st, err := m.s.State(ctx)
		if err == nil {
			m.before, m.read = st, true
		}
	}
	dress(r.Header, try.Position, try.Shape, r.Method, r.URL)
	actor.AddCookies(r.Header, jar.Header(r.URL))
	return m.t.Client.Do(ctx, r)
}

// worthReading reports whether the state is to be read around this probe: once
// for an operation, from the position that weighs most.
func (m *matrix) worthReading(try *Try) bool {
	if slices.ContainsFunc(m.s.Tries, func(t *Try) bool { return t.After != "" }) {
		return false
	}
	if try.Position != finding.SameSite {
		return true
	}
	return !slices.ContainsFunc(m.s.Shapes(), func(sh finding.Shape) bool {
		_, travel := m.t.travelling(m.creds, m.s, finding.CrossSite, sh)
		return travel.Sent && sh != finding.JSONCORS
	})
}

// changed reads the state back after an accepted forgery.
func (m *matrix) changed(ctx context.Context, try *Try) (bool, error) {
	if !m.read {
		return true, nil
	}
	m.read = false
	after, err := m.s.State(ctx)
	if err != nil {
		return true, ctx.Err()
	}
	if after != m.before {
		try.Before, try.After = m.before, after
		return true, nil
	}
	if m.s.UsesUp {
		return true, nil // another legitimate call would be about another thing
	}
	// Perhaps the call set what was set already: does a legitimate one
	// change anything now?
	call, err := m.s.Fresh(ctx)
	if err != nil {
		return true, ctx.Err()
	}
	if _, err := m.t.legit(ctx, call, m.creds, actor.Everything); err != nil {
		return false, err
	}
	again, err := m.s.State(ctx)
	if err != nil {
		return true, ctx.Err()
	}
	return again == after, nil
}
