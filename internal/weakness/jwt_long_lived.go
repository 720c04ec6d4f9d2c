package weakness

var jwtLongLived = Weakness{
	ID:       "jwt-long-lived",
	Title:    "JWT that lives too long",
	Severity: Medium,
	CWE:      []int{613},
	InSource: true,
	OnWire:   true,
}
