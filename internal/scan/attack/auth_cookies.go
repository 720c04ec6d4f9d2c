package attack

import (
	"context"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// FindAuthCookies finds out which cookies authenticate the victim: those
// without which a read operation refuses.
func (t *Target) FindAuthCookies(ctx context.Context) error {
	s := t.Witness(takesCookie)
	if s == nil || s.ChangesState {
		return nil
	}
	creds := t.Victim.Credentials()
	var names []string
	cookies := creds.Cookies(s.Call.URL())
	if len(cookies) == 1 {
		t.AuthCookies = []string{cookies[0].Name}
		return nil
	}
	for _, c := range cookies {
		less := creds.Clone()
		less.Jar = creds.Jar.Only(func(o client.Cookie) bool { return o.Name != c.Name })
		res, err := t.legit(ctx, s.Call, less, actor.Use{Cookie: true})
		if err != nil {
			return err
		}
		if s.Judge.Read(res) != Accepted {
			names = append(names, c.Name)
		}
	}
	if len(names) > 0 {
		t.AuthCookies = names
	}
	return nil
}
