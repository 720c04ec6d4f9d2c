package weakness

var cookieSameSiteMissing = Weakness{
	ID:       "cookie-samesite-missing",
	Title:    "Token cookie without SameSite",
	Severity: Medium,
	CWE:      []int{1275},
	InSource: true,
	OnWire:   true,
}
