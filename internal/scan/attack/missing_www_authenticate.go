package attack

import (
	"context"
	"net/http"
)

// missingWWWAuthenticate looks at the 401 of an operation that takes a
// bearer token (RFC 6750 §3: a challenge is a MUST), to a request without one
// and to one with a worthless one.
func missingWWWAuthenticate(ctx context.Context, t *Target) error {
	asked := false
	for _, s := range t.Subjects {
		if s.Refusal == nil || s.Call == nil || !takesHeader(s) {
			continue
		}
		refusal := s.Refusal
		if refusal.Status != http.StatusUnauthorized && !asked {
			asked = true // one reading of a junk token stands for all
			r := s.Call.Wire()
			Own(r.Header, r.Method, r.URL)
			r.Header.Set("Authorization", "Bearer "+junk)
			res, err := t.Client.Do(ctx, r)
			if err != nil {
				return err
			}
			refusal = res
		}
		if refusal.Status == http.StatusUnauthorized && refusal.Header.Get("WWW-Authenticate") == "" {
			t.report("missing-www-authenticate", nil, t.sayf("A 401 does not say how to authenticate: %s answers it without WWW-Authenticate.", s.Ref),
				evidence(t.exchange(refusal)...))
			return nil
		}
	}
	return nil
}
