package attack

import (
	"context"
	"fmt"
	"net/http"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// doubtful reports whether the server probably cannot read the shape at all,
// so that the own page is asked first.
func (m *matrix) doubtful(shape finding.Shape) bool {
	if shape == finding.Override || shape == finding.Head {
		return true
	}
	if m.s.Call.IsJSON() {
		return shape == finding.Form || shape == finding.Multipart || shape == finding.TextPlain
	}
	return m.s.Call.IsForm() && (shape == finding.TextPlain || shape == finding.Blob || shape == finding.JSONCORS && m.s.Ref.Method == http.MethodPost)
}

// enoughOverrides is on how many operations of a method an override must have
// been refused as a method before the rest is taken to refuse it too: what
// honours overrides stands before all routes.
const enoughOverrides = 2

// control sends the call in the encoding of shape as the own page would, with
// everything that a good client sends. It runs once for each shape.
func (m *matrix) control(ctx context.Context, shape finding.Shape) (Reading, error) {
	if r, done := m.media[shape]; done {
		return r, nil
	}
	if shape == finding.Override && m.t.noOverride[m.s.Ref.Method] >= enoughOverrides {
		return Malformed, nil
	}
	call, err := m.call(ctx)
	if err != nil {
		return Unclear, err
	}
	m.creds = m.t.Victim.Credentials() // cookies may have been renewed since
	res, err := m.fromOwnPage(ctx, call, func(creds actor.Credentials) *client.Request {
		r, _ := call.WithToken(creds.CSRFValue()).Encode(shape)
		return r
	})
	if err != nil {
		return Unclear, err
	}
	reading := m.s.Judge.Read(res)
	if shape == finding.Head {
		reading = readHead(res, m.s)
	}
	if reading != Accepted && m.renewed(res) {
		return m.control(ctx, shape)
	}
	if reading == Unclear && (gone(res.Status) && (res.Status != http.StatusNotFound || shape != finding.Override) || res.Status == http.StatusTooManyRequests) {
		m.odd[shape] = res.Status
	}
	if reading != Accepted && m.misfit(shape, res) {
		// The shape can hardly be what it is refused for: perhaps the call is
		// no good any more.
		good, err := m.t.legit(ctx, call, m.creds, actor.Everything)
		if err != nil {
			return Unclear, err
		}
		m.called = nil
		if m.s.Judge.Read(good) != Accepted {
			reading, m.odd[shape] = Unclear, res.Status
		}
	}
	if shape == finding.Override && reading == Accepted {
		idle, err := m.idleOverride(ctx)
		if err != nil {
			return Unclear, err
		}
		if idle {
			reading = Malformed
		}
	}
	m.media[shape] = reading
	if shape == finding.Override && res.Status == http.StatusMethodNotAllowed {
		if m.t.noOverride == nil {
			m.t.noOverride = map[string]int{}
		}
		m.t.noOverride[m.s.Ref.Method]++
	}
	if m.s.Exercised && m.s.Call.IsJSON() {
		m.t.learnBody(shape, reading)
	}
	if reading == Accepted {
		m.called, m.read = nil, false
	}
	return reading, nil
}

// misfit reports whether an answer refuses, for something else than its type, a
// body that is as it should be: where none is due, or where only the type is
// left out.
func (m *matrix) misfit(shape finding.Shape, res *client.Response) bool {
	if shape == finding.Override || shape == finding.Head || m.s.Ref.Method != http.MethodPost || !usedUp(res) && res.Status < 500 {
		return false
	}
	return !m.s.Call.HasBody() || m.s.Call.IsJSON() && (shape == finding.Blob || shape == finding.Beacon)
}

// reads counts the operations that take JSON and read a shape, and those that
// do not.
type reads struct{ yes, no int }

func (t *Target) learnBody(shape finding.Shape, reading Reading) {
	n := t.bodies[shape]
	switch reading {
	case Accepted:
		n.yes++
	case Malformed:
		n.no++
	default:
		return
	}
	if t.bodies == nil {
		t.bodies = map[finding.Shape]reads{}
	}
	t.bodies[shape] = n
}

// never reports whether this API reads no JSON body in that shape, as far as
// several of its operations show.
func (t *Target) never(shape finding.Shape) bool {
	return t.bodies[shape].no > 1 && t.bodies[shape].yes == 0
}

// renewed reports whether an answer says that the resource was used up, and
// from now on each call has one of its own.
func (m *matrix) renewed(r *client.Response) bool {
	if !usedUp(r) || m.s.Renew == nil || !m.s.Renew(r) {
		return false
	}
	m.called = nil
	return true
}

// unread is the verdict on a shape that the own page cannot use either.
func (m *matrix) unread(shape finding.Shape) (finding.Outcome, finding.By, string) {
	if m.media[shape] == Unclear && m.odd[shape] != 0 {
		return finding.NotTested, "", fmt.Sprintf("the own page is answered %d in this shape, which tells nothing", m.odd[shape])
	}
	return finding.Blocked, finding.ByContentType, m.contentType(shape)
}

func (m *matrix) contentType(shape finding.Shape) string {
	switch shape {
	case finding.Override:
		if _, done := m.media[shape]; !done {
			return "no method override is honoured, as other operations of the same method showed"
		}
		return "no method override is honoured, for the own page neither"
	case finding.Head:
		return "HEAD is not answered by this operation, for the own page neither"
	}
	return "the body is not read in this content type, from the own page neither"
}

// fromOwnPage sends a call, as encoded by encode, with all that a script of the
// own page sends along.
func (m *matrix) fromOwnPage(ctx context.Context, call *Call, encode func(actor.Credentials) *client.Request) (*client.Response, error) {
	return m.t.renewing(ctx, m.creds, cookieAlone, func(creds actor.Credentials) *client.Request {
		r := encode(creds)
		r.Bare = false
		for k, v := range call.Header {
			r.Header[k] = v
		}
		Own(r.Header, r.Method, r.URL)
		creds.Put(r, cookieAlone)
		return r
	})
}
