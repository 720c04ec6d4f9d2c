package weakness

var jwtWeakSecret = Weakness{
	ID:       "jwt-weak-secret",
	Title:    "Signing secret that can be guessed",
	Severity: Critical,
	CWE:      []int{521, 1391},
	InSource: true,
	OnWire:   true,

	What:   "The secret that signs tokens is short or well known. One token is enough to try guesses offline, millions a second; then any token can be forged.",
	Attack: "The attacker runs a word list against the signature of any token.",
	Sure:   "scan: the secret was found offline in a list of well-known ones, and a token signed with it was accepted. audit: the literal or default is short or on that list.",
	Bad:    "SECRET = os.getenv(\"JWT_SECRET\", \"changeme\")",
	Good:   "SECRET = os.environ[\"JWT_SECRET\"]   # 32 random bytes or more: openssl rand -hex 32",
	Remedy: Remedy{
		FastAPI: "Use at least 32 random bytes for HS256 (RFC 7518, section 3.2), without a default.",
		Guard:   "A secret shorter than its hash is refused at start.",
		Go:      "jwt.NewHMACKey refuses a secret shorter than its hash.",
	},
	References: []Reference{
		{"RFC 8725, section 3.5", "https://www.rfc-editor.org/rfc/rfc8725#section-3.5"},
		{"RFC 7518, section 3.2", "https://www.rfc-editor.org/rfc/rfc7518#section-3.2"},
	},
}
