package weakness

var cookieNoHostPrefix = Weakness{
	ID:       "cookie-no-host-prefix",
	Title:    "Token cookie without the __Host- prefix",
	Severity: Low,
	CWE:      []int{1275},
	InSource: true,
	OnWire:   true,
}
