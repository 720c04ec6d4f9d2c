package weakness

var corsCredentialsAnyOrigin = Weakness{
	ID:       "cors-credentials-any-origin",
	Title:    "CORS that lets any origin act with credentials",
	Severity: High,
	CWE:      []int{942, 346},
	InSource: true,
	OnWire:   true,
}
