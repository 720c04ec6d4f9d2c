package weakness

var tokenInWebStorage = Weakness{
	ID:       "token-in-web-storage",
	Title:    "Token kept in web storage",
	Severity: Medium,
	CWE:      []int{922},
	InSource: true,
	OnWire:   true,
}
