package text

import (
	"fmt"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
)

// maxRelated bounds how many related places a finding shows here; the other
// formats have them all.
const maxRelated = 6

func (p *page) findings(r *finding.Report) {
	advised := map[string]bool{}
	for _, f := range r.Findings {
		if f.Known {
			continue
		}
		p.headline("", f)
		p.wrapped("  ", "  ", f.Message)
		for i, rel := range f.Related {
			if i == maxRelated {
				p.linef("    … and %s", plural(len(f.Related)-maxRelated, "more place", "more places"))
				break
			}
			p.wrapped(fmt.Sprintf("    %s:%d  ", safe(rel.File), rel.Line), "      ", rel.Message)
		}
		for _, e := range f.Evidence {
			// Whole requests and answers are for the formats that can fold
			// them; here stands what they came to.
			if e.Kind == finding.StateEvidence {
				p.evidence(e)
			}
		}
		if f.ProofOfConcept != "" {
			p.linef("    %s  %s", p.paint(dim, "proof of concept"), safe(f.ProofOfConcept))
		}
		// What to do is the same for each finding of a weakness: once is enough.
		if first, _, _ := strings.Cut(f.Remedy.FastAPI, "\n"); first != "" && !advised[f.Weakness] {
			advised[f.Weakness] = true
			p.wrapped("    "+p.paint(green, "fix")+"  ", "         ", first)
		}
		p.linef("")
	}
}

// headline says in one line what was found, where, and how sure that is.
func (p *page) headline(indent string, f finding.Finding) {
	parts := []string{p.paint(severityColor(f.Severity), pad(strings.ToUpper(f.Severity.String()), 8)), p.paint(bold, safe(f.Weakness))}
	if place := where(f); place != "" {
		parts = append(parts, safe(place))
	}
	p.linef("%s%s", indent, strings.Join(append(parts, p.paint(dim, string(f.Confidence))), "  "))
}

// known lists what the baseline has, a line each: whoever keeps a baseline
// has read it before.
func (p *page) known(r *finding.Report) {
	first := true
	for _, f := range r.Findings {
		if !f.Known {
			continue
		}
		if first {
			p.linef("%s", p.paint(bold, "In the baseline"))
			first = false
		}
		p.headline("  ", f)
	}
	if !first {
		p.linef("")
	}
}

// evidence writes what changed: a line that says where that was seen, and the
// change below it.
func (p *page) evidence(e finding.Evidence) {
	indent := "    "
	for line := range strings.Lines(e.Text) {
		p.wrapped(indent, "        ", line)
		indent = "      "
	}
}

func where(f finding.Finding) string {
	var parts []string
	if f.Operation != nil {
		parts = append(parts, f.Operation.String())
	}
	if f.Location != nil {
		l := fmt.Sprintf("%s:%d", f.Location.File, f.Location.Line)
		if f.Location.Column > 0 {
			l += fmt.Sprintf(":%d", f.Location.Column)
		}
		parts = append(parts, l)
	}
	return strings.Join(parts, "  ")
}
