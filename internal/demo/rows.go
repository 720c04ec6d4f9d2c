package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
)

// A Row is one operation in one shape, before and after.
type Row struct {
	Operation string
	Shape     finding.Shape
	From      []finding.Position // from where it was forged before
	Proved    bool               // by a real browser
	After     finding.Outcome
	By        string // what blocked it after, or why it was not tested
}

// rows lists what was forged before, and what became of each.
func rows(before, after *finding.Report) []Row {
	type key struct {
		operation string
		shape     finding.Shape
	}
	var out []Row
	at := map[key]int{}
	for _, v := range before.Verdicts {
		if v.Verdict != finding.Forged {
			continue
		}
		k := key{v.Operation, v.Shape}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Row{Operation: v.Operation, Shape: v.Shape})
		}
		out[i].From = append(out[i].From, v.Position)
		out[i].Proved = out[i].Proved || v.Proof == finding.ByBrowser
	}
	for i := range out {
		out[i].After, out[i].By = fate(out[i], after)
	}
	return out
}

// fate says how the same attempts ended after. One that was forged decides.
func fate(r Row, after *finding.Report) (finding.Outcome, string) {
	var by, reasons []string
	outcome := finding.NotTested
	for _, v := range after.Verdicts {
		if v.Operation != r.Operation || v.Shape != r.Shape || !slices.Contains(r.From, v.Position) {
			continue
		}
		switch v.Verdict {
		case finding.Forged:
			return finding.Forged, ""
		case finding.Blocked:
			outcome = finding.Blocked
			by = appendNew(by, string(v.By))
		default:
			reasons = appendNew(reasons, v.Reason)
		}
	}
	if outcome == finding.Blocked {
		return outcome, strings.Join(by, ", ")
	}
	return outcome, strings.Join(reasons, "; ")
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// Origins writes from where it was forged.
func (r Row) Origins() string {
	var s []string
	for _, p := range r.From {
		s = append(s, string(p))
	}
	return strings.Join(s, ", ")
}

// proved counts the rows that a browser showed.
func proved(rows []Row) int {
	n := 0
	for _, r := range rows {
		if r.Proved {
			n++
		}
	}
	return n
}

// verdict says whether the demonstration held.
func (g *guide) verdict(t *Tour) error {
	var faults []string
	if n := proved(t.Rows); n < MinProved {
		faults = append(faults, fmt.Sprintf("only %d operations and shapes were forged in the browser before, and %d were due", n, MinProved))
	}
	for _, v := range t.After.Verdicts {
		if v.Verdict == finding.Forged {
			faults = append(faults, fmt.Sprintf("%s as %s from %s passed the guard", v.Operation, v.Shape, v.Position))
		}
	}
	for _, r := range t.Rows {
		if r.After == finding.NotTested {
			faults = append(faults, fmt.Sprintf("%s as %s was not tested behind the guard: %s", r.Operation, r.Shape, r.By))
		}
	}
	for _, s := range t.Honest {
		if s.Err != nil {
			faults = append(faults, fmt.Sprintf("the honest user %s: %v", s.What, s.Err))
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("%w: %s", ErrNotShown, strings.Join(faults, "; "))
	}
	g.good("%d operations and shapes were forged in the browser before, none after, and the honest user noticed nothing.", proved(t.Rows))
	return nil
}
