package weakness

var csrfTokenIgnored = Weakness{
	ID:       "csrf-token-ignored",
	Title:    "CSRF token that is not required",
	Severity: High,
	CWE:      []int{352, 807},
	InSource: true,
	OnWire:   true,

	What:   "The API hands out a CSRF token but does not insist on it: a request without the token, with an empty one, or with another method is accepted.",
	Attack: "The forged request leaves the token out.",
	Sure:   "The request with the right token was accepted (control), and so was the same request without it, with an empty one, or with a wrong one.",
	Bad: `token = request.headers.get("x-csrf-token")
if token and token != request.cookies["csrf_token"]:
    raise HTTPException(403)`,
	Good: `token = request.headers.get("x-csrf-token") or ""
if not hmac.compare_digest(token, expected_for(session)):
    raise HTTPException(403)`,
	Remedy: Remedy{
		FastAPI: "Refuse when the token is missing or empty. Put the check in a dependency of the app or router; a library's check must be called in each route that it is to guard.",
		Guard:   "The guard refuses a missing, empty or wrong X-CSRF-Token with 403 before the request reaches the API.",
		Go:      "csrf.Protection.Check denies what is missing; there is no setting that lets an absent token pass.",
	},
	References: []Reference{
		{"OWASP CSRF Prevention Cheat Sheet", "https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html"},
	},
}
