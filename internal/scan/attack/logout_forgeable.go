package attack

import (
	"context"
	"errors"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/browser"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// logoutForgeable sends the logout as a page of another site does, with the
// cookies that travel from there. It got through where the answer to a
// navigation takes an authenticating cookie away, which browsers obey
// whatever its SameSite, or where the session is refused from then on.
func logoutForgeable(ctx context.Context, t *Target) error {
	for _, s := range t.Logouts {
		if t.ReadOnly || !s.Exercised {
			continue
		}
		if err := t.logoutForgeable(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) logoutForgeable(ctx context.Context, s *Subject) error {
	for _, pos := range []finding.Position{finding.CrossSite, finding.Null, finding.SameSite} {
		for _, try := range s.Forged(pos) {
			how, res, err := t.logsOut(ctx, s, try)
			if err != nil {
				return err
			}
			if how == "" {
				continue
			}
			opts := []option{evidence(t.labelled("the logout sent from there, accepted", res)...)}
			call, err := s.fresh(ctx)
			if err != nil {
				return ctx.Err()
			}
			r, ok := call.Forged().Encode(try.Shape)
			if !ok {
				continue
			}
			page := browser.Attack{Position: pos, Shape: try.Shape, Method: r.Method, URL: r.URL.String(), ContentType: r.Header.Get("Content-Type"), Body: r.Body, Operation: s.Ref.String(), Picture: true, Referrer: try.Referrer}
			seen := t.try(ctx, page, true)
			switch ended, err := t.ended(ctx, seen); {
			case err != nil || seen == nil:
				opts = append(opts, t.unproved)
			case !ended:
				continue
			default:
				opts = append(opts, seen.proved(t.Browser.Keep(page))...)
			}
			where := prose("of another site")
			if pos == finding.SameSite {
				where = "of a same-site origin"
			}
			t.report("logout-forgeable", s, t.sayf("A page %s logs the victim out: %s is accepted from there, and %s.", where, s.Ref, how),
				opts...)
			return nil
		}
	}
	return nil
}

// ended reports whether the browser's session is over: it holds the cookie no
// more, or is refused with it.
func (t *Target) ended(ctx context.Context, seen *Seen) (bool, error) {
	if seen == nil {
		return false, nil
	}
	if len(seen.Held) > 0 && len(seen.Holds) == 0 {
		return true, nil
	}
	w := t.Witness(takesCookie)
	if w == nil || w.ChangesState || w.Refusal == nil {
		return false, errors.New("nothing tells a session from none")
	}
	status, err := t.Browser.Status(ctx, w.Call.URL().String())
	return status == w.Refusal.Status && status != w.Success.Status, err
}

// logsOut sends the logout once more as try did; how says in what way the
// session ended, and is empty where it did not.
func (t *Target) logsOut(ctx context.Context, s *Subject, try *Try) (how prose, res *client.Response, err error) {
	call, err := s.fresh(ctx) // logs in anew
	if err != nil {
		return "", nil, ctx.Err()
	}
	creds := t.Victim.Credentials()
	if len(creds.Jar.Cookies()) == 0 {
		return "", nil, nil // no cookie, no session that another site could end
	}
	r, ok := call.Forged().Encode(try.Shape)
	if !ok {
		return "", nil, nil
	}
	jar := creds.Jar.Only(func(c client.Cookie) bool {
		return c.Matches(r.URL) && Travels(c, try.Position, try.Shape, t.Base).Sent
	})
	dress(r.Header, try.Position, try.Shape, r.Method, r.URL)
	refer(r.Header, try.Referrer, try.Position, try.Shape, t.Base)
	actor.AddCookies(r.Header, jar.Header(r.URL))
	res, err = t.Client.Do(ctx, r)
	if err != nil || res.Status >= 400 || s.Judge.Read(res) == Refused && s.Credential != finding.CredentialNone {
		return "", nil, err
	}
	if gone, ok := t.takenAway(creds, res); ok && (topLevel(try.Shape) || try.Position == finding.SameSite || gone.SameSite == client.SameSiteNone) {
		return t.sayf("the answer takes the cookie %s away", gone.Name), res, nil
	}
	w := t.Witness(takesCookie)
	if w == nil || w.ChangesState || jar.Header(r.URL) == "" {
		return "", nil, nil
	}
	after, err := t.legit(ctx, w.Call, creds, cookieAlone)
	if err != nil || w.Judge.Read(after) != Refused {
		return "", nil, err
	}
	return "the session is refused from then on", res, nil
}
