package weakness

var cookieNotHTTPOnly = Weakness{
	ID:       "cookie-not-httponly",
	Title:    "Token cookie that script can read",
	Severity: Medium,
	CWE:      []int{1004},
	InSource: true,
	OnWire:   true,

	What:   "A cookie that carries a token is readable by script. Any injected script can take it away and use it elsewhere until it expires.",
	Attack: "Injected script reads document.cookie and sends it to the attacker.",
	Sure:   "The cookie authenticates or carries a JWT, and its Set-Cookie lacks HttpOnly (Starlette's default is off).",
	Bad:    "response.set_cookie(\"access_token\", token)",
	Good:   "response.set_cookie(\"access_token\", token, httponly=True, secure=True, samesite=\"strict\")",
	Remedy: Remedy{
		FastAPI: "Pass httponly=True. A CSRF token's cookie must stay readable and is not meant here.",
		Guard:   "The guard's session cookie is HttpOnly, and the API's token cookies never reach the browser.",
		Go:      "session.Manager always sets HttpOnly.",
	},
	References: []Reference{
		{"RFC 6265bis, section 5.6.6 (HttpOnly)", "https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/"},
	},
}
