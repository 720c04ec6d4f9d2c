package weakness

var jwtSurvivesLogout = Weakness{
	ID:       "jwt-survives-logout",
	Title:    "JWT that works after logout",
	Severity: Low,
	CWE:      []int{613},
	InSource: false,
	OnWire:   true,
}
