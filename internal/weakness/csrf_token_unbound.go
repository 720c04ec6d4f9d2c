package weakness

var csrfTokenUnbound = Weakness{
	ID:       "csrf-token-unbound",
	Title:    "CSRF token that is not bound to the session",
	Severity: Medium,
	CWE:      []int{352},
	InSource: true,
	OnWire:   true,

	What:   "The CSRF token is not tied to the session: the attacker's own token is accepted in the victim's session, or any cookie-and-header pair that matches is (an unsigned double submit). Whoever can set a cookie from a sibling domain can supply both halves.",
	Attack: "The attacker fetches a token with an account of their own, tosses the matching cookie into the victim's browser from a sibling subdomain, and sends the forged request with that token.",
	Sure:   "The victim's own token was accepted (control), a made-up token was refused, and the token of another session, or a made-up pair, was accepted.",
	Bad: `if request.cookies["csrf_token"] != request.headers["x-csrf-token"]:
    raise HTTPException(403)`,
	Good: `expected = hmac.new(KEY, f"{len(sid)}!{sid}!{len(rnd)}!{rnd}".encode(), hashlib.sha256).hexdigest()
if not hmac.compare_digest(mac, expected):
    raise HTTPException(403)`,
	Remedy: Remedy{
		FastAPI: "Make the token an HMAC over the session's id and a random value (OWASP's signed double submit), or keep it in the server-side session; compare with hmac.compare_digest. Name the cookie __Host-… so that siblings cannot set it.",
		Guard:   "The guard's tokens are an HMAC over its own session's id; another session's token is refused.",
		Go:      "csrf tokens are bound to the session's id by construction.",
	},
	References: []Reference{
		{"\"Cookie Crumbles\" (USENIX Security 2023)", "https://www.usenix.org/conference/usenixsecurity23/presentation/squarcina"},
		{"CVE-2023-45128 (Fiber: token not bound to the session)", "https://nvd.nist.gov/vuln/detail/CVE-2023-45128"},
	},
}
