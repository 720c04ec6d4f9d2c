// Package weakness is the catalogue of what scan and audit look for: one file
// a weakness, each with its id, severity, explanation and remedies. The one
// literal feeds the reports, SARIF, "countersign explain" and
// docs/weaknesses.md.
package weakness

// A Weakness is one entry of the catalogue. Its id is kept for ever.
type Weakness struct {
	ID       string
	Title    string // a noun phrase, without a full stop
	Severity Severity
	CWE      []int

	InSource bool // audit finds it in FastAPI source
	OnWire   bool // scan finds it on the running API

	What   string // what it is and why it matters; paragraphs parted by an empty line
	Attack string // how it is exploited, step by step
	Sure   string // what a finding of it rests on
	Bad    string // a small FastAPI example that has it
	Good   string // the same, mended
	Remedy Remedy

	References []Reference
}

// A Remedy says what to do, in each of the three forms.
type Remedy struct {
	FastAPI string `json:"fastapi"`
	Guard   string `json:"guard"`
	Go      string `json:"go"`
}

// A Reference is a source that backs an entry.
type Reference struct {
	Title string
	URL   string
}

// ByID returns the entry of that id.
func ByID(id string) (Weakness, bool) {
	for _, w := range All() {
		if w.ID == id {
			return w, true
		}
	}
	return Weakness{}, false
}
