package weakness

var csrfTokenUnbound = Weakness{
	ID:       "csrf-token-unbound",
	Title:    "CSRF token that is not bound to the session",
	Severity: Medium,
	CWE:      []int{352},
	InSource: true,
	OnWire:   true,
}
