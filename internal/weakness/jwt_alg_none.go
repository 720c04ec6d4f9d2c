package weakness

var jwtAlgNone = Weakness{
	ID:       "jwt-alg-none",
	Title:    "Unsigned JWT that is accepted",
	Severity: Critical,
	CWE:      []int{347},
	InSource: true,
	OnWire:   true,
}
