package weakness

var jwtNoAudience = Weakness{
	ID:       "jwt-no-audience",
	Title:    "JWT whose audience is not checked",
	Severity: Medium,
	CWE:      []int{1270},
	InSource: true,
	OnWire:   false,
}
