package weakness

var csrfCheckSkippedByHeader = Weakness{
	ID:       "csrf-check-skipped-by-header",
	Title:    "CSRF check that a header turns off",
	Severity: High,
	CWE:      []int{352, 807},
	InSource: true,
	OnWire:   true,
}
