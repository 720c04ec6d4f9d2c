package weakness

var cookieBroadDomain = Weakness{
	ID:       "cookie-broad-domain",
	Title:    "Token cookie shared with subdomains",
	Severity: Low,
	CWE:      []int{1275},
	InSource: true,
	OnWire:   true,

	What:   "A token cookie has a Domain attribute, so every subdomain receives it, and any subdomain can overwrite it.",
	Attack: "A subdomain that the attacker controls, or can inject script into, reads or replaces the cookie.",
	Sure:   "The Set-Cookie of a cookie that carries a token has a Domain attribute.",
	Bad:    "response.set_cookie(\"access_token\", token, domain=\".example.com\")",
	Good:   "response.set_cookie(\"__Host-access_token\", token, path=\"/\", secure=True, httponly=True, samesite=\"strict\")",
	Remedy: Remedy{
		FastAPI: "Leave domain out; the cookie then belongs to the host alone.",
		Guard:   "The guard's cookie has no Domain.",
		Go:      "session.Manager sets no Domain.",
	},
	References: []Reference{
		{"RFC 6265bis, section 4.1.3 (cookie name prefixes)", "https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/"},
	},
}
