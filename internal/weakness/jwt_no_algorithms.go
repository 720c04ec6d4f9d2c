package weakness

var jwtNoAlgorithms = Weakness{
	ID:       "jwt-no-algorithms",
	Title:    "JWT decoded without a list of algorithms",
	Severity: Medium,
	CWE:      []int{347},
	InSource: true,
	OnWire:   false,

	What:   "The decode call does not say which algorithms are allowed. Old or other libraries then take the token's word for it.",
	Attack: "See jwt-alg-none and jwt-alg-confusion.",
	Sure:   "The call that verifies has no algorithms argument, or None.",
	Bad:    "payload = jwt.decode(token, KEY)",
	Good:   "payload = jwt.decode(token, KEY, algorithms=[\"HS256\"])",
	Remedy: Remedy{
		FastAPI: "Pass algorithms=[\"HS256\"] (or the one that your key is for).",
		Guard:   "A key in the guard's jwt settings has its algorithm: jwt.algorithms is demanded for public keys, and HS256 is meant for a secret.",
		Go:      "A jwt.Key carries its algorithm.",
	},
	References: []Reference{
		{"RFC 8725, section 3.1", "https://www.rfc-editor.org/rfc/rfc8725#section-3.1"},
	},
}
