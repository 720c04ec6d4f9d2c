package weakness

var forgeableOperation = Weakness{
	ID:       "forgeable-operation",
	Title:    "State-changing operation that runs on a cookie alone",
	Severity: High,
	CWE:      []int{352},
	InSource: true,
	OnWire:   true,

	What: `An operation that changes state accepts a cookie as its only credential, and nothing in the request proves that the API's own page sent it. A browser attaches cookies by itself, so any other site that a logged-in user opens can make the browser perform the operation with that user's rights.

Moving the token to localStorage and the Authorization header does end this weakness, whatever is often said: no browser attaches that header by itself. It opens another one (theft by injected script), which is a different trade.

SameSite=Lax or Strict narrows the weakness and does not end it: sibling subdomains and other ports are same-site, Lax lets top-level GET through, and a cookie without the attribute goes along on cross-site POST for two minutes in Chromium.`,
	Attack: "The victim is logged in and opens a page of the attacker. The page submits a hidden form, or calls fetch with credentials, to the operation. The browser adds the victim's cookie; the API sees a request that looks like the victim's own and carries it out. The attacker need not read the answer.",
	Sure:   "scan: the cookie alone was shown to authenticate the operation, the forged request (with exactly the headers that a browser sends from there) was accepted, a control without the credential was refused, and the changed state was read back where the API has an operation to read it. \"proved\" means that a real browser did it. audit: the route reads its token from a cookie, changes state, and no check in force for it looks at a token, Origin, Fetch Metadata or a custom header.",
	Bad: `@app.post("/transfer")
def transfer(t: Transfer, request: Request):
    user = user_of(request.cookies.get("access_token"))
    move_money(user, t.to, t.amount)
    return {"status": "ok"}`,
	Good: `bearer = OAuth2PasswordBearer(tokenUrl="/token")

@app.post("/transfer")
def transfer(t: Transfer, token: str = Depends(bearer)):
    move_money(user_of(token), t.to, t.amount)
    return {"status": "ok"}`,
	Remedy: Remedy{
		FastAPI: "Read the token from the Authorization header only (OAuth2PasswordBearer), or keep the cookie and require two things on every request that changes state: an X-CSRF-Token that is bound to the session, compared with hmac.compare_digest, and an Origin that is exactly your own. Put both in one dependency on the app or router, so that no route can be forgotten.",
		Guard:   "Put countersign guard in front. It keeps the JWT on its side, gives the browser an opaque __Host-Http- cookie, and refuses every state-changing request whose Origin, Fetch Metadata or X-CSRF-Token is not right (403, codes that say which).",
		Go:      "Wrap the handler with csrf.New(...).Handler, and session.Manager for the cookie; or accept the token with jwt.Bearer from the header alone.",
	},
	References: []Reference{
		{"OWASP Cross-Site Request Forgery Prevention Cheat Sheet", "https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html"},
		{"RFC 6265bis, section 8.8 (SameSite)", "https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/"},
		{"OAuth 2.0 for Browser-Based Applications", "https://datatracker.ietf.org/doc/draft-ietf-oauth-browser-based-apps/"},
	},
}
