package attack

import (
	"context"
	"fmt"
	"net/http"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// logoutForgeable sends the logout as a page of another site does, with the
// cookies that travel from there. It got through where the answer to a
// navigation takes an authenticating cookie away, which browsers obey
// whatever its SameSite, or where the session is refused from then on.
func logoutForgeable(ctx context.Context, t *Target) error {
	s := t.Logout
	if s == nil || t.ReadOnly || !s.Exercised || !s.ChangesState && s.Ref.Method != http.MethodGet {
		return nil
	}
	shapes := []finding.Shape{finding.Form, finding.Blob}
	switch s.Ref.Method {
	case http.MethodGet:
		shapes = []finding.Shape{finding.Navigate}
	case http.MethodPost:
	default:
		return nil
	}
	for _, pos := range []finding.Position{finding.CrossSite, finding.SameSite} {
		for _, shape := range shapes {
			how, res, err := t.logsOut(ctx, s, pos, shape)
			if err != nil {
				return err
			}
			if how == "" {
				continue
			}
			where := "of another site"
			if pos == finding.SameSite {
				where = "of a same-site origin"
			}
			t.report("logout-forgeable", s, fmt.Sprintf("A page %s logs the victim out: %s is accepted from there, and %s.", where, s.Ref, how),
				evidence(t.labelled("the logout sent from there, accepted", res)...))
			return nil
		}
	}
	return nil
}

// logsOut sends the logout from a position; how says in what way the session
// ended, and is empty where it did not.
func (t *Target) logsOut(ctx context.Context, s *Subject, pos finding.Position, shape finding.Shape) (how string, res *client.Response, err error) {
	call, err := s.fresh(ctx) // logs in anew
	if err != nil {
		return "", nil, ctx.Err()
	}
	creds := t.Victim.Credentials()
	if len(creds.Jar.Cookies()) == 0 {
		return "", nil, nil // no cookie, no session that another site could end
	}
	r, ok := call.Encode(shape)
	if !ok {
		return "", nil, nil
	}
	jar := creds.Jar.Only(func(c client.Cookie) bool {
		return c.Matches(r.URL) && Travels(c, pos, shape, t.Base).Sent
	})
	dress(r.Header, pos, shape, r.Method, r.URL)
	actor.AddCookies(r.Header, jar.Header(r.URL))
	res, err = t.Client.Do(ctx, r)
	if err != nil || res.Status >= 400 || s.Judge.Read(res) == Refused && s.Credential != finding.CredentialNone {
		return "", nil, err
	}
	for _, c := range client.SetCookies(res) {
		_, held := creds.Jar.Get(c.Name)
		if held && (c.Deleted() || c.Value == "") && t.Authenticates(c.Name) && (topLevel(shape) || pos == finding.SameSite) {
			return "the answer takes the cookie " + c.Name + " away", res, nil
		}
	}
	w := t.Witness(takesCookie)
	if w == nil || w.ChangesState || jar.Header(r.URL) == "" {
		return "", nil, nil
	}
	after, err := t.legit(ctx, w.Call, creds, actor.Use{Cookie: true, CSRF: true})
	if err != nil || w.Judge.Read(after) != Refused {
		return "", nil, err
	}
	return "the session is refused from then on", res, nil
}
