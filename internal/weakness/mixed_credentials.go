package weakness

var mixedCredentials = Weakness{
	ID:       "mixed-credentials",
	Title:    "Token taken from a cookie or a header",
	Severity: Medium,
	CWE:      []int{352},
	InSource: true,
	OnWire:   true,

	What:   "The same operation takes its token from the Authorization header or from a cookie. Everything that was built and reviewed for headers, and so without CSRF protection, can thereby be reached with a cookie that browsers attach.",
	Attack: "The attacker ignores the header and forges the request with the cookie, wherever the cookie travels.",
	Sure:   "Each credential alone authenticated the operation, and neither did without.",
	Bad:    "token = request.headers.get(\"authorization\", \"\").removeprefix(\"Bearer \") or request.cookies.get(\"access_token\")",
	Good:   "token = Depends(OAuth2PasswordBearer(tokenUrl=\"/token\"))",
	Remedy: Remedy{
		FastAPI: "Choose one. For an API that scripts call, the header alone. For browsers, the cookie with CSRF protection on every state-changing route; if both must be, let the check apply whenever the header did not authenticate.",
		Guard:   "The guard decides by the header alone when both are there, and skips the CSRF check only when the header authenticates, not because it is present.",
		Go:      "Use jwt.Bearer for header clients; csrf's Session function says whether the credential in use was a cookie.",
	},
	References: []Reference{
		{"RFC 6750, section 2 (one method per request)", "https://www.rfc-editor.org/rfc/rfc6750#section-2"},
	},
}
