package weakness

var corsAnyOrigin = Weakness{
	ID:       "cors-any-origin",
	Title:    "CORS open to any origin, without credentials",
	Severity: Info,
	CWE:      []int{942},
	InSource: true,
	OnWire:   true,

	What:   "Any origin may read answers that need no credential. For a public or bearer-only API that is a choice and not a hole; it is told so that it is a known one.",
	Attack: "None by itself: browsers attach no credential under this policy.",
	Sure:   "A made-up origin was answered with Access-Control-Allow-Origin: * and without Access-Control-Allow-Credentials.",
	Bad:    "app.add_middleware(CORSMiddleware, allow_origins=[\"*\"])",
	Good:   "app.add_middleware(CORSMiddleware, allow_origins=[\"https://app.example.com\"])",
	Remedy: Remedy{
		FastAPI: "List the origins if the API is not meant for all.",
		Guard:   "Set cors.origins; the default allows none.",
		Go:      "cors.Config.Origins lists what is allowed; the zero Config allows nothing.",
	},
	References: []Reference{
		{"Fetch Standard, CORS protocol", "https://fetch.spec.whatwg.org/#http-cors-protocol"},
	},
}
