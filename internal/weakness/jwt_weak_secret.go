package weakness

var jwtWeakSecret = Weakness{
	ID:       "jwt-weak-secret",
	Title:    "Signing secret that can be guessed",
	Severity: Critical,
	CWE:      []int{521, 1391},
	InSource: true,
	OnWire:   true,
}
