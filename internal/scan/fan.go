package scan

import (
	"github.com/d710e0ae/countersign/internal/finding"
)

// fan is a Handler that passes everything on.
type fan []finding.Handler

func (f fan) Progress(p finding.Progress) {
	for _, h := range f {
		h.Progress(p)
	}
}

func (f fan) Operation(o finding.Operation) {
	for _, h := range f {
		h.Operation(o)
	}
}

func (f fan) Verdict(v finding.Verdict) {
	for _, h := range f {
		h.Verdict(v)
	}
}

func (f fan) Finding(x finding.Finding) {
	for _, h := range f {
		h.Finding(x)
	}
}
