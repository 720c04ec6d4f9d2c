// Package sarif writes the report as SARIF 2.1.0, which code hosts and
// editors read.
package sarif

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/weakness"
)

const (
	schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	home   = "https://github.com/d710e0ae/countersign"
)

// Render writes r as one run. Every finding becomes a result; its related
// places become related locations and, where they lead through source, a
// code flow.
func Render(w io.Writer, r *finding.Report) error {
	rules, index := rulesOf(r)
	out := sarifLog{Schema: schema, Version: "2.1.0", Runs: []run{{
		Tool:        tool{driver{Name: r.Tool.Name, Version: r.Tool.Version, InformationURI: home, Rules: rules}},
		Invocations: []invocation{invocationOf(r)},
		ColumnKind:  "unicodeCodePoints",
		Results:     make([]result, 0, len(r.Findings)),
	}}}
	compared := slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Known })
	for _, f := range r.Findings {
		one := resultOf(r, f, index[f.Weakness])
		// SARIF 2.1.0, section 3.27.24: on all results of a run, or on none.
		switch {
		case f.Known:
			one.BaselineState = "unchanged"
		case compared:
			one.BaselineState = "new"
		}
		out.Runs[0].Results = append(out.Runs[0].Results, one)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func invocationOf(r *finding.Report) invocation {
	inv := invocation{ExecutionSuccessful: r.Complete, StartTimeUTC: r.Started.UTC().Format(time.RFC3339)}
	for _, reason := range r.IncompleteReasons {
		inv.ToolExecutionNotifications = append(inv.ToolExecutionNotifications, notification{"warning", text{Text: reason}})
	}
	return inv
}

// rulesOf describes the weaknesses that were found, each once.
func rulesOf(r *finding.Report) ([]rule, map[string]int) {
	rules := []rule{}
	index := map[string]int{}
	for _, f := range r.Findings {
		if _, ok := index[f.Weakness]; ok {
			continue
		}
		index[f.Weakness] = len(rules)
		k, ok := weakness.ByID(f.Weakness)
		if !ok {
			k = weakness.Weakness{ID: f.Weakness, Title: f.Weakness, Severity: f.Severity}
		}
		d := rule{
			ID:                   k.ID,
			ShortDescription:     text{Text: k.Title},
			DefaultConfiguration: configuration{level(k.Severity)},
			Properties:           ruleProperties{Tags: tags(k), SecuritySeverity: score(k.Severity)},
		}
		if k.What != "" {
			d.FullDescription = &text{Text: paragraph(k.What)}
			d.Help = help(k)
		}
		rules = append(rules, d)
	}
	return rules, index
}

func paragraph(s string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(s), "\n\n")
	return strings.Join(strings.Fields(first), " ")
}

func help(k weakness.Weakness) *text {
	var plain, md strings.Builder
	for _, part := range []struct{ title, body string }{
		{"How it is attacked", k.Attack},
		{"Fix in FastAPI", k.Remedy.FastAPI},
		{"Stop it with the guard", k.Remedy.Guard},
		{"In Go", k.Remedy.Go},
	} {
		if part.body == "" {
			continue
		}
		fmt.Fprintf(&plain, "%s: %s\n\n", part.title, strings.TrimSpace(part.body))
		fmt.Fprintf(&md, "**%s.** %s\n\n", part.title, strings.TrimSpace(part.body))
	}
	for _, ref := range k.References {
		fmt.Fprintf(&plain, "%s: %s\n", ref.Title, ref.URL)
		fmt.Fprintf(&md, "- [%s](%s)\n", ref.Title, ref.URL)
	}
	return &text{Text: strings.TrimSpace(plain.String()), Markdown: strings.TrimSpace(md.String())}
}

func tags(k weakness.Weakness) []string {
	t := []string{"security"}
	for _, n := range k.CWE {
		t = append(t, fmt.Sprintf("external/cwe/cwe-%03d", n))
	}
	return t
}

func level(s weakness.Severity) string {
	switch {
	case s >= weakness.High:
		return "error"
	case s == weakness.Medium:
		return "warning"
	}
	return "note"
}

// score is the "security-severity" by which code hosts sort: the middle of
// the CVSS v3.1 band of that name (FIRST, section 5).
func score(s weakness.Severity) string {
	return [...]string{"0.0", "2.0", "5.5", "8.0", "9.5"}[s]
}

func resultOf(r *finding.Report, f finding.Finding, ruleIndex int) result {
	out := result{
		RuleID:              f.Weakness,
		RuleIndex:           ruleIndex,
		Level:               level(f.Severity),
		Message:             text{Text: f.Message},
		Locations:           []location{placeOf(r, f)},
		PartialFingerprints: map[string]string{"countersign/v1": f.Fingerprint},
		Properties:          resultProperties{Confidence: string(f.Confidence), Severity: f.Severity.String()},
	}
	for i, rel := range f.Related {
		out.RelatedLocations = append(out.RelatedLocations, location{
			ID:               &i,
			PhysicalLocation: physical(rel.Location),
			Message:          &text{Text: rel.Message},
		})
	}
	if f.Location != nil && len(f.Related) > 0 {
		steps := []threadFlowLocation{{out.Locations[0]}}
		for _, rel := range f.Related {
			steps = append(steps, threadFlowLocation{location{PhysicalLocation: physical(rel.Location), Message: &text{Text: rel.Message}}})
		}
		out.CodeFlows = []codeFlow{{[]threadFlow{{steps}}}}
	}
	return out
}

// placeOf gives the line in source where there is one; a finding of the
// running API alone stands at the API's own address.
func placeOf(r *finding.Report, f finding.Finding) location {
	var l location
	if f.Location != nil {
		l.PhysicalLocation = physical(*f.Location)
	} else {
		l.PhysicalLocation = &physicalLocation{ArtifactLocation: artifactLocation{r.Target}}
	}
	if f.Operation != nil {
		l.LogicalLocations = []logicalLocation{{f.Operation.String(), "function"}}
	}
	return l
}

func physical(l finding.Location) *physicalLocation {
	return &physicalLocation{
		ArtifactLocation: artifactLocation{(&url.URL{Path: filepath.ToSlash(l.File)}).String()},
		Region:           &region{StartLine: max(l.Line, 1), StartColumn: l.Column, EndLine: l.EndLine},
	}
}
