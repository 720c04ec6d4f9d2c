// Package html writes the report as one page that needs no network: summary,
// the matrix of attempts as a picture, and each finding with its evidence,
// proof of concept and remedies. It reads in light and dark and prints.
package html

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/weakness"
)

//go:embed report.tmpl
var source string

// maxImage bounds a screenshot that is put into the page, in bytes.
const maxImage = 4 << 20

// Render writes r as a whole page. Screenshots that evidence names are put
// into the page if they can be read, and named otherwise.
func Render(w io.Writer, r *finding.Report) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"severities": func() []string { return []string{"critical", "high", "medium", "low", "info"} },
		"when":       func(r *finding.Report) string { return r.Started.UTC().Format("2 January 2006, 15:04 UTC") },
		"mark":       mark,
		"cellClass":  cellClass,
		"explain":    explainCell,
		"title":      title,
		"image":      image,
		"results":    func(all []finding.Evidence) []finding.Evidence { return evidence(all, true) },
		"exchanges":  func(all []finding.Evidence) []finding.Evidence { return evidence(all, false) },
		"base":       func(p string) string { return p[strings.LastIndexAny(p, `/\`)+1:] },
		"paragraphs": paragraphs,
	}).Parse(source)
	if err != nil {
		return err
	}
	return t.Execute(w, page{Report: r, Counts: counts(r), Groups: groups(r.Findings), Rows: matrix(r), Absent: finding.Absent(r.Verdicts), Unexercised: unexercised(r)})
}

type page struct {
	*finding.Report
	Counts      map[string]int
	Groups      []group
	Rows        []opRow
	Absent      []finding.AbsentPosition
	Unexercised []finding.Operation
}

// Positions are those that the target has.
func (p page) Positions() []finding.Position { return present(p.Report) }

// present returns the positions of which there is more to say than that the
// target has none such.
func present(r *finding.Report) []finding.Position {
	absent := finding.Absent(r.Verdicts)
	return slices.DeleteFunc(finding.Positions(), func(p finding.Position) bool {
		return slices.ContainsFunc(absent, func(a finding.AbsentPosition) bool { return a.Position == p })
	})
}

// Legend lists the marks in the order of the key below the matrix.
func (page) Legend() []legend {
	return []legend{
		{"●", "forged", "forged: the request was carried out"},
		{"N", "blocked", "no ambient credential: browsers attach nothing that authenticates"},
		{"S", "blocked", "SameSite"},
		{"3", "blocked", "third-party-cookie policy"},
		{"P", "blocked", "preflight"},
		{"O", "blocked", "Origin check"},
		{"T", "blocked", "CSRF token"},
		{"C", "blocked", "content type"},
		{"A", "blocked", "authentication"},
		{"?", "untested", "not tested"},
	}
}

// Known counts the findings that the baseline has.
func (p page) Known() int {
	n := 0
	for _, f := range p.Findings {
		if f.Known {
			n++
		}
	}
	return n
}

type legend struct{ Mark, Class, Text string }

func counts(r *finding.Report) map[string]int {
	c := map[string]int{}
	for _, f := range r.Findings {
		c[f.Severity.String()]++
	}
	return c
}

// An opRow is one operation of the matrix, its cells by position.
type opRow struct {
	Operation string
	Cells     [][]finding.Verdict
}

func matrix(r *finding.Report) []opRow {
	var rows []opRow
	at := map[string]int{}
	positions, untested := present(r), r.Untested()
	for _, v := range r.Verdicts {
		if untested[v.Operation] {
			continue // the list of those that were not exercised has it
		}
		i, ok := at[v.Operation]
		if !ok {
			i = len(rows)
			at[v.Operation] = i
			rows = append(rows, opRow{v.Operation, make([][]finding.Verdict, len(positions))})
		}
		if p := slices.Index(positions, v.Position); p >= 0 {
			rows[i].Cells[p] = append(rows[i].Cells[p], v)
		}
	}
	return rows
}

func unexercised(r *finding.Report) []finding.Operation {
	var out []finding.Operation
	for _, o := range r.Operations {
		if !o.Exercised && r.Kind == finding.Scan {
			out = append(out, o)
		}
	}
	return out
}

func mark(v finding.Verdict) string {
	switch v.Verdict {
	case finding.Forged:
		return "●"
	case finding.NotTested:
		return "?"
	}
	switch v.By {
	case finding.ByNoAmbientCredential:
		return "N"
	case finding.BySameSite:
		return "S"
	case finding.ByThirdPartyCookie:
		return "3"
	case finding.ByPreflight:
		return "P"
	case finding.ByOrigin:
		return "O"
	case finding.ByToken:
		return "T"
	case finding.ByContentType:
		return "C"
	}
	return "A"
}

func cellClass(v finding.Verdict) string {
	switch v.Verdict {
	case finding.Forged:
		return "forged"
	case finding.Blocked:
		return "blocked"
	}
	return "untested"
}

func explainCell(v finding.Verdict) string {
	s := fmt.Sprintf("%s from %s: %s", v.Shape, v.Position, v.Verdict)
	if v.By != "" {
		s += " by " + string(v.By)
	}
	if v.Proof != "" {
		s += " (" + string(v.Proof) + ")"
	}
	if v.Reason != "" {
		s += ". " + v.Reason
	}
	return s
}

func title(id string) string {
	if w, ok := weakness.ByID(id); ok {
		return w.Title
	}
	return id
}

// evidence parts what an attempt came to, which a reader wants to see, from
// the requests and answers that led there, which fold away.
func evidence(all []finding.Evidence, results bool) []finding.Evidence {
	var out []finding.Evidence
	for _, e := range all {
		if results == (e.Kind == finding.StateEvidence || e.Kind == finding.ScreenshotEvidence) {
			out = append(out, e)
		}
	}
	return out
}

// image returns a data URL of the PNG file, or "" where there is none.
func image(name string) template.URL {
	if name == "" {
		return ""
	}
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxImage {
		return ""
	}
	data, err := os.ReadFile(name)
	if err != nil || !strings.HasPrefix(string(data), "\x89PNG\r\n\x1a\n") {
		return ""
	}
	// Base64 of a PNG: nothing in it can leave the attribute or run.
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(data))
}

func paragraphs(s string) []string {
	var out []string
	for _, p := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}
