package weakness

var cookieSameSiteMissing = Weakness{
	ID:       "cookie-samesite-missing",
	Title:    "Token cookie without SameSite",
	Severity: Medium,
	CWE:      []int{1275},
	InSource: true,
	OnWire:   true,

	What:   "A cookie that carries a token has no SameSite attribute. Chromium then takes Lax with a two-minute exception for POST; other browsers send the cookie on every cross-site request.",
	Attack: "A cross-site form carries the cookie: in Firefox and Safari always, in Chromium within two minutes after it was set.",
	Sure:   "The Set-Cookie has no SameSite. Starlette's set_cookie says Lax by default, so this takes samesite=None or a header written by hand.",
	Bad:    "response.set_cookie(\"access_token\", token, httponly=True, samesite=None)",
	Good:   "response.set_cookie(\"access_token\", token, httponly=True, secure=True, samesite=\"strict\")",
	Remedy: Remedy{
		FastAPI: "Say samesite=\"strict\" (or \"lax\" where links from other sites must arrive logged in). It is a second line; the CSRF token and Origin check are the first.",
		Guard:   "The guard's cookie is SameSite=Strict.",
		Go:      "session.Manager sets SameSite=Strict.",
	},
	References: []Reference{
		{"RFC 6265bis, section 5.6.7 (SameSite)", "https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/"},
	},
}
