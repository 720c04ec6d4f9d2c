package weakness

var jwtNoAlgorithms = Weakness{
	ID:       "jwt-no-algorithms",
	Title:    "JWT decoded without a list of algorithms",
	Severity: Medium,
	CWE:      []int{347},
	InSource: true,
	OnWire:   false,
}
