package weakness

var forgeableFromSibling = Weakness{
	ID:       "forgeable-from-sibling",
	Title:    "Operation that can be forged from a same-site origin",
	Severity: Medium,
	CWE:      []int{352},
	InSource: false,
	OnWire:   true,
}
