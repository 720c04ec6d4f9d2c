package scan

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/secret"
)

// register opens accounts of its own where none was given and the API lets
// anyone: a victim, and a second one to attack it. It reports whether there
// is a victim now.
func (s *session) register(ctx context.Context) (bool, error) {
	if s.cfg.ReadOnly || s.cfg.Attacker.Name != "" {
		return false, nil
	}
	for _, op := range actor.FindRegistrations(s.a.doc) {
		if !s.cfg.wanted(op.OperationRef) {
			continue
		}
		victim, err := s.open(ctx, op)
		if err != nil {
			return false, err
		}
		if victim == nil {
			continue
		}
		s.a.t.Victim = victim
		names := victim.Account.Name
		if s.a.t.Attacker, err = s.open(ctx, op); err != nil {
			return false, err
		}
		if other := s.a.t.Attacker; other != nil {
			names += " and " + other.Account.Name
			s.a.pool.Offer("other", other.Account.Name)
		}
		s.c.Note("no account was given; the scan registered " + names + " by " + op.String() + ", and leaves them behind")
		return true, nil
	}
	return false, nil
}

// open registers one account and returns its actor, logged in; nil where that
// cannot be done.
func (s *session) open(ctx context.Context, op *openapi.Operation) (*actor.Actor, error) {
	a := s.a
	a.serial++
	r, err := a.doc.Build(op, a.pool, openapi.BuildOptions{Serial: a.serial, Unique: true})
	if err != nil {
		return nil, nil // the document does not say enough
	}
	for range maxRepairs {
		req := (&attack.Call{Request: r, Base: a.t.Base}).Wire()
		attack.Own(req.Header, req.Method, req.URL)
		res, err := s.cl.Do(ctx, req)
		if err != nil {
			return nil, err
		}
		if res.Status >= 200 && res.Status < 300 || res.Status == http.StatusSeeOther {
			break
		}
		next, ok := a.doc.Repair(op, a.pool, r, res.Status, res.Body)
		if !ok {
			return nil, nil
		}
		r = next
	}
	names, password := actor.Named(r.Value)
	for _, name := range names {
		if strings.ContainsAny(name, " \t") {
			continue // a person's name
		}
		who := a.actor(Account{Name: name, Password: secret.New(password)}, s.cl, &s.red)
		switch _, err := who.Login(ctx); {
		case err == nil:
			return who, nil
		case !errors.Is(err, actor.ErrLogin):
			return nil, err
		}
	}
	return nil, nil
}
