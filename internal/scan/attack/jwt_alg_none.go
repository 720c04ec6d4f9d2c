package attack

import "context"

// jwtAlgNone presents the victim's claims in a token without a signature
// (RFC 7519 §6; RFC 8725 §2.1). Where no signature is verified at all, that
// is said by jwt-not-verified alone.
func jwtAlgNone(ctx context.Context, t *Target) error {
	if t.unverified {
		return nil
	}
	for _, h := range t.tokensTested {
		for _, token := range h.jws.unsigned() {
			reading, res, err := t.present(ctx, h, token)
			if err != nil {
				return err
			}
			if reading != Accepted {
				continue
			}
			t.report("jwt-alg-none", nil,
				t.sayf("A token without signature, alg none, is accepted in %s by %s.", h, h.on.Ref),
				evidence(t.labelled("the victim's claims in an unsigned token, accepted", res)...))
			return nil
		}
	}
	return nil
}
