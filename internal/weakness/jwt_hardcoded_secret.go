package weakness

var jwtHardcodedSecret = Weakness{
	ID:       "jwt-hardcoded-secret",
	Title:    "Signing secret written in source",
	Severity: High,
	CWE:      []int{798},
	InSource: true,
	OnWire:   false,

	What:   "The secret that signs tokens is written in the source, in a settings default or in a committed .env file. Whoever reads the repository, an image layer or a backup can sign tokens for any user.",
	Attack: "The attacker finds the literal and issues tokens with it.",
	Sure:   "The key that reaches the encode or decode call is a literal, also through a settings class, a default of os.getenv, or a committed .env.",
	Bad:    "SECRET_KEY = \"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7\"",
	Good:   "SECRET_KEY = os.environ[\"SECRET_KEY\"]",
	Remedy: Remedy{
		FastAPI: "Read the secret from the environment or a secret store without a default, so that the application does not start without it; and replace the old one, since it is known.",
		Guard:   "jwt.secret_file names a file; a secret cannot be written into the configuration.",
		Go:      "jwt.NewHMACKey takes bytes that you load from outside.",
	},
	References: []Reference{
		{"OWASP Secrets Management Cheat Sheet", "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html"},
	},
}
