package weakness

var forgeableWhenFresh = Weakness{
	ID:       "forgeable-when-fresh",
	Title:    "Operation that can be forged while a cookie is fresh",
	Severity: Medium,
	CWE:      []int{352},
	InSource: false,
	OnWire:   true,

	What:   "The operation can be forged by a cross-site form only while the cookie is young: Chromium treats a cookie that was set without SameSite as Lax, but sends it on cross-site POST navigations for two minutes after it was set. Browsers that have no such default send it always.",
	Attack: "The attacker's page makes the victim log in afresh (for example by opening a single-sign-on link that refreshes the cookie), and submits the form within two minutes.",
	Sure:   "The forged form was carried out with a fresh cookie, and the same form was blocked by SameSite once the cookie had aged.",
	Bad:    "response.set_cookie(\"access_token\", token, samesite=None)",
	Good:   "response.set_cookie(\"access_token\", token, httponly=True, secure=True, samesite=\"strict\")",
	Remedy: Remedy{
		FastAPI: "Set SameSite=Strict or Lax explicitly, which ends the two-minute exception; and require a CSRF token and check the Origin, since SameSite alone leaves sibling origins and GET.",
		Guard:   "The guard's own cookie is SameSite=Strict, and its checks do not depend on it.",
		Go:      "session.Manager sets SameSite=Strict; csrf refuses the request whatever the cookie's age.",
	},
	References: []Reference{
		{"Chromium: SameSite updates, Lax+POST", "https://www.chromium.org/updates/same-site/faq/"},
	},
}
