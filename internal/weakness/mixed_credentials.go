package weakness

var mixedCredentials = Weakness{
	ID:       "mixed-credentials",
	Title:    "Token taken from a cookie or a header",
	Severity: Medium,
	CWE:      []int{352},
	InSource: true,
	OnWire:   true,
}
