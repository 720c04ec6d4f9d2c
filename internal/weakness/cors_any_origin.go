package weakness

var corsAnyOrigin = Weakness{
	ID:       "cors-any-origin",
	Title:    "CORS open to any origin, without credentials",
	Severity: Info,
	CWE:      []int{942},
	InSource: true,
	OnWire:   true,
}
