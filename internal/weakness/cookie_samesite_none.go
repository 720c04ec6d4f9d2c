package weakness

var cookieSameSiteNone = Weakness{
	ID:       "cookie-samesite-none",
	Title:    "Token cookie with SameSite=None",
	Severity: Medium,
	CWE:      []int{1275},
	InSource: true,
	OnWire:   true,

	What:   "A cookie that carries a token is marked SameSite=None: it goes along on every cross-site request that the browser's third-party-cookie policy lets through, and always on top-level form submissions.",
	Attack: "Any cross-site form submission carries the cookie.",
	Sure:   "The Set-Cookie says SameSite=None.",
	Bad:    "response.set_cookie(\"access_token\", token, httponly=True, secure=True, samesite=\"none\")",
	Good:   "response.set_cookie(\"access_token\", token, httponly=True, secure=True, samesite=\"strict\")",
	Remedy: Remedy{
		FastAPI: "Serve the frontend and the API from one site and say samesite=\"strict\". If a foreign site must embed the API, use bearer tokens there.",
		Guard:   "The guard's cookie is SameSite=Strict.",
		Go:      "session.Manager refuses SameSite=None.",
	},
	References: []Reference{
		{"RFC 6265bis, section 5.6.7 (SameSite)", "https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/"},
	},
}
