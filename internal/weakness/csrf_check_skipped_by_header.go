package weakness

var csrfCheckSkippedByHeader = Weakness{
	ID:       "csrf-check-skipped-by-header",
	Title:    "CSRF check that a header turns off",
	Severity: High,
	CWE:      []int{352, 807},
	InSource: true,
	OnWire:   true,

	What:   "A header turns the CSRF check off without being what authenticates: a junk Authorization header, an X-Requested-With, a User-Agent, a Content-Type that any page can send. The request still authenticates by its cookie.",
	Attack: "Where CORS lets the header through, or a proxy or plugin adds it, the forged request carries it and the check does not run.",
	Sure:   "Cookie and no token was refused (control); cookie, no token and the junk header was accepted.",
	Bad: `if "authorization" in request.headers:
    return await call_next(request)   # "an API client, no CSRF here"`,
	Good: "user = verify_bearer(request)          # raises unless the header authenticates",
	Remedy: Remedy{
		FastAPI: "Skip the check only after the header itself has authenticated the request, and then take the user from the header and not from the cookie.",
		Guard:   "A header that does not verify is answered with 401; it never switches the check off.",
		Go:      "csrf asks your Session function whether a cookie-borne session is in use, not whether a header is present.",
	},
	References: []Reference{
		{"OWASP CSRF Prevention Cheat Sheet", "https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html"},
	},
}
