package text

import (
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
)

// matrix writes, for each operation and attacker position, what was forged
// and what blocked the rest. An operation of which nothing was tested stands
// in the list of those that were not exercised alone.
func (p *page) matrix(r *finding.Report) {
	byOperation := map[string][]finding.Verdict{}
	var operations []string
	untested := r.Untested()
	for _, v := range r.Verdicts {
		if untested[v.Operation] {
			continue
		}
		if byOperation[v.Operation] == nil {
			operations = append(operations, v.Operation)
		}
		byOperation[v.Operation] = append(byOperation[v.Operation], v)
	}
	if len(operations) == 0 {
		return
	}
	p.linef("%s", p.paint(bold, "What each attempt came to"))
	if slices.ContainsFunc(r.Verdicts, func(v finding.Verdict) bool { return v.Proof == finding.ByBrowser }) {
		p.linef("  %s", p.paint(dim, "* carried out by a real browser"))
	}
	absent := finding.Absent(r.Verdicts)
	widest := [2]int{} // the columns of operations and of positions
	table := map[string][]row{}
	for _, op := range operations {
		table[op] = rows(byOperation[op], absent)
		widest[0] = max(widest[0], columns(op))
		for _, row := range table[op] {
			widest[1] = max(widest[1], columns(row.place()))
		}
	}
	widest[0] = min(widest[0], 48)
	for _, op := range operations {
		name := safe(op)
		for _, row := range table[op] {
			lead := "  " + pad(name, widest[0]) + "  " + pad(row.place(), widest[1]) + "  "
			p.wrapped(lead, strings.Repeat(" ", min(columns(lead), p.Width/2)), strings.Join(p.cells(row.verdicts), " · "))
			name = ""
		}
	}
	for _, a := range absent {
		p.wrapped("  ", "  ", p.paint(dim, string(a.Position)+": not tested, for "+safe(a.Reason)))
	}
	p.linef("")
}

// A row is what holds for one or more positions alike.
type row struct {
	positions []string
	verdicts  []finding.Verdict
}

func (r row) place() string { return strings.Join(r.positions, ", ") }

func rows(verdicts []finding.Verdict, absent []finding.AbsentPosition) []row {
	positions := slices.DeleteFunc(finding.Positions(), func(p finding.Position) bool {
		return slices.ContainsFunc(absent, func(a finding.AbsentPosition) bool { return a.Position == p })
	})
	var out []row
	for _, pos := range positions {
		var here []finding.Verdict
		for _, v := range verdicts {
			if v.Position == pos {
				here = append(here, v)
			}
		}
		if len(here) == 0 {
			continue
		}
		same := func(r row) bool {
			return slices.EqualFunc(r.verdicts, here, func(a, b finding.Verdict) bool {
				return a.Shape == b.Shape && a.Verdict == b.Verdict && a.By == b.By && (a.Verdict != finding.NotTested || a.Reason == b.Reason)
			})
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].positions = append(out[i].positions, string(pos))
			continue
		}
		out = append(out, row{[]string{string(pos)}, here})
	}
	// A statement about all positions needs no list of them.
	for i := range out {
		if len(out[i].positions) == len(positions) {
			out[i].positions = []string{"everywhere"}
		}
	}
	return out
}

// cells groups the shapes of one row by how they ended.
func (p *page) cells(verdicts []finding.Verdict) []string {
	type end struct {
		outcome finding.Outcome
		by      finding.By
		why     string // of what was not tried: there is no word for it yet
	}
	shapes := map[end][]string{}
	var ends []end
	for _, v := range verdicts {
		e := end{outcome: v.Verdict, by: v.By}
		if v.Verdict == finding.NotTested {
			e.why = v.Reason
		}
		if shapes[e] == nil {
			ends = append(ends, e)
		}
		name := string(v.Shape)
		if v.Verdict == finding.Forged && v.Proof == finding.ByBrowser {
			name += "*"
		}
		shapes[e] = append(shapes[e], name)
	}
	order := []finding.Outcome{finding.Forged, finding.Blocked, finding.NotTested}
	slices.SortStableFunc(ends, func(a, b end) int {
		return slices.Index(order, a.outcome) - slices.Index(order, b.outcome)
	})
	var cells []string
	for _, e := range ends {
		list := strings.Join(shapes[e], ", ")
		if len(shapes[e]) == len(verdicts) && len(verdicts) > 1 {
			list = "all shapes"
		}
		switch e.outcome {
		case finding.Forged:
			cells = append(cells, p.paint(bold+";"+red, "FORGED")+" "+list)
		case finding.Blocked:
			cells = append(cells, p.paint(green, "blocked by "+string(e.by))+" ("+list+")")
		default:
			text := "not tested (" + list + ")"
			if e.why != "" {
				text += ": " + safe(e.why)
			}
			cells = append(cells, p.paint(dim, text))
		}
	}
	return cells
}

// unexercised lists the operations that could not be tried, with the reason.
func (p *page) unexercised(r *finding.Report) {
	widest := 0
	var missed []finding.Operation
	for _, o := range r.Operations {
		if !o.Exercised {
			missed = append(missed, o)
			widest = max(widest, columns(o.String()))
		}
	}
	if len(missed) == 0 {
		return
	}
	p.linef("%s", p.paint(bold, "Not exercised"))
	widest = min(widest, 48)
	for _, o := range missed {
		lead := "  " + pad(safe(o.String()), widest) + "  "
		p.wrapped(lead, strings.Repeat(" ", min(columns(lead), p.Width/2)), o.Reason)
	}
	p.linef("")
}
