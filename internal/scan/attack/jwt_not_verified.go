package attack

import "context"

// jwtNotVerified presents the victim's own token with a signature that no key
// ever made. Controls: the token itself is accepted, a token that is none is
// refused.
func jwtNotVerified(ctx context.Context, t *Target) error {
	for _, h := range t.holders() {
		ok, control, err := t.controlled(ctx, h)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		t.tokensTested = append(t.tokensTested, h)
		changed, has := h.jws.resigned()
		if !has {
			continue
		}
		reading, res, err := t.present(ctx, h, changed)
		if err != nil {
			return err
		}
		if reading != Accepted {
			continue
		}
		t.unverified = true
		t.report("jwt-not-verified", nil,
			t.sayf("A token with a changed signature is accepted in %s by %s: whoever writes a token is whoever it names.", h, h.on.Ref),
			evidence(t.labelled("the token as it was handed out, accepted", control)...),
			evidence(t.labelled("the same token with every bit of its signature inverted, accepted too", res)...))
		return nil
	}
	return nil
}
