package weakness

var cookieSameSiteNone = Weakness{
	ID:       "cookie-samesite-none",
	Title:    "Token cookie with SameSite=None",
	Severity: Medium,
	CWE:      []int{1275},
	InSource: true,
	OnWire:   true,
}
