// Package attack holds what the scan does to an API once it can use it: the
// gate, the matrix of forged requests, and one attack for each weakness that
// shows on the wire. Every attack has its own controls: a finding needs an
// attempt that succeeded and one that was refused.
package attack

import "context"

// An Attack looks for one weakness, or for a few that the same requests show.
// Run reports what it finds; its error is one of the transport's, which ends
// the scan.
type Attack struct {
	Name string
	// Finds are the weaknesses that it reports.
	Finds []string
	Run   func(ctx context.Context, t *Target) error
}

// All returns every attack, in the order in which they must run: those that
// end the session last.
func All() []Attack {
	return []Attack{
		{"forgery", []string{"forgeable-operation", "forgeable-when-fresh", "forgeable-from-sibling", "get-changes-state"}, forgeable},
		{"mixed credentials", []string{"mixed-credentials"}, mixedCredentials},
		{"CSRF tokens", []string{"csrf-token-ignored", "csrf-token-unbound", "csrf-check-skipped-by-header"}, csrfTokens},
		{"CORS", []string{"cors-credentials-any-origin", "cors-credentials-loose-origin", "cors-any-origin", "cors-no-vary"}, corsOrigins},
		{"cookies", []string{"cookie-not-httponly", "cookie-not-secure", "cookie-samesite-missing", "cookie-samesite-none", "cookie-broad-domain", "cookie-no-host-prefix"}, cookieAttributes},
		{"token in body and cookie", []string{"token-in-body-and-cookie"}, tokenInBodyAndCookie},
		{"token in URL", []string{"token-in-url"}, tokenInURL},
		{"JWT signature", []string{"jwt-not-verified"}, jwtNotVerified},
		{"JWT alg none", []string{"jwt-alg-none"}, jwtAlgNone},
		{"JWT key confusion", []string{"jwt-alg-confusion"}, jwtAlgConfusion},
		{"JWT secret", []string{"jwt-weak-secret"}, jwtWeakSecret},
		{"JWT lifetime", []string{"jwt-no-expiry", "jwt-long-lived"}, jwtLifetime},
		{"JWT expiry", []string{"jwt-expired-accepted"}, jwtExpiredAccepted},
		{"challenge", []string{"missing-www-authenticate"}, missingWWWAuthenticate},
		{"repeated writes", []string{"no-idempotency-key"}, noIdempotencyKey},
		{"WebSockets", []string{"websocket-hijackable"}, websocketHijackable},
		{"login", []string{"login-forgeable"}, loginForgeable},
		{"logout", []string{"logout-forgeable"}, logoutForgeable},
		{"tokens after logout", []string{"jwt-survives-logout"}, jwtSurvivesLogout},
	}
}
