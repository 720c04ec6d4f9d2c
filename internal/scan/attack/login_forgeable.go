package attack

import (
	"context"
	"slices"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/browser"
	"github.com/d710e0ae/countersign/internal/secret"
)

// loginForgeable reports a login by which a page of another site logs the
// victim in as the attacker, as the matrix showed it. It counts only where the
// answer gives the browser a cookie that authenticates: a token in a body is
// of no use to a victim whose page never sees it. Control: a wrong password
// gets no cookie.
func loginForgeable(ctx context.Context, t *Target) error {
	who := t.Attacker
	if who == nil {
		who = t.Victim
	}
	for _, route := range t.Logins {
		s, err := t.loginSubject(ctx, route)
		if err != nil {
			return err
		}
		for _, try := range slices.Concat(s.Forged(finding.CrossSite), s.Forged(finding.Null)) {
			reported, err := t.loginForgeable(ctx, who, route, s, try)
			if err != nil {
				return err
			}
			if reported {
				break
			}
		}
	}
	return nil
}

// loginSubject returns the login's operation, with its matrix; a login that
// the document does not show gets one of its own.
func (t *Target) loginSubject(ctx context.Context, route actor.Route) (*Subject, error) {
	for _, s := range t.Subjects {
		if s.Ref.Method == route.Method && s.Ref.Path == route.Path && len(s.Tries) > 0 {
			return s, nil
		}
	}
	s := &Subject{Ref: finding.OperationRef{Method: route.Method, Path: route.Path}, ChangesState: true, Exercised: true, Login: true, Credential: finding.CredentialNone}
	return s, t.LoginMatrix(ctx, s)
}

func (t *Target) loginForgeable(ctx context.Context, who *actor.Actor, route actor.Route, s *Subject, try *Try) (reported bool, err error) {
	if try.Seen == nil || try.Call == nil {
		return false, nil // as another cell showed
	}
	cookie, _ := t.handed(try.Seen)
	if call, ok := loginCall(who.RequestBy(route, true), t.Base, route.Path); ok {
		bad, ok := call.Forged().Encode(try.Shape)
		if !ok {
			return false, nil
		}
		dress(bad.Header, try.Position, try.Shape, bad.Method, bad.URL)
		refer(bad.Header, try.Referrer, try.Position, try.Shape, t.Base)
		refused, err := t.Client.Do(ctx, bad)
		if err != nil {
			return false, err
		}
		if _, gets := t.handed(refused); gets {
			return false, nil
		}
		opts := []option{evidence(t.labelled("control: a wrong password, no cookie", refused)...),
			evidence(t.labelled("the login sent from another site, accepted", try.Seen)...)}
		seen := t.try(ctx, loginPage(try.Call, s.Ref, try), false)
		switch {
		case seen != nil && (seen.Status == 0 || len(seen.Holds) == 0):
			return false, nil // the browser kept no cookie of it
		case seen != nil:
			// The page that is kept bears no one's password.
			nobody, _ := loginCall(who.RequestAs(route, actor.Account{Name: "ATTACKERS-NAME", Password: secret.New("ATTACKERS-PASSWORD")}), t.Base, route.Path)
			opts = append(opts, seen.proved(t.Browser.Keep(loginPage(nobody, s.Ref, try)))...)
		default:
			opts = append(opts, t.unproved)
		}
		t.Handler.Finding(t.finding("login-forgeable", &s.Ref,
			t.sayf("A page of another site logs the victim in as the attacker: %s accepts the login as a %s and sets the cookie %s.", s.Ref, try.Shape, cookie.Name), opts...))
		return true, nil
	}
	return false, nil
}

// loginPage is the attacker's page that sends a login.
func loginPage(call *Call, ref finding.OperationRef, try *Try) browser.Attack {
	r, _ := call.Forged().Encode(try.Shape) // which this shape can carry
	return browser.Attack{Position: try.Position, Shape: try.Shape, Method: r.Method, URL: r.URL.String(), ContentType: r.Header.Get("Content-Type"), Body: r.Body,
		Operation: ref.String(), Picture: true, Referrer: try.Referrer}
}
