package attack

import (
	"context"
	"net/http"
)

// missingWWWAuthenticate looks at the 401 of an operation that takes a
// bearer token (RFC 6750 §3: a challenge is a MUST).
func missingWWWAuthenticate(_ context.Context, t *Target) error {
	for _, s := range t.Subjects {
		if s.Refusal == nil || s.Refusal.Status != http.StatusUnauthorized || !takesHeader(s) {
			continue
		}
		if s.Refusal.Header.Get("WWW-Authenticate") == "" {
			t.report("missing-www-authenticate", nil, "A 401 does not say how to authenticate: "+s.Ref.String()+" answers it without WWW-Authenticate.",
				evidence(t.exchange(s.Refusal)...))
			return nil
		}
	}
	return nil
}
