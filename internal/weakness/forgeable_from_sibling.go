package weakness

var forgeableFromSibling = Weakness{
	ID:       "forgeable-from-sibling",
	Title:    "Operation that can be forged from a same-site origin",
	Severity: Medium,
	CWE:      []int{352},
	InSource: false,
	OnWire:   true,

	What:   "The operation cannot be forged from another site, only from another origin of the same site: a sibling subdomain, or another port of the same host. SameSite compares sites, not origins, so it lets these requests carry the cookie.",
	Attack: "The attacker controls or finds script injection on any sibling (a forgotten subdomain, a user-content host, a development server on another port) and sends the request from there.",
	Sure:   "The forged request was accepted from a same-site origin, and blocked by SameSite from a foreign site.",
	Bad: `response.set_cookie("session", token, httponly=True, secure=True, samesite="strict")
# and no check of Origin or of a token anywhere`,
	Good: `def same_origin(request: Request):
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        if request.headers.get("origin") != "https://app.example.com":
            raise HTTPException(403, "foreign origin")

app = FastAPI(dependencies=[Depends(same_origin)])`,
	Remedy: Remedy{
		FastAPI: "Compare the Origin header with your own origin, exactly, on every request that changes state, and require a token that is bound to the session. A dependency on the app covers every route.",
		Guard:   "The guard compares whole origins, never sites; a sibling is foreign unless csrf.trusted_origins names it.",
		Go:      "csrf.Protection refuses Sec-Fetch-Site: same-site unless that exact origin is trusted.",
	},
	References: []Reference{
		{"\"Cookie Crumbles\" (USENIX Security 2023), on same-site attackers", "https://www.usenix.org/conference/usenixsecurity23/presentation/squarcina"},
	},
}
