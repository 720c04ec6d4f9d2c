package weakness

var cookieNoHostPrefix = Weakness{
	ID:       "cookie-no-host-prefix",
	Title:    "Token cookie without the __Host- prefix",
	Severity: Low,
	CWE:      []int{1275},
	InSource: true,
	OnWire:   true,

	What:   "A token cookie's name does not begin with __Host- (or __Host-Http-). A sibling subdomain, or plain http, can plant a cookie of the same name, and the API cannot tell which is its own.",
	Attack: "The attacker tosses their own session cookie, or a matching double-submit pair, into the victim's browser from a sibling.",
	Sure:   "The name of a cookie that carries a token has neither prefix.",
	Bad:    "response.set_cookie(\"session\", token, secure=True, httponly=True)",
	Good:   "response.set_cookie(\"__Host-session\", token, path=\"/\", secure=True, httponly=True, samesite=\"strict\")",
	Remedy: Remedy{
		FastAPI: "Rename the cookie to __Host-…, with secure=True, path=\"/\" and no domain; browsers then accept it from this host over https only.",
		Guard:   "The guard's cookie is __Host-Http-session.",
		Go:      "session.Manager's default name is __Host-Http-session; a name without the prefix is refused, but for trials by InsecurePlainHTTP.",
	},
	References: []Reference{
		{"RFC 6265bis, section 4.1.3 (cookie name prefixes)", "https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/"},
	},
}
