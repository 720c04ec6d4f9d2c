package finding

import (
	"slices"
	"strings"
)

// Merge joins reports of one kind, such as those of the shards of one scan,
// to one. It panics if there are none. What stands in several is kept once:
// operations that any of them exercised count as exercised, and of two
// verdicts on one attempt the one that says more is kept. One report alone
// is returned as it is.
func Merge(reports ...*Report) *Report {
	if len(reports) == 1 {
		return reports[0]
	}
	var m tally
	first := reports[0]
	m.Schema, m.Tool, m.Kind, m.Started = first.Schema, first.Tool, first.Kind, first.Started
	var targets []string
	for _, r := range reports {
		targets = union(targets, []string{r.Target})
		if r.Started.Before(m.Started) {
			m.Started = r.Started
		}
		m.Seconds = max(m.Seconds, r.Seconds)
		m.Coverage.Files += r.Coverage.Files
		m.Coverage.Requests += r.Coverage.Requests
		m.IncompleteReasons = union(m.IncompleteReasons, r.IncompleteReasons)
		m.Notes = union(m.Notes, r.Notes)
		for _, o := range r.Operations {
			if i, ok := m.operations[o.OperationRef]; !ok || o.Exercised && !m.Operations[i].Exercised {
				m.putOperation(o)
			}
		}
		for _, v := range r.Verdicts {
			if i, ok := m.verdicts[v.attempt()]; !ok || weight(v) > weight(m.Verdicts[i]) {
				m.putVerdict(v)
			}
		}
		for _, f := range r.Findings {
			if _, ok := m.findings[f.Fingerprint]; !ok {
				m.putFinding(f)
			}
		}
	}
	m.Target = strings.Join(targets, ", ")
	m.Complete = len(m.IncompleteReasons) == 0
	m.countOperations()
	m.Sort()
	return &m.Report
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// weight orders verdicts by how much they say: a forgery most of all, and
// what a browser showed more than what plain HTTP suggested.
func weight(v Verdict) int {
	w := map[Outcome]int{Forged: 4, Blocked: 2, NotTested: 0}[v.Verdict]
	if v.Proof == ByBrowser {
		w++
	}
	return w
}
