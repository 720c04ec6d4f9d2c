package weakness

var jwtAlgConfusion = Weakness{
	ID:       "jwt-alg-confusion",
	Title:    "JWT verified with an algorithm that the token chose",
	Severity: Critical,
	CWE:      []int{347},
	InSource: true,
	OnWire:   true,

	What:   "The algorithm comes from the token's header, or the list mixes HMAC with public-key algorithms. A token signed with HS256 and the public key as its secret is then accepted.",
	Attack: "The attacker takes the public key from the JWKS and signs a token of their own with it as an HMAC secret.",
	Sure:   "scan: such a token was accepted, and one signed with another secret was refused. audit: decode is given the header's own algorithm, or a list with both kinds for one key.",
	Bad: `alg = jwt.get_unverified_header(token)["alg"]
payload = jwt.decode(token, PUBLIC_KEY, algorithms=[alg])`,
	Good: "payload = jwt.decode(token, PUBLIC_KEY, algorithms=[\"RS256\"])",
	Remedy: Remedy{
		FastAPI: "Fix the algorithm beside the key.",
		Guard:   "jwt.algorithms and the key are checked against each other at start.",
		Go:      "A jwt.Key carries its algorithm; the header must agree.",
	},
	References: []Reference{
		{"RFC 8725, section 3.1", "https://www.rfc-editor.org/rfc/rfc8725#section-3.1"},
		{"CVE-2016-10555", "https://nvd.nist.gov/vuln/detail/CVE-2016-10555"},
	},
}
