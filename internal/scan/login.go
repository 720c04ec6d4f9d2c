package scan

import (
	"context"
	"errors"
	"slices"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

func (s *session) login(ctx context.Context) error {
	t := s.a.t
	registered := false
	if s.cfg.Victim.Name == "" && s.cfg.Victim.Flow == nil && t.Victim.Given == nil {
		var err error
		if registered, err = s.register(ctx); err != nil {
			return err
		}
	}
	if s.cfg.Victim.Name == "" && s.cfg.Victim.Flow == nil && t.Victim.Given == nil && !registered {
		s.c.Incomplete("no account was given, so nothing behind a login was seen; give one with --user")
		return s.anonymous(ctx)
	}
	s.stage("login", "logging in")
	t.LoggedIn = s.cfg.Clock()
	creds, err := t.Victim.Login(ctx)
	s.markLogins(err == nil)
	if errors.Is(err, actor.ErrLogin) {
		s.c.Incomplete(s.red.Redact(err.Error()))
		return s.anonymous(ctx) // what is public can be seen all the same
	}
	if err != nil {
		return err
	}
	for _, tok := range creds.Tokens {
		t.Refresh = t.Refresh || tok.Refresh
	}
	if err := s.otherLogins(ctx); err != nil {
		return err
	}
	if t.Attacker != nil {
		if _, err := t.Attacker.Login(ctx); err != nil {
			if errors.Is(err, actor.ErrLogin) {
				s.c.Note("the attacker's account could not be used: " + s.red.Redact(err.Error()))
				t.Attacker = nil
				return nil
			}
			return err
		}
	}
	return nil
}

// anonymous goes on as nobody.
func (s *session) anonymous(ctx context.Context) error {
	t := s.a.t
	t.Victim.Given, t.Attacker = &actor.Credentials{Jar: client.NewJar()}, nil
	_, err := t.Victim.Login(ctx)
	return err
}

// otherLogins finds out which further operations log in: each may be forged.
func (s *session) otherLogins(ctx context.Context) error {
	t := s.a.t
	_, first := t.Victim.Answer()
	if first == nil {
		return nil
	}
	if f := t.Victim.Flow; f != nil && len(f.Steps) > 1 {
		return nil // no single request logs in
	}
	t.Logins = []actor.Route{*first}
	for _, r := range t.Victim.Routes {
		if r.Doubtful || slices.ContainsFunc(t.Logins, func(o actor.Route) bool { return o.Method == r.Method && o.Path == r.Path }) {
			continue
		}
		ok, err := t.Victim.Works(ctx, r)
		if err != nil {
			return err
		}
		if ok {
			t.Logins = append(t.Logins, r)
		}
	}
	return nil
}

// markLogins takes for logins what proved to be one. Where none did, it takes
// all that look like one: made-up passwords would only lock accounts.
func (s *session) markLogins(found bool) {
	who := s.a.t.Victim
	_, by := who.Answer()
	for _, u := range s.a.uses {
		is := func(method, path string) bool { return u.op.Method == method && samePath(u.op.Path, path) }
		switch {
		case by != nil && is(by.Method, by.Path),
			who.Flow != nil && s.cfg.Victim.Flow == nil && s.passwordStep(u),
			!found && slices.ContainsFunc(who.Routes, func(r actor.Route) bool { return is(r.Method, r.Path) }):
			u.subject.Login = true
		}
	}
}

// passwordStep reports whether u is the last step of the victim's login.
func (s *session) passwordStep(u *use) bool {
	f := s.a.t.Victim.Flow
	if f == nil || len(f.Steps) < 2 {
		return false
	}
	last := f.Steps[len(f.Steps)-1]
	return u.op.Method == last.Method && samePath(u.op.Path, last.Path)
}

// loggedInBy reports whether the victim can log in by u.
func (s *session) loggedInBy(u *use) bool {
	if s.passwordStep(u) {
		return true
	}
	return slices.ContainsFunc(s.a.t.Logins, func(r actor.Route) bool { return r.Method == u.op.Method && samePath(r.Path, u.op.Path) })
}
