package weakness

var jwtLongLived = Weakness{
	ID:       "jwt-long-lived",
	Title:    "JWT that lives too long",
	Severity: Medium,
	CWE:      []int{613},
	InSource: true,
	OnWire:   true,

	What:   "The token works for longer than it should: more than 15 minutes without a way to renew it is told as low, more than 24 hours as medium. A token cannot be taken back before it expires, unless the API keeps a list.",
	Attack: "A stolen token serves until it expires.",
	Sure:   "exp minus iat (or minus the time of the login) of the token that the login gave, or the lifetime that the source adds.",
	Bad:    "ACCESS_TOKEN_EXPIRE_MINUTES = 60 * 24 * 8",
	Good:   "ACCESS_TOKEN_EXPIRE_MINUTES = 15",
	Remedy: Remedy{
		FastAPI: "15 minutes, with a refresh token that rotates.",
		Guard:   "Sessions end after idle and absolute times of the guard's own, whatever the token says.",
		Go:      "jwt.Issuer's default lifetime is 15 minutes.",
	},
	References: []Reference{
		{"RFC 9700 (OAuth 2.0 Security Best Current Practice)", "https://www.rfc-editor.org/rfc/rfc9700"},
	},
}
