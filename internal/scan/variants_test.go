package scan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/fastapitest"
	"github.com/d710e0ae/countersign/internal/scan"
)

// TestVariants scans one FastAPI application with its defences and flaws
// switched on and off, and holds every finding to what the switches say.
func TestVariants(t *testing.T) {
	posts := []string{"POST /notes", "POST /notes/{note_id}/archive", "POST /picture", "POST /theme"}
	writes := append([]string{"DELETE /notes/{note_id}", "PATCH /me"}, posts...)
	tokened := append([]string{"POST /auth/logout"}, writes...) // what asks for a CSRF token, where the variant has one
	of := func(weakness string, operations ...string) []string {
		var out []string
		for _, o := range operations {
			out = append(out, weakness+" "+o)
		}
		return out
	}
	// What every variant with a cookie has, besides what it is about.
	cookie := []string{"cookie-no-host-prefix POST /auth/login"}
	lax := append(of("forgeable-from-sibling", posts...), "logout-forgeable POST /auth/logout", "no-idempotency-key POST /notes", cookie[0])
	for _, tc := range []struct {
		on   string
		want []string
	}{
		{"header", nil},
		{"header cors-any", []string{"cors-credentials-any-origin"}},
		{"lax", lax},
		{"strict", lax},
		{"none", slices.Concat(of("forgeable-operation", posts...), []string{"cookie-samesite-none POST /auth/login", "login-forgeable POST /auth/login", "logout-forgeable POST /auth/logout", "no-idempotency-key POST /notes"}, cookie)},
		{"none cors-any", slices.Concat(of("forgeable-operation", writes...), []string{"cookie-samesite-none POST /auth/login", "cors-credentials-any-origin", "login-forgeable POST /auth/login", "logout-forgeable POST /auth/logout", "no-idempotency-key POST /notes"}, cookie)},
		{"unset", slices.Concat(of("forgeable-when-fresh", posts[1:]...), []string{"forgeable-operation POST /notes", "cookie-samesite-missing POST /auth/login", "logout-forgeable POST /auth/logout", "no-idempotency-key POST /notes"}, cookie)},
		{"lax either", slices.Concat(lax, of("mixed-credentials", writes...), []string{"token-in-body-and-cookie POST /auth/login"})},
		{"none double-submit", slices.Concat(of("csrf-token-unbound", tokened...), []string{"cookie-samesite-none POST /auth/login", "login-forgeable POST /auth/login"}, cookie)},
		{"none double-submit skipped-by-header", slices.Concat(of("csrf-token-unbound", tokened...), of("csrf-check-skipped-by-header", tokened...), []string{"cookie-samesite-none POST /auth/login", "login-forgeable POST /auth/login"}, cookie)},
		{"lax session-token", cookie},
		{"lax session-token unbound", append(of("csrf-token-unbound", tokened...), cookie...)},
		{"lax token-unused", append(of("csrf-token-ignored", posts...), lax...)},
		{"lax origin-check", cookie},
		{"lax custom-header", cookie},
		{"lax get-writes", append([]string{"get-changes-state GET /role"}, lax...)},
		{"lax origin-check error-200", append([]string{}, cookie...)},
		{"lax error-200", append([]string{"forgeable-from-sibling POST /soft"}, lax...)},
		{"lax origin-check cors-string", append([]string{"cors-credentials-loose-origin"}, cookie...)},
		{"lax origin-check cors-dot", append([]string{"cors-credentials-loose-origin"}, cookie...)},
		{"lax origin-check cors-suffix", append([]string{"cors-credentials-loose-origin"}, cookie...)},
		{"lax origin-check cors-subdomains", cookie},
		{"lax origin-check cors-list", cookie},
		{"header weak-secret", []string{"jwt-weak-secret"}},
		{"header weak-secret expired-accepted", []string{"jwt-expired-accepted", "jwt-weak-secret"}},
		{"header not-verified", []string{"jwt-not-verified"}},
		{"header alg-none", []string{"jwt-alg-none"}},
		{"header no-expiry", []string{"jwt-no-expiry"}},
		{"header long-lived", []string{"jwt-long-lived"}},
		{"header survives", []string{"jwt-survives-logout"}},
		{"header no-challenge", []string{"missing-www-authenticate"}},
		{"header query", []string{"token-in-url GET /me"}},
	} {
		t.Run(strings.ReplaceAll(tc.on, " ", ","), func(t *testing.T) {
			t.Parallel()
			srv := fastapitest.Start(t, "testdata/variants.py", "VARIANT="+tc.on)
			r := run(t, scan.Config{Target: srv.URL, Victim: alice, Attacker: mallory})
			compareFindings(t, r, tc.want)
			for _, o := range r.Operations {
				if !o.Exercised {
					t.Errorf("not exercised: %s: %s", o, o.Reason)
				}
			}
			noSecrets(t, r, "wonderland-7", "looking-glass-9")
		})
	}
}
