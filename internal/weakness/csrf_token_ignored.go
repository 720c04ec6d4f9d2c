package weakness

var csrfTokenIgnored = Weakness{
	ID:       "csrf-token-ignored",
	Title:    "CSRF token that is not required",
	Severity: High,
	CWE:      []int{352, 807},
	InSource: true,
	OnWire:   true,
}
