package weakness

var corsNoVary = Weakness{
	ID:       "cors-no-vary",
	Title:    "Reflected origin without Vary",
	Severity: Low,
	CWE:      []int{525, 942},
	InSource: false,
	OnWire:   true,

	What:   "The answer names the caller's origin in Access-Control-Allow-Origin but does not say Vary: Origin. A cache may hand the answer made for one origin to another, which then fails, or succeeds where it should not.",
	Attack: "The attacker primes a shared cache with an answer made for their origin.",
	Sure:   "Two origins got two different answers, and neither had Vary: Origin.",
	Bad:    "response.headers[\"Access-Control-Allow-Origin\"] = request.headers[\"origin\"]",
	Good: `response.headers["Access-Control-Allow-Origin"] = origin
response.headers.add_vary_header("Origin")`,
	Remedy: Remedy{
		FastAPI: "Let CORSMiddleware set the headers; where you set them by hand, add Vary: Origin always.",
		Guard:   "The guard adds Vary to every answer that CORS may touch.",
		Go:      "Package cors always sets Vary.",
	},
	References: []Reference{
		{"Fetch Standard, CORS protocol and HTTP caches", "https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches"},
	},
}
