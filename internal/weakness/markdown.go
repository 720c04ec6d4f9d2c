package weakness

import (
	"fmt"
	"strings"
)

// Markdown returns the whole catalogue as a document; docs/weaknesses.md is
// generated from it.
func Markdown() string {
	var b strings.Builder
	b.WriteString("# The catalogue of weaknesses\n\nGenerated from `internal/weakness`; `countersign explain WEAKNESS` prints an entry.\n\n")
	b.WriteString("| id | severity | scan | audit | what it is |\n|---|---|---|---|---|\n")
	dot := map[bool]string{true: "●"}
	for _, w := range All() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s |\n", w.ID, w.ID, w.Severity, dot[w.OnWire], dot[w.InSource], w.Title)
	}
	for _, w := range All() {
		fmt.Fprintf(&b, "\n## %s\n\n**%s.** Severity %s", w.ID, w.Title, w.Severity)
		for _, n := range w.CWE {
			fmt.Fprintf(&b, " · [CWE-%d](https://cwe.mitre.org/data/definitions/%d.html)", n, n)
		}
		fmt.Fprintf(&b, "\n\n%s\n\n**The attack.** %s\n\n**What a finding rests on.** %s\n", w.What, w.Attack, w.Sure)
		fmt.Fprintf(&b, "\nVulnerable:\n\n```%s\n%s\n```\n\nMended:\n\n```%s\n%s\n```\n", language(w.Bad), w.Bad, language(w.Good), w.Good)
		fmt.Fprintf(&b, "\n- **In FastAPI:** %s\n- **With the guard:** %s\n- **In Go:** %s\n\nSources:", w.Remedy.FastAPI, w.Remedy.Guard, w.Remedy.Go)
		for i, r := range w.References {
			if i > 0 {
				b.WriteString(";")
			}
			fmt.Fprintf(&b, " [%s](%s)", r.Title, r.URL)
		}
		b.WriteString(".\n")
	}
	return b.String()
}

// language names the example's language: all are Python but what a browser
// runs.
func language(code string) string {
	if strings.Contains(code, "localStorage") || strings.HasPrefix(code, "let ") {
		return "javascript"
	}
	return "python"
}
