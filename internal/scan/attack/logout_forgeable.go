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
	if s == nil || t.ReadOnly || s.Call == nil {
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
	for _, shape := range shapes {
		creds, err := t.Victim.Login(ctx)
		if err != nil {
			return ctx.Err()
		}
		if len(creds.Cookies(t.Base)) == 0 {
			return nil // no cookie, no session that another site could end
		}
		r, ok := s.Call.Encode(shape)
		if !ok {
			continue
		}
		jar := creds.Jar.Only(func(c client.Cookie) bool {
			return c.Matches(r.URL) && Travels(c, finding.CrossSite, shape, t.Base).Sent
		})
		dress(r.Header, finding.CrossSite, shape, r.Method, r.URL)
		actor.AddCookies(r.Header, jar.Header(r.URL))
		res, err := t.Client.Do(ctx, r)
		if err != nil {
			return err
		}
		if res.Status >= 400 {
			continue
		}
		how := ""
		for _, c := range client.SetCookies(res) {
			_, held := creds.Jar.Get(c.Name)
			if held && (c.Deleted() || c.Value == "") && t.Authenticates(c.Name) && topLevel(shape) {
				how = "the answer takes the cookie " + c.Name + " away"
			}
		}
		if how == "" {
			w := t.Witness(takesCookie)
			if w == nil || w.ChangesState {
				continue
			}
			after, err := t.legit(ctx, w.Call, creds, actor.Use{Cookie: true, CSRF: true})
			if err != nil {
				return err
			}
			if w.Judge.Read(after) != Refused {
				continue
			}
			how = "the session is refused from then on"
		}
		t.report("logout-forgeable", s, fmt.Sprintf("A page of another site logs the victim out: %s is accepted from there, and %s.", s.Ref, how),
			evidence(t.labelled("the logout sent from another site, accepted", res)...))
		return nil
	}
	return nil
}
