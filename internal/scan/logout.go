package scan

import (
	"context"
	"errors"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/attack"
)

// logouts exercises each logout and puts it through the gate, each time in a
// session of its own.
func (s *session) logouts(ctx context.Context) error {
	for _, u := range s.a.uses {
		if !s.a.t.IsLogout(u.subject) {
			continue
		}
		if err := s.logout(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) logout(ctx context.Context, u *use) error {
	a, t, sub := s.a, s.a.t, u.subject
	sub.ChangesState = true
	if sub.Reason = a.excused(u); sub.Reason != "" || t.Victim.Given != nil {
		if sub.Reason == "" {
			sub.Reason = "it would end the session that was given, and the scan cannot log in by itself"
		}
		return nil
	}
	again := false // one session takes many of these logouts
	sub.Fresh = func(ctx context.Context) (*attack.Call, error) {
		var err error
		if again {
			_, err = s.standing(ctx)
		} else {
			_, err = t.Victim.Login(ctx)
		}
		if err != nil {
			return nil, err
		}
		r, err := a.build(u, nil)
		if err != nil {
			return nil, err
		}
		return &attack.Call{Request: r, Base: t.Base}, nil
	}
	session, err := s.standing(ctx)
	if err != nil {
		if ctx.Err() == nil {
			sub.Reason = "no session is left to end: " + s.red.Redact(err.Error())
		}
		return ctx.Err()
	}
	if err := a.exercise(ctx, u); err != nil {
		return err
	}
	if sub.Exercised {
		if again, err = s.survives(ctx, sub, session); err != nil {
			return err
		}
		if err := t.Pass(ctx, sub); err != nil {
			return err
		}
	}
	if err := t.LogoutMatrix(ctx, sub); err != nil {
		return err
	}
	// The session is over; what follows needs one.
	_, err = s.standing(ctx)
	if errors.Is(err, actor.ErrLogin) {
		s.c.Note("after the logout the victim could not log in again: " + s.red.Redact(err.Error()))
		return nil
	}
	return err
}

// standing returns the credentials of a session that stands: the victim's, or
// of a new login where nothing shows that this one does.
func (s *session) standing(ctx context.Context) (actor.Credentials, error) {
	t := s.a.t
	creds := t.Victim.Credentials()
	if stands, err := t.Stands(ctx, creds); err != nil || stands {
		return creds, err
	}
	return t.Victim.Login(ctx)
}

// survives reports whether a session goes on after the logout that was called
// in it, and takes another one. Many a logout only takes the cookie away: what
// follows then needs no login each, of which an API may count a few a minute.
func (s *session) survives(ctx context.Context, sub *attack.Subject, session actor.Credentials) (bool, error) {
	t := s.a.t
	for range 2 {
		t.Victim.Resume(session)
		if stands, err := t.Stands(ctx, session); err != nil || !stands {
			return false, err
		}
		if accepted, err := t.Repeats(ctx, sub, session); err != nil || !accepted {
			return false, err
		}
	}
	return true, nil
}
