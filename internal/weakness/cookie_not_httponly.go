package weakness

var cookieNotHTTPOnly = Weakness{
	ID:       "cookie-not-httponly",
	Title:    "Token cookie that script can read",
	Severity: Medium,
	CWE:      []int{1004},
	InSource: true,
	OnWire:   true,
}
