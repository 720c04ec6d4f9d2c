package weakness

var missingWWWAuthenticate = Weakness{
	ID:       "missing-www-authenticate",
	Title:    "401 without a challenge",
	Severity: Info,
	CWE:      []int{1059},
	InSource: true,
	OnWire:   true,
}
