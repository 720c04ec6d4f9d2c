package audit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// ignoreComment is "countersign: ignore[weakness, …] reason"; ignoreAll is one
// without the bracket, which is not followed.
var (
	ignoreComment = regexp.MustCompile(`countersign:\s*ignore\[([^\]]*)\]\s*(.*)$`)
	ignoreAll     = regexp.MustCompile(`^[#\s]*countersign:\s*ignore\b`)
)

// suppress takes out the findings that a comment on their line, or alone on
// the line above, says to ignore. A comment without a reason, of an unknown
// weakness, or that ignores nothing is told, and ignores nothing.
func suppress(found []finding.Finding, src source) ([]finding.Finding, []string) {
	type key struct {
		file, id string
		line     int
	}
	drop := map[key]bool{}
	used := map[key]bool{}
	var asked []key
	var notes []string
	for _, f := range src.python {
		for _, c := range f.Comments {
			at := f.Position(c.Start).Line
			m := ignoreComment.FindStringSubmatch(c.Text)
			if m == nil {
				if ignoreAll.MatchString(c.Text) {
					notes = append(notes, fmt.Sprintf("%s:%d: ignore names no weakness, and is not followed; write ignore[weakness] and why", f.Path, at))
				}
				continue
			}
			line := at
			if strings.HasPrefix(strings.TrimSpace(f.LineText(at)), "#") {
				line++
			}
			if strings.TrimSpace(m[2]) == "" {
				notes = append(notes, fmt.Sprintf("%s:%d: ignore[%s] gives no reason, and is not followed; write why after the bracket", f.Path, at, m[1]))
				continue
			}
			for id := range strings.SplitSeq(m[1], ",") {
				id = strings.TrimSpace(id)
				if _, ok := weakness.ByID(id); !ok {
					notes = append(notes, fmt.Sprintf("%s:%d: ignore[%s]: there is no such weakness; \"countersign explain\" lists them", f.Path, at, id))
					continue
				}
				k := key{f.Path, id, line}
				drop[k] = true
				asked = append(asked, k)
			}
		}
	}
	kept := slices.DeleteFunc(found, func(f finding.Finding) bool {
		k := key{f.Location.File, f.Weakness, f.Location.Line}
		used[k] = used[k] || drop[k]
		return drop[k]
	})
	for _, k := range asked {
		if !used[k] {
			notes = append(notes, fmt.Sprintf("%s:%d: ignore[%s] ignores nothing: take it out", k.file, k.line, k.id))
		}
	}
	return kept, notes
}
