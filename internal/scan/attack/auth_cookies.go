package attack

import (
	"context"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// FindAuthCookies finds out which cookies authenticate the victim: those
// without which a read operation refuses, or, where it refuses without none
// of them, those each of which is enough.
func (t *Target) FindAuthCookies(ctx context.Context) error {
	s := t.Witness(takesCookie)
	if s == nil || s.ChangesState {
		return nil
	}
	creds := t.Victim.Credentials()
	cookies := creds.Cookies(s.Call.URL())
	if len(cookies) == 1 {
		t.AuthCookies = []string{cookies[0].Name}
		return nil
	}
	accepted := func(keep func(client.Cookie) bool) (bool, error) {
		some := creds.Clone()
		some.Jar = creds.Jar.Only(keep)
		res, err := t.legit(ctx, s.Call, some, actor.Use{Cookie: true})
		return err == nil && s.Judge.Read(res) == Accepted, err
	}
	var needed []string
	for _, c := range cookies {
		ok, err := accepted(func(o client.Cookie) bool { return o.Name != c.Name })
		if err != nil {
			return err
		}
		if !ok {
			needed = append(needed, c.Name)
		}
	}
	if len(needed) > 0 {
		t.AuthCookies = needed
		return nil
	}
	var enough []string
	for _, c := range cookies {
		ok, err := accepted(func(o client.Cookie) bool { return o.Name == c.Name })
		if err != nil {
			return err
		}
		if ok {
			enough = append(enough, c.Name)
		}
	}
	if len(enough) > 0 {
		t.AuthCookies, t.AnyAuthCookie = enough, true
	}
	return nil
}
