package weakness

var tokenInBodyAndCookie = Weakness{
	ID:       "token-in-body-and-cookie",
	Title:    "Token handed to script beside its HttpOnly cookie",
	Severity: Low,
	CWE:      []int{200},
	InSource: true,
	OnWire:   true,
}
