package weakness

var logoutForgeable = Weakness{
	ID:       "logout-forgeable",
	Title:    "Logout that another site can trigger",
	Severity: Low,
	CWE:      []int{352},
	InSource: true,
	OnWire:   true,
}
