package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/weakness"
)

func (p *page) head(r *finding.Report) {
	p.linef("%s", p.paint(bold, fmt.Sprintf("%s of %s", r.Kind, safe(r.Target))))
	var facts []string
	if r.Kind == finding.Scan {
		facts = append(facts,
			fmt.Sprintf("%d of %s exercised", r.Coverage.Exercised, plural(r.Coverage.Operations, "operation", "operations")),
			plural(r.Coverage.Requests, "request", "requests"))
	} else {
		facts = append(facts, plural(r.Coverage.Files, "file", "files"), plural(r.Coverage.Operations, "route", "routes"))
	}
	facts = append(facts, fmt.Sprintf("%.1f s", r.Seconds))
	p.linef("%s", p.paint(dim, strings.Join(facts, " · ")))
	for _, reason := range r.IncompleteReasons {
		p.wrapped(p.paint(bold+";"+yellow, "INCOMPLETE")+"  ", "            ", reason)
	}
	p.linef("")
}

func (p *page) tail(r *finding.Report) {
	if len(r.Notes) > 0 {
		p.linef("%s", p.paint(bold, "Notes"))
		for _, n := range r.Notes {
			p.wrapped("  - ", "    ", n)
		}
		p.linef("")
	}
	p.linef("%s", p.summary(r))
	if i := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return !f.Known }); i >= 0 {
		p.linef("%s", p.paint(dim, "How it is attacked and mended: countersign explain "+safe(r.Findings[i].Weakness)))
	}
}

func (p *page) summary(r *finding.Report) string {
	count := map[weakness.Severity]int{}
	known := 0
	for _, f := range r.Findings {
		if f.Known {
			known++
			continue
		}
		count[f.Severity]++
	}
	which := "finding"
	if known > 0 {
		which = "new finding"
	}
	var parts []string
	for s := weakness.Critical; s >= weakness.Info; s-- {
		if n := count[s]; n > 0 {
			parts = append(parts, p.paint(severityColor(s), fmt.Sprintf("%d %s", n, s)))
		}
	}
	var text string
	switch {
	case len(parts) > 0:
		text = plural(len(r.Findings)-known, which, which+"s") + ": " + strings.Join(parts, ", ") + "."
	case r.Complete:
		text = p.paint(green, "No "+which+".")
	default:
		text = "No " + which + " in what could be tested."
	}
	if known > 0 {
		text += fmt.Sprintf(" %d in the baseline.", known)
	}
	if !r.Complete {
		text += " " + p.paint(bold+";"+yellow, "The run is incomplete.")
	}
	return text
}
