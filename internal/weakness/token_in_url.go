package weakness

var tokenInURL = Weakness{
	ID:       "token-in-url",
	Title:    "Token in a URL",
	Severity: Medium,
	CWE:      []int{598},
	InSource: true,
	OnWire:   true,
}
