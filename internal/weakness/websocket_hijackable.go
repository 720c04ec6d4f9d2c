package weakness

var websocketHijackable = Weakness{
	ID:       "websocket-hijackable",
	Title:    "WebSocket that opens for a foreign Origin",
	Severity: High,
	CWE:      []int{1385, 352},
	InSource: true,
	OnWire:   true,
}
