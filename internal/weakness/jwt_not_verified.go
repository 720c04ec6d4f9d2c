package weakness

var jwtNotVerified = Weakness{
	ID:       "jwt-not-verified",
	Title:    "JWT whose signature is not verified",
	Severity: Critical,
	CWE:      []int{347},
	InSource: true,
	OnWire:   true,
}
