package weakness

var cookieBroadDomain = Weakness{
	ID:       "cookie-broad-domain",
	Title:    "Token cookie shared with subdomains",
	Severity: Low,
	CWE:      []int{1275},
	InSource: true,
	OnWire:   true,
}
