package attack

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// attribute says what refused a forged request: the content type, the token
// or the origin, each by a control that differs in that alone.
func (m *matrix) attribute(ctx context.Context, try *Try, reading Reading, res *client.Response) error {
	block := func(by finding.By, reason string) error {
		try.Verdict.Verdict, try.By, try.Reason, try.Proof = finding.Blocked, by, reason, finding.ByHTTP
		return nil
	}
	if res.Status == http.StatusTooManyRequests {
		return try.settle(finding.NotTested, "", "answered 429: the API counts requests, and says nothing of this one")
	}
	own, err := m.control(ctx, try.Shape)
	if err != nil {
		return err
	}
	// The thing may have gone meanwhile: an own page that is told so has passed
	// what stops the other.
	passed := own != Accepted && reading == Refused && turnedAway(res) && gone(m.odd[try.Shape])
	if own != Accepted && !passed {
		if reading == Refused && own == Refused {
			// The own page is refused too: perhaps only scripts' fields open it.
			return block(finding.ByToken, fmt.Sprintf("refused (%d): what only the own page's script can send is missing", res.Status))
		}
		out, by, reason := m.unread(try.Shape)
		try.Verdict.Verdict, try.By, try.Reason, try.Proof = out, by, reason, finding.ByHTTP
		return nil
	}
	if m.why == "" {
		// Foreign origin but everything else right, and own origin without
		// token: the one that is refused names the check.
		call, err := m.call(ctx)
		if err != nil {
			return err
		}
		r, _ := call.Forged().Encode(try.Shape)
		Own(r.Header, r.Method, r.URL)
		m.creds = m.t.Victim.Credentials()
		m.creds.Put(r, actor.Use{Cookie: true})
		plain, accepted, err := m.asked(ctx, r)
		if err != nil {
			return err
		}
		if accepted || passed && plain.Status == m.odd[try.Shape] {
			m.called = nil
			m.why, m.whyTxt = finding.ByOrigin, "the same request is accepted from the own origin, without any token"
		} else {
			m.why, m.whyTxt = finding.ByToken, "the same request is refused from the own origin too where it bears no CSRF token, and accepted with it"
			first, err := m.originFirst(ctx, try, res, plain)
			if err != nil {
				return err
			}
			if first {
				m.why, m.whyTxt = finding.ByOrigin, "the same request is refused alike where it bears the right CSRF token"
			}
		}
	}
	return block(m.why, fmt.Sprintf("refused (%d): %s", res.Status, m.whyTxt))
}

// gone reports whether a status says that a thing is not there any more, or has
// been dealt with.
func gone(status int) bool {
	return status == http.StatusNotFound || status == http.StatusConflict || status == http.StatusGone
}

// originFirst reports whether, of two checks that both refuse a request, that
// of the origin stands before that of the token. The server says so where it
// has words of its own for each: res is its answer to the foreign request
// without a token, plain that to the own page's without one.
func (m *matrix) originFirst(ctx context.Context, try *Try, res, plain *client.Response) (bool, error) {
	if lookAt(res).same(lookAt(plain)) {
		return false, nil
	}
	call, err := m.call(ctx)
	if err != nil {
		return false, err
	}
	if _, ok := call.Encode(try.Shape); !ok {
		return false, nil
	}
	// What looks at the Referer is passed by a page that chooses what is in it.
	edits := []func(http.Header){
		func(http.Header) {},
		func(h http.Header) { h.Del("Referer") },
		func(h http.Header) { refer(h, unsafeURL, try.Position, try.Shape, m.t.Base) },
	}
	if m.t.referrersVain >= maxReferrers {
		edits = edits[:1]
	}
	for _, edit := range edits {
		r, _ := call.WithToken(m.creds.CSRFValue()).Encode(try.Shape)
		dress(r.Header, try.Position, try.Shape, r.Method, r.URL)
		edit(r.Header)
		m.creds.Put(r, cookieAlone)
		foreign, accepted, err := m.asked(ctx, r)
		if err != nil || accepted || !lookAt(foreign).same(lookAt(res)) {
			return false, err
		}
	}
	// The token must still be good: some serve for one request.
	r, _ := call.WithToken(m.creds.CSRFValue()).Encode(try.Shape)
	r.Bare = false
	Own(r.Header, r.Method, r.URL)
	m.creds.Put(r, cookieAlone)
	own, accepted, err := m.asked(ctx, r)
	return err == nil && (accepted || own.Status == m.odd[try.Shape]), err
}

// asked sends a request with m.creds, of which the answer may renew some, and
// reports whether it was accepted: then the call is used up.
func (m *matrix) asked(ctx context.Context, r *client.Request) (res *client.Response, accepted bool, err error) {
	if res, err = m.t.Client.Do(ctx, r); err != nil {
		return nil, false, err
	}
	m.t.Victim.Rotated(m.creds, res)
	if accepted = m.s.Judge.Read(res) == Accepted; accepted {
		m.called = nil
	}
	return res, accepted, nil
}

// readHead judges the answer to a HEAD, which has no body to compare.
func readHead(r *client.Response, s *Subject) Reading {
	if r.Status == s.Success.Status && (s.Refusal == nil || s.Refusal.Status != r.Status) {
		return Accepted
	}
	if r.Status == http.StatusMethodNotAllowed || r.Status == http.StatusNotFound {
		return Malformed
	}
	return Refused
}

// unsafeFields returns the fields of a call for which a page must ask leave
// (Fetch §2.2.2), as the preflight names them.
func unsafeFields(c *Call) []string {
	var out []string
	if c.HasBody() || c.Method == http.MethodPost { // the shape has a body where the call has none
		out = append(out, "content-type")
	}
	for k := range c.Header {
		out = append(out, strings.ToLower(k))
	}
	slices.Sort(out)
	return out
}
