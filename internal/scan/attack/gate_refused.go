package attack

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// PassRefused puts an operation through the gate that no call of the scan
// could exercise: answer is what it said to call, sent with everything. A
// credential that gets as far as that, where none gets less far, is taken:
// 401 without and 409 with it. s.Credential stays unknown where the answers do
// not tell.
func (t *Target) PassRefused(ctx context.Context, s *Subject, call *Call, answer *client.Response) error {
	if answer.Status == http.StatusUnauthorized || answer.Status == http.StatusTooManyRequests {
		return nil
	}
	creds := t.Victim.Credentials()
	none, err := t.legit(ctx, call, creds, actor.Use{})
	if err != nil {
		return err
	}
	if lookAt(none).same(lookAt(answer)) {
		if late(answer) {
			s.Credential = finding.CredentialNone
		}
		return nil
	}
	if !turnedAway(none) {
		return nil
	}
	var byCookie, byHeader *client.Response
	if creds.Jar.Header(call.URL()) != "" {
		if byCookie, err = t.legit(ctx, call, creds, cookieAlone); err != nil {
			return err
		}
	}
	if creds.Bearer() != "" {
		if byHeader, err = t.legit(ctx, call, creds, headerAlone); err != nil {
			return err
		}
	}
	far := func(r *client.Response) bool { return r != nil && lookAt(r).same(lookAt(answer)) }
	if !far(byCookie) && !far(byHeader) {
		// What it is about may have moved since.
		if answer, err = t.legit(ctx, call, creds, actor.Everything); err != nil {
			return err
		}
		if lookAt(answer).same(lookAt(none)) {
			return nil
		}
	}
	s.Credential = taken(far(byCookie), far(byHeader))
	s.Call = call
	if !s.Exercised && s.Credential != finding.CredentialUnknown {
		s.Reached, s.Judge = answer, Judge{}
		s.Judge.Success(answer)
		s.Judge.Refusal(none)
	}
	return nil
}

// tells reports whether a refusal of a call with everything may tell which
// credential is taken.
func tells(answer *client.Response) bool {
	return answer.Status < 500 && answer.Status != http.StatusUnauthorized && answer.Status != http.StatusTooManyRequests
}

// late reports whether an answer is one that only the operation itself gives,
// after it asked who calls: what it is about is missing, or in no state for it.
func late(r *client.Response) bool {
	switch r.Status {
	case http.StatusNotFound, http.StatusConflict, http.StatusGone, http.StatusPreconditionFailed, http.StatusPreconditionRequired:
		return true
	}
	return false
}

// turnedAway reports whether an answer is for want of a credential.
func turnedAway(r *client.Response) bool {
	switch {
	case r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden || r.Status >= 300 && r.Status < 400:
		return true
	case r.Status >= 400 || !Failed(r):
		return false
	}
	said := strings.ToLower(string(r.Body[:min(len(r.Body), 500)]))
	return slices.ContainsFunc([]string{"auth", "login", "log in", "sign in", "signed in", "session"}, func(w string) bool { return strings.Contains(said, w) })
}

// untried settles the cells of an operation that no call gets through to, of which
// is known what authenticates it: what browsers withhold or do not send is
// blocked whatever the server would make of it, and what the server stops
// before it says what it says to the own page is blocked by that.
func (t *Target) untried(ctx context.Context, s *Subject) error {
	if s.Reached != nil {
		if m, ok, err := t.halfway(ctx, s); ok || err != nil {
			if err != nil {
				return err
			}
			return m.fill(ctx)
		}
	}
	for _, try := range s.Tries {
		if _, exists := Origin(try.Position, t.Base); !exists {
			continue
		}
		by, why := finding.By(""), ""
		if try.Shape == finding.JSONCORS {
			p, err := t.preflight(ctx, s, try.Position)
			if err != nil {
				return err
			}
			if !p.Allowed {
				by, why = finding.ByPreflight, p.Why
			}
		}
		if _, travel := t.travelling(t.Victim.Credentials(), s, try.Position, try.Shape); by == "" && !travel.Sent {
			by, why = travel.By, travel.Why
		}
		if by != "" {
			try.Verdict.Verdict, try.By, try.Reason, try.Proof = finding.Blocked, by, why, finding.ByHTTP
		}
	}
	return nil
}
