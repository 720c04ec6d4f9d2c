package attack

import (
	"context"
	"time"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// Lifetimes past which a token is long-lived: the catalogue's.
const (
	shortLife = 15 * time.Minute
	longLife  = 24 * time.Hour
)

// jwtLifetime reads exp from the victim's token: absent is jwt-no-expiry, far
// off is jwt-long-lived. Nothing is sent.
func jwtLifetime(_ context.Context, t *Target) error {
	for _, h := range t.tokensTested {
		exp, ok := h.jws.when("exp")
		if !ok {
			t.report("jwt-no-expiry", nil, t.sayf("The token in %s has no exp claim: stolen once, it works for ever.", h),
				evidence(t.claims(h.jws)))
			return nil
		}
		start, ok := h.jws.when("iat")
		if !ok || start.After(exp) {
			start = t.loggedIn()
		}
		life := exp.Sub(start).Round(time.Second)
		switch {
		case life > longLife+time.Minute:
			t.report("jwt-long-lived", nil, t.sayf("The token in %s lives for %s.", h, days(life)), evidence(t.claims(h.jws)))
			return nil
		case life > shortLife+time.Minute && !t.Refresh:
			t.report("jwt-long-lived", nil, t.sayf("The token in %s lives for %s, and the API shows no refresh that would let it be shorter.", h, days(life)),
				severity(weakness.Low), evidence(t.claims(h.jws)))
			return nil
		}
	}
	return nil
}

// loggedIn returns when the victim's token was handed out.
func (t *Target) loggedIn() time.Time {
	if login, _ := t.Victim.Answer(); login != nil {
		return login.At // of the last login, of which there may be many
	}
	return t.LoggedIn
}

// claims shows when a token was made and when it ends; the rest of it is the
// victim's.
func (t *Target) claims(j *jws) finding.Evidence {
	text := "alg: " + j.alg() + "\n"
	for _, c := range []string{"iat", "nbf", "exp"} {
		if when, ok := j.when(c); ok {
			text += c + ": " + when.UTC().Format(time.RFC3339) + "\n"
		} else {
			text += c + ": absent\n"
		}
	}
	return finding.Evidence{Kind: finding.ResponseEvidence, Text: text}
}
