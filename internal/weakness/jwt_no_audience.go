package weakness

var jwtNoAudience = Weakness{
	ID:       "jwt-no-audience",
	Title:    "JWT whose audience is not checked",
	Severity: Medium,
	CWE:      []int{1270},
	InSource: true,
	OnWire:   false,

	What:   "The token names an audience that the API does not check, so that a token made for another service of the same issuer works here.",
	Attack: "The attacker uses a token that they rightly hold for one service at another.",
	Sure:   "Tokens are issued with aud, or come from an issuer that serves several, and the decode turns the check off or does not ask for it.",
	Bad:    "jwt.decode(token, KEY, algorithms=[\"RS256\"], options={\"verify_aud\": False})",
	Good:   "jwt.decode(token, KEY, algorithms=[\"RS256\"], audience=\"bank-api\")",
	Remedy: Remedy{
		FastAPI: "Pass audience=\"…\" to decode.",
		Guard:   "Set jwt.audience.",
		Go:      "jwt.VerifierConfig requires an audience unless that is waived by name.",
	},
	References: []Reference{
		{"RFC 8725, section 3.9", "https://www.rfc-editor.org/rfc/rfc8725#section-3.9"},
	},
}
