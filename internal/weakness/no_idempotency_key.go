package weakness

var noIdempotencyKey = Weakness{
	ID:       "no-idempotency-key",
	Title:    "Repeated write that is applied twice",
	Severity: Info,
	CWE:      []int{837},
	InSource: false,
	OnWire:   true,
}
