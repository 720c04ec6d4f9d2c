package weakness

var jwtNoExpiry = Weakness{
	ID:       "jwt-no-expiry",
	Title:    "JWT that never expires",
	Severity: Medium,
	CWE:      []int{613},
	InSource: true,
	OnWire:   true,

	What:   "The token has no \"exp\" and works for ever. A stolen one does too, and there is nothing to end it but a new key.",
	Attack: "A token from an old log or backup still works.",
	Sure:   "scan: the token that the login gave has no exp claim. audit: the claims that reach encode have none.",
	Bad:    "jwt.encode({\"sub\": user.name}, KEY, algorithm=\"HS256\")",
	Good:   "jwt.encode({\"sub\": user.name, \"exp\": datetime.now(timezone.utc) + timedelta(minutes=15)}, KEY, algorithm=\"HS256\")",
	Remedy: Remedy{
		FastAPI: "Set exp to 15 minutes and renew by a refresh token.",
		Guard:   "With a key in its jwt settings the guard refuses tokens without exp. Sessions end after idle and absolute times of its own in any case.",
		Go:      "jwt.Issuer sets exp; jwt.Verifier requires it.",
	},
	References: []Reference{
		{"RFC 8725, section 3.10", "https://www.rfc-editor.org/rfc/rfc8725"},
	},
}
