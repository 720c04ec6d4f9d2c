package scan

import (
	"context"
	"slices"

	"github.com/d710e0ae/countersign/internal/finding"
)

// judge puts every operation through the gate and the matrix.
func (s *session) judge(ctx context.Context) error {
	a, t := s.a, s.a.t
	// Reads first: they teach which cookies authenticate, and serve as
	// oracles for the rest.
	for _, u := range a.uses {
		if !u.subject.Exercised || u.subject.Login || !u.op.Safe() && u.subject.ChangesState || t.IsLogout(u.subject) {
			continue
		}
		if err := s.lasting(t.Pass(ctx, u.subject)); err != nil {
			return err
		}
	}
	if err := s.lasting(t.FindAuthCookies(ctx)); err != nil {
		return err
	}
	if len(s.cfg.Headers) > 0 {
		if err := s.lasting(t.FindWay(ctx)); err != nil {
			return err
		}
	}
	if !s.cfg.ReadOnly {
		if err := s.lasting(a.changingGETs(ctx)); err != nil {
			return err
		}
	}
	// Until now a reading might have been what moves another.
	a.reader.Acts = func() int { return s.cl.Acted() + a.shown }
	n := 0
	for i, u := range a.uses {
		sub := u.subject
		s.c.Progress(finding.Progress{Stage: "attack", Text: u.op.String(), Done: i, Total: len(a.uses)})
		if u.outside {
			continue
		}
		if !sub.Exercised && !sub.Login && !t.IsLogout(sub) && u.refused != nil {
			if err := s.lasting(t.PassRefused(ctx, sub, a.call(u, u.refused), u.refusal)); err != nil {
				return err
			}
		}
		if !t.IsLogout(sub) && sub.Exercised && !sub.Login && sub.ChangesState {
			if err := s.lasting(s.gate(ctx, u)); err != nil {
				return err
			}
			if sub.Credential == finding.CredentialUnknown && sub.Reason == "" {
				sub.Reason = "the API gave no answer when it was asked what authenticates this"
			}
		}
		switch {
		case t.IsLogout(sub):
		case sub.Login:
			continue // last of all: it may end the victim's session
		default:
			if err := s.lasting(t.Matrix(ctx, sub)); err != nil {
				return err
			}
		}
		s.tell(u)
		n++
	}
	return nil
}

// gate puts a state-changing operation through the gate, and learns whether
// its effect can be read back.
func (s *session) gate(ctx context.Context, u *use) error {
	sub := u.subject
	if sub.Credential != finding.CredentialUnknown {
		return nil // a GET, which has passed before
	}
	a := s.a
	a.observe(u)
	// What shows the very thing that each call uses up tells by itself; of
	// the rest it is learnt whether a legitimate call shows in it.
	itself := len(u.watches) > 0 && !slices.ContainsFunc(u.watches, func(w watch) bool { return !w.own(u) })
	look := func(read func(watch) (string, error)) ([]string, error) {
		out := make([]string, len(u.watches))
		for i, w := range u.watches {
			text, err := read(w)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err == nil {
				out[i] = text
			}
		}
		return out, nil
	}
	glance := func(w watch) (string, error) { return a.reader.Glance(ctx, w.at(u)) }
	read := func(w watch) (string, error) { return a.reader.Read(ctx, []string{w.at(u)}) }
	var before, after []string
	var err error
	if !itself {
		if before, err = look(glance); err != nil {
			return err
		}
	}
	if err := a.t.Pass(ctx, sub); err != nil {
		return err
	}
	if sub.Credential != finding.CredentialCookie && sub.Credential != finding.CredentialEither {
		return nil
	}
	if !itself {
		if after, err = look(read); err != nil {
			return err
		}
		if slices.Equal(before, after) && len(u.watches) > 0 {
			// Two calls of what turns a thing on and off come to nothing: one
			// alone shows.
			call, err := sub.Fresh(ctx)
			if err != nil {
				return ctx.Err()
			}
			if _, err := a.t.Victim.Do(ctx, call.WithToken(a.t.Victim.CSRFValue()).Wire()); err != nil {
				return err
			}
			if after, err = look(read); err != nil {
				return err
			}
		}
		kept := u.watches[:0]
		for i, w := range u.watches {
			if before[i] != after[i] && before[i] != "" && after[i] != "" {
				kept = append(kept, w)
			}
		}
		u.watches = kept
	}
	sub.Sensitive = len(u.watches) > 0
	return nil
}

// tell reports an operation and its verdicts.
func (s *session) tell(u *use) {
	if u.outside {
		return
	}
	sub := u.subject
	s.c.Operation(finding.Operation{OperationRef: sub.Ref, ChangesState: sub.ChangesState, Exercised: sub.Exercised, Credential: sub.Credential, Reason: s.red.Redact(sub.Reason)})
	redacted := map[string]string{} // most reasons are those of several cells
	for _, try := range sub.Tries {
		reason, ok := redacted[try.Reason]
		if !ok {
			reason = s.red.Redact(try.Reason)
			redacted[try.Reason] = reason
		}
		try.Reason = reason
		s.c.Verdict(try.Verdict)
	}
}
