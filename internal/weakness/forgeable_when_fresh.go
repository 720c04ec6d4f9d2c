package weakness

var forgeableWhenFresh = Weakness{
	ID:       "forgeable-when-fresh",
	Title:    "Operation that can be forged while a cookie is fresh",
	Severity: Medium,
	CWE:      []int{352},
	InSource: false,
	OnWire:   true,
}
