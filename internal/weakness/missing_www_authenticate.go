package weakness

var missingWWWAuthenticate = Weakness{
	ID:       "missing-www-authenticate",
	Title:    "401 without a challenge",
	Severity: Info,
	CWE:      []int{1059},
	InSource: true,
	OnWire:   true,

	What:   "A 401 answer does not say which scheme it wants. Clients cannot tell an expired token from a wrong one, and RFC 9110 demands the header.",
	Attack: "None by itself.",
	Sure:   "A request without credentials got 401 without WWW-Authenticate.",
	Bad:    "raise HTTPException(401, \"Invalid token\")",
	Good:   "raise HTTPException(401, \"Invalid token\", headers={\"WWW-Authenticate\": \"Bearer\"})",
	Remedy: Remedy{
		FastAPI: "Pass headers={\"WWW-Authenticate\": \"Bearer\"} with every 401.",
		Guard:   "The guard's own 401 answers carry it.",
		Go:      "package jwt's middleware answers with it.",
	},
	References: []Reference{
		{"RFC 9110, section 11.6.1", "https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1"},
	},
}
