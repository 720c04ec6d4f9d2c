package weakness

var corsCredentialsLooseOrigin = Weakness{
	ID:       "cors-credentials-loose-origin",
	Title:    "CORS whose origin check admits foreign origins with credentials",
	Severity: High,
	CWE:      []int{942, 346},
	InSource: true,
	OnWire:   true,
}
