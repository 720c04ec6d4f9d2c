package weakness

var jwtHardcodedSecret = Weakness{
	ID:       "jwt-hardcoded-secret",
	Title:    "Signing secret written in source",
	Severity: High,
	CWE:      []int{798},
	InSource: true,
	OnWire:   false,
}
