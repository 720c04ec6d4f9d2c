package attack

import (
	"context"
	"time"
)

// longestWait is how long the scan waits for a token to run out.
const longestWait = 20 * time.Second

// jwtExpiredAccepted presents an expired token that is else in order. One can
// be had where the secret was found, or where the victim's own token ends
// within the scan. Control: the same token not yet expired is accepted.
func jwtExpiredAccepted(ctx context.Context, t *Target) error {
	if t.unverified {
		return nil // who accepts any signature is not asked for dates
	}
	for _, h := range t.tokensTested {
		if _, has := h.jws.when("exp"); !has {
			continue
		}
		expired := ""
		if t.secret != nil && h.jws.signedBy(t.secret) {
			now := time.Now()
			claims := with(h.jws.claims, "exp", now.Add(5*time.Minute).Unix())
			ok, _, err := t.present(ctx, h, hs(h.jws.alg(), h.jws.header, claims, t.secret))
			if err != nil {
				return err
			}
			if ok != Accepted {
				continue
			}
			claims = with(claims, "exp", now.Add(-48*time.Hour).Unix())
			for _, c := range []string{"iat", "nbf"} {
				if _, has := claims[c]; has {
					claims[c] = now.Add(-49 * time.Hour).Unix()
				}
			}
			expired = hs(h.jws.alg(), h.jws.header, claims, t.secret)
		} else if exp, _ := h.jws.when("exp"); time.Until(exp) < longestWait {
			// The token itself runs out within the scan's patience.
			select {
			case <-time.After(time.Until(exp) + 2*time.Second):
			case <-ctx.Done():
				return ctx.Err()
			}
			expired = h.token
		}
		if expired == "" {
			continue
		}
		reading, res, err := t.present(ctx, h, expired)
		if err != nil {
			return err
		}
		if reading == Accepted {
			t.report("jwt-expired-accepted", nil, t.sayf("A token whose exp has passed is accepted in %s by %s.", h, h.on.Ref),
				evidence(t.labelled("an expired token, accepted", res)...))
			return nil
		}
	}
	return nil
}
