package cli

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
)

// A baseline is what an earlier report had: by fingerprint, the operations that
// the finding reached.
type baseline map[string]map[finding.OperationRef]bool

func newBaseline(r *finding.Report) baseline {
	b := baseline{}
	for _, f := range r.Findings {
		if b[f.Fingerprint] == nil {
			b[f.Fingerprint] = map[finding.OperationRef]bool{}
		}
		for _, rel := range f.Related {
			if rel.Operation != nil {
				b[f.Fingerprint][*rel.Operation] = true
			}
		}
	}
	return b
}

// mark says of a finding that the baseline has it. One that reaches further
// than it did then is new: a route that was added under a statement which was
// reported already is forgeable too.
func (b baseline) mark(f *finding.Finding) {
	reached, ok := b[f.Fingerprint]
	if !ok {
		return
	}
	if len(reached) == 0 { // nothing of that kind, or a report from before they were named
		f.Known = true
		return
	}
	var further []string
	for _, rel := range f.Related {
		if rel.Operation != nil && !reached[*rel.Operation] {
			further = append(further, rel.Operation.String())
		}
	}
	if len(further) == 0 {
		f.Known = true
		return
	}
	f.Message += " New since the baseline: " + strings.Join(further, ", ") + "."
}
