package weakness

var jwtExpiredAccepted = Weakness{
	ID:       "jwt-expired-accepted",
	Title:    "Expired JWT that is accepted",
	Severity: Medium,
	CWE:      []int{613},
	InSource: true,
	OnWire:   true,

	What:   "The API accepts a token after its expiry.",
	Attack: "A token that leaked long ago still works.",
	Sure:   "scan: a token whose exp had passed was accepted, and no token was refused. audit: verify_exp is turned off.",
	Bad:    "jwt.decode(token, KEY, algorithms=[\"HS256\"], options={\"verify_exp\": False})",
	Good:   "jwt.decode(token, KEY, algorithms=[\"HS256\"], leeway=30)",
	Remedy: Remedy{
		FastAPI: "Leave verify_exp on, with a leeway of seconds.",
		Guard:   "With a key in its jwt settings the guard checks exp and nbf on every request.",
		Go:      "jwt.Verifier checks times on every use, also of cached tokens.",
	},
	References: []Reference{
		{"RFC 7519, section 4.1.4", "https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4"},
	},
}
