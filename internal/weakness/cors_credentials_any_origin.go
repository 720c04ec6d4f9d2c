package weakness

var corsCredentialsAnyOrigin = Weakness{
	ID:       "cors-credentials-any-origin",
	Title:    "CORS that lets any origin act with credentials",
	Severity: High,
	CWE:      []int{942, 346},
	InSource: true,
	OnWire:   true,

	What: `CORS lets every origin, or the opaque origin "null", make credentialed requests and read the answers. Preflights then stop nothing: JSON bodies, PUT and DELETE can be forged, and CSRF tokens can be read.

Starlette's CORSMiddleware with allow_origins=["*"] and allow_credentials=True does this: it answers a request that carries a cookie with the caller's own origin.`,
	Attack: "Script on any page calls fetch(url, {credentials: \"include\"}), reads what comes back, and acts with it.",
	Sure:   "scan: with the cookie sent, a made-up origin came back in Access-Control-Allow-Origin together with Access-Control-Allow-Credentials: true on a successful answer. audit: the middleware's arguments say so.",
	Bad:    "app.add_middleware(CORSMiddleware, allow_origins=[\"*\"], allow_credentials=True)",
	Good: `app.add_middleware(CORSMiddleware, allow_origins=["https://app.example.com"], allow_credentials=False,
                   allow_methods=["GET", "POST", "PUT", "DELETE"], allow_headers=["Authorization", "Content-Type"])`,
	Remedy: Remedy{
		FastAPI: "List the origins that need access, whole and exact. Leave allow_credentials off unless cookies must cross origins; never allow \"null\".",
		Guard:   "The guard drops the API's own CORS headers and answers by its own list (cors.origins); a wildcard with credentials is refused at start.",
		Go:      "cors.New refuses \"*\" and \"null\" with credentials.",
	},
	References: []Reference{
		{"Fetch Standard, CORS protocol and credentials", "https://fetch.spec.whatwg.org/#cors-protocol-and-credentials"},
		{"Starlette, CORSMiddleware", "https://www.starlette.io/middleware/#corsmiddleware"},
	},
}
