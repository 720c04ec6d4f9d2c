package weakness

var forgeableOperation = Weakness{
	ID:       "forgeable-operation",
	Title:    "State-changing operation that runs on a cookie alone",
	Severity: High,
	CWE:      []int{352},
	InSource: true,
	OnWire:   true,
}
