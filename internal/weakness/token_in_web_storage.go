package weakness

var tokenInWebStorage = Weakness{
	ID:       "token-in-web-storage",
	Title:    "Token kept in web storage",
	Severity: Medium,
	CWE:      []int{922},
	InSource: true,
	OnWire:   true,

	What:   "The frontend keeps a token in localStorage or sessionStorage. This is not open to CSRF: nothing there is attached to a request by the browser. It is open to theft: any script that runs in the page can read it and use it elsewhere.",
	Attack: "Injected script, or a compromised dependency, reads the storage and sends the token away.",
	Sure:   "scan: a value with the form of a JWT was seen in the page's storage after login. audit: a setItem in the frontend stores what a login answered.",
	Bad:    "localStorage.setItem(\"access_token\", data.access_token)",
	Good:   "let accessToken = data.access_token   // in memory; or no token in the browser at all, behind the guard",
	Remedy: Remedy{
		FastAPI: "Keep the token in memory and renew it by an HttpOnly refresh cookie whose endpoint checks Origin; or leave it on the server (the backend-for-frontend pattern).",
		Guard:   "The guard keeps the JWT on its side; the browser has nothing to store.",
		Go:      "session.Manager holds the token in the server-side session.",
	},
	References: []Reference{
		{"OAuth 2.0 for Browser-Based Applications", "https://datatracker.ietf.org/doc/draft-ietf-oauth-browser-based-apps/"},
	},
}
