package weakness

var jwtNoExpiry = Weakness{
	ID:       "jwt-no-expiry",
	Title:    "JWT that never expires",
	Severity: Medium,
	CWE:      []int{613},
	InSource: true,
	OnWire:   true,
}
