package weakness

var jwtExpiredAccepted = Weakness{
	ID:       "jwt-expired-accepted",
	Title:    "Expired JWT that is accepted",
	Severity: Medium,
	CWE:      []int{613},
	InSource: true,
	OnWire:   true,
}
