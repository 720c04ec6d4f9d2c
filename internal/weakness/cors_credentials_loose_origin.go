package weakness

var corsCredentialsLooseOrigin = Weakness{
	ID:       "cors-credentials-loose-origin",
	Title:    "CORS whose origin check admits foreign origins with credentials",
	Severity: High,
	CWE:      []int{942, 346},
	InSource: true,
	OnWire:   true,

	What:   "CORS with credentials compares origins loosely, so that an origin which an attacker can register or reach passes: a regular expression with an unescaped dot or without an end, a prefix or suffix test, a substring test (Starlette's allow_origins given as a string), a wildcard below a public suffix, or the http origin of an https site.",
	Attack: "The attacker registers app.example.com.attacker.test, or appXexample.com, or sits on the network for the http origin, and makes credentialed requests from there.",
	Sure:   "scan: a mutated origin that is not the API's own was admitted with credentials while a wholly foreign one was not. audit: the pattern admits an origin of another registrable domain.",
	Bad:    "app.add_middleware(CORSMiddleware, allow_origin_regex=\"https://.*example.com\", allow_credentials=True)",
	Good:   "app.add_middleware(CORSMiddleware, allow_origin_regex=r\"https://[a-z0-9-]+\\.example\\.com\", allow_credentials=True)",
	Remedy: Remedy{
		FastAPI: "Prefer a list of whole origins. In allow_origin_regex escape every dot and leave no \".*\" next to the domain; Starlette matches the whole origin. Give allow_origins a list, never a string.",
		Guard:   "cors.origins and csrf.trusted_origins take whole origins, or one subdomain wildcard whose base is no public suffix.",
		Go:      "cors.New compiles exact origins and subdomain wildcards; anything looser is an error.",
	},
	References: []Reference{
		{"PortSwigger: Exploiting CORS misconfigurations", "https://portswigger.net/research/exploiting-cors-misconfigurations-for-bitcoins-and-bounties"},
	},
}
