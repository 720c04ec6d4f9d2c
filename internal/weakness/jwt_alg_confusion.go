package weakness

var jwtAlgConfusion = Weakness{
	ID:       "jwt-alg-confusion",
	Title:    "JWT verified with an algorithm that the token chose",
	Severity: Critical,
	CWE:      []int{347},
	InSource: true,
	OnWire:   true,
}
