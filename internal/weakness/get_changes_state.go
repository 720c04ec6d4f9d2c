package weakness

var getChangesState = Weakness{
	ID:       "get-changes-state",
	Title:    "GET operation that changes state",
	Severity: High,
	CWE:      []int{650, 352},
	InSource: true,
	OnWire:   true,
}
