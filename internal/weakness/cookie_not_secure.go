package weakness

var cookieNotSecure = Weakness{
	ID:       "cookie-not-secure",
	Title:    "Token cookie sent over plain http",
	Severity: Medium,
	CWE:      []int{614},
	InSource: true,
	OnWire:   true,
}
