package attack

import (
	"context"
	"slices"

	"github.com/d710e0ae/countersign/internal/scan/actor"
)

// jwtSurvivesLogout takes a session, logs out as the own page does, and presents
// the token again. Controls: it was accepted before, and the logout
// succeeded. It runs last, since it ends the session.
func jwtSurvivesLogout(ctx context.Context, t *Target) error {
	i := slices.IndexFunc(t.Logouts, func(s *Subject) bool { return s.Exercised })
	if i < 0 || t.ReadOnly {
		return nil
	}
	s := t.Logouts[i]
	if stands, err := t.Stands(ctx, t.Victim.Credentials()); err != nil {
		return err
	} else if !stands {
		if _, err := t.Victim.Login(ctx); err != nil {
			return ctx.Err()
		}
	}
	for _, h := range t.holders() {
		before, _, err := t.present(ctx, h, h.token)
		if err != nil {
			return err
		}
		if before != Accepted {
			continue
		}
		out, err := t.legit(ctx, s.Call, h.creds, actor.Everything)
		if err != nil {
			return err
		}
		if out.Status >= 400 {
			return nil
		}
		after, res, err := t.present(ctx, h, h.token)
		if err != nil {
			return err
		}
		if after == Accepted {
			t.report("jwt-survives-logout", nil, t.sayf("After %s the token still works in %s: a copy of it outlives the session.", s.Ref, h),
				evidence(t.labelled("the logout", out)...),
				evidence(t.labelled("the token after the logout, accepted", res)...))
			return nil
		}
		return nil
	}
	return nil
}
