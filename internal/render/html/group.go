package html

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// A group is the findings of one weakness and severity. They share their
// remedy, which a reader wants to read once.
type group struct {
	Severity weakness.Severity
	Weakness string
	Remedy   weakness.Remedy
	Findings []finding.Finding
}

// groups keeps the order of the findings: each group stands where its first
// one did.
func groups(findings []finding.Finding) []group {
	type key struct {
		severity weakness.Severity
		weakness string
	}
	var out []group
	at := map[key]int{}
	for _, f := range findings {
		k := key{f.Severity, f.Weakness}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, group{Severity: f.Severity, Weakness: f.Weakness, Remedy: f.Remedy})
		}
		out[i].Findings = append(out[i].Findings, f)
	}
	return out
}

// ID names the group within the page.
func (g group) ID() string { return g.Weakness + "-" + g.Severity.String() }

// Known reports whether the baseline has all of the group.
func (g group) Known() bool {
	return !slices.ContainsFunc(g.Findings, func(f finding.Finding) bool { return !f.Known })
}

// maxPlaces is how many places a group names at a glance.
const maxPlaces = 4

// Places says where the group's findings are, the first few by name.
func (g group) Places() string {
	var places []string
	for _, f := range g.Findings {
		switch {
		case f.Operation != nil:
			places = append(places, f.Operation.Method+" "+f.Operation.Path)
		case f.Location != nil:
			places = append(places, fmt.Sprintf("%s:%d", f.Location.File, f.Location.Line))
		}
	}
	more := ""
	if n := len(places) - maxPlaces; n > 0 {
		places, more = places[:maxPlaces], fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(places, ", ") + more
}
