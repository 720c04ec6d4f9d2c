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
	sub.Fresh = func(ctx context.Context) (*attack.Call, error) {
		if _, err := t.Victim.Login(ctx); err != nil {
			return nil, err
		}
		r, err := a.build(u, nil)
		if err != nil {
			return nil, err
		}
		return &attack.Call{Request: r, Base: t.Base}, nil
	}
	if _, err := t.Victim.Login(ctx); err != nil {
		return ctx.Err()
	}
	if err := a.exercise(ctx, u); err != nil {
		return err
	}
	if sub.Exercised {
		if err := t.Pass(ctx, sub); err != nil {
			return err
		}
	}
	if err := t.LogoutMatrix(ctx, sub); err != nil {
		return err
	}
	// The session is over; what follows needs one.
	_, err := t.Victim.Login(ctx)
	if errors.Is(err, actor.ErrLogin) {
		s.c.Note("after the logout the victim could not log in again: " + s.red.Redact(err.Error()))
		return nil
	}
	return err
}
