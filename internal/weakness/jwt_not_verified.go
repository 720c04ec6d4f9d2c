package weakness

var jwtNotVerified = Weakness{
	ID:       "jwt-not-verified",
	Title:    "JWT whose signature is not verified",
	Severity: Critical,
	CWE:      []int{347},
	InSource: true,
	OnWire:   true,

	What:   "The API acts on a JWT whose signature it does not check. Anyone can write a token for any user.",
	Attack: "The attacker changes \"sub\" in any token, or writes one, and sends it.",
	Sure:   "scan: a token with a changed signature was accepted in every place where the untouched one was, and no token at all was refused. audit: the decode that feeds the route has verification turned off.",
	Bad:    "payload = jwt.decode(token, options={\"verify_signature\": False})",
	Good:   "payload = jwt.decode(token, KEY, algorithms=[\"HS256\"], audience=\"bank\")",
	Remedy: Remedy{
		FastAPI: "Verify with the key and a fixed list of algorithms before reading any claim.",
		Guard:   "With a key in its jwt settings the guard verifies every bearer that passes through it, and the tokens of a login.",
		Go:      "jwt.Verifier verifies before it gives claims; there is no function that decodes without a key except the inspection tool.",
	},
	References: []Reference{
		{"RFC 8725, section 3.3", "https://www.rfc-editor.org/rfc/rfc8725#section-3.3"},
	},
}
