package weakness

var tokenInURL = Weakness{
	ID:       "token-in-url",
	Title:    "Token in a URL",
	Severity: Medium,
	CWE:      []int{598},
	InSource: true,
	OnWire:   true,

	What:   "A token travels in a URL. URLs are kept in histories and logs, shown on screens, and sent on in Referer.",
	Attack: "Someone who can read a proxy's or server's log, or a linked site's Referer, takes the token from there.",
	Sure:   "scan: the API accepts or hands out a token in a query parameter. audit: a route reads its token from a query parameter, or a redirect carries one.",
	Bad: `@app.get("/me")
def me(token: str):
    return user_of(token)`,
	Good: `@app.get("/me")
def me(token: str = Depends(OAuth2PasswordBearer(tokenUrl="/token"))):
    return user_of(token)`,
	Remedy: Remedy{
		FastAPI: "Take tokens from the Authorization header. For WebSockets and downloads use a ticket that works once and for seconds.",
		Guard:   "The guard accepts no credential from a URL.",
		Go:      "jwt.Bearer reads the header only.",
	},
	References: []Reference{
		{"RFC 6750, section 2.3 and 5.3", "https://www.rfc-editor.org/rfc/rfc6750#section-5.3"},
	},
}
