package weakness

var loginForgeable = Weakness{
	ID:       "login-forgeable",
	Title:    "Login that another site can submit",
	Severity: Medium,
	CWE:      []int{352},
	InSource: true,
	OnWire:   true,
}
