package weakness

var corsNoVary = Weakness{
	ID:       "cors-no-vary",
	Title:    "Reflected origin without Vary",
	Severity: Low,
	CWE:      []int{525, 942},
	InSource: false,
	OnWire:   true,
}
