package weakness

var jwtAlgNone = Weakness{
	ID:       "jwt-alg-none",
	Title:    "Unsigned JWT that is accepted",
	Severity: Critical,
	CWE:      []int{347},
	InSource: true,
	OnWire:   true,

	What:   "The API accepts an unsigned token (\"alg\": \"none\", in any spelling).",
	Attack: "The attacker takes a token apart, sets alg to none, changes the claims, and leaves the signature empty.",
	Sure:   "An unsigned copy of the victim's token was accepted, and no token was refused.",
	Bad:    "payload = jwt.decode(token, KEY, algorithms=[\"HS256\", \"none\"])",
	Good:   "payload = jwt.decode(token, KEY, algorithms=[\"HS256\"])",
	Remedy: Remedy{
		FastAPI: "Name the one algorithm that your key is for.",
		Guard:   "The guard has no algorithm \"none\".",
		Go:      "Package jwt binds the algorithm to the key and knows no \"none\".",
	},
	References: []Reference{
		{"RFC 8725, section 3.1 and 3.2", "https://www.rfc-editor.org/rfc/rfc8725#section-3.1"},
	},
}
