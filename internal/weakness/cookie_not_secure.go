package weakness

var cookieNotSecure = Weakness{
	ID:       "cookie-not-secure",
	Title:    "Token cookie sent over plain http",
	Severity: Medium,
	CWE:      []int{614},
	InSource: true,
	OnWire:   true,

	What:   "A cookie that carries a token is also sent over plain http, where anyone on the way can read or replace it.",
	Attack: "Someone on the network makes the browser load any http:// page of the host and reads the cookie.",
	Sure:   "The cookie authenticates or carries a JWT, and its Set-Cookie lacks Secure (Starlette's default is off).",
	Bad:    "response.set_cookie(\"access_token\", token, httponly=True)",
	Good:   "response.set_cookie(\"access_token\", token, httponly=True, secure=True, samesite=\"strict\")",
	Remedy: Remedy{
		FastAPI: "Pass secure=True. Browsers accept Secure cookies over http on localhost, so it need not be off for development.",
		Guard:   "The guard's cookie is Secure by its __Host- prefix, without which a browser refuses it.",
		Go:      "session.Manager sets Secure; leave session.Config.InsecurePlainHTTP to trials.",
	},
	References: []Reference{
		{"RFC 6265bis, section 5.6.5 (Secure)", "https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/"},
	},
}
