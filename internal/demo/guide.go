package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// A guide speaks to the visitor.
type guide struct{ cfg Config }

func (g *guide) say(format string, args ...any) {
	if g.cfg.Clear != nil {
		g.cfg.Clear()
	}
	fmt.Fprintf(g.cfg.Out, format+"\n", args...)
}

func (g *guide) paint(code, text string) string {
	if !g.cfg.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (g *guide) head(text string) { g.say("%s", g.paint("1", text)) }

func (g *guide) good(format string, args ...any) {
	g.say("%s", g.paint("1;32", fmt.Sprintf(format, args...)))
}

func (g *guide) step(s Step) {
	if s.Err != nil {
		g.say("  %s the user %s: %v", g.paint("1;31", "FAILED"), s.What, s.Err)
		return
	}
	g.say("  %s the user %s", g.paint("32", "ok"), s.What)
}

// forged tells each forged operation with its proof, or that there is none.
func (g *guide) forged(r *finding.Report) {
	n := 0
	for _, f := range r.Findings {
		if f.Operation == nil || f.Severity < weakness.Medium || !slices.Contains([]string{"forgeable-operation", "forgeable-when-fresh", "forgeable-from-sibling", "get-changes-state", "login-forgeable", "logout-forgeable"}, f.Weakness) {
			continue
		}
		n++
		g.say("  %s %s  %s", g.paint("1;31", "FORGED"), g.paint("1", f.Operation.String()), g.paint("2", string(f.Confidence)))
		g.say("    %s", f.Message)
		for _, e := range f.Evidence {
			if e.Kind == finding.StateEvidence {
				for line := range strings.Lines(e.Text) {
					g.say("      %s", strings.TrimRight(line, "\n"))
				}
			}
		}
	}
	if n == 0 {
		blocked := map[finding.By]int{}
		total := 0
		for _, v := range r.Verdicts {
			if v.Verdict == finding.Blocked {
				blocked[v.By]++
				total++
			}
		}
		var by []string
		for _, b := range []finding.By{finding.ByOrigin, finding.BySameSite, finding.ByThirdPartyCookie, finding.ByToken, finding.ByPreflight, finding.ByContentType, finding.ByAuthentication, finding.ByNoAmbientCredential} {
			if blocked[b] > 0 {
				by = append(by, fmt.Sprintf("%s %d", b, blocked[b]))
			}
		}
		g.say("  %s %d attempts, every one blocked: by %s", g.paint("1;32", "NOTHING FORGED"), total, strings.Join(by, ", "))
	}
	g.say("  (%d of %d operations exercised, %d requests, %.1f s)", r.Coverage.Exercised, r.Coverage.Operations, r.Coverage.Requests, r.Seconds)
	g.say("")
}

// table is the summary: what was forged, and what became of it.
func (g *guide) table(rows []Row) {
	cells := [][]string{{"operation", "shape", "forged from", "before", "behind the guard"}}
	for _, r := range rows {
		before := "forged"
		if r.Proved {
			before = "forged in the browser"
		}
		after := string(r.After)
		switch r.After {
		case finding.Forged:
			after = "FORGED"
		case finding.Blocked:
			after = "blocked by " + r.By
		}
		cells = append(cells, []string{r.Operation, string(r.Shape), r.Origins(), before, after})
	}
	width := make([]int, len(cells[0]))
	for _, row := range cells {
		for i, c := range row {
			width[i] = max(width[i], len([]rune(c)))
		}
	}
	for n, row := range cells {
		line := " "
		for i, c := range row {
			text := c + strings.Repeat(" ", width[i]-len([]rune(c)))
			switch {
			case n == 0:
				text = g.paint("2", text)
			case i == 3 || c == "FORGED":
				text = g.paint("31", text)
			case i == 4 && strings.HasPrefix(c, "blocked"):
				text = g.paint("32", text)
			}
			line += " " + text + " "
		}
		g.say("%s", strings.TrimRight(line, " "))
	}
	g.say("")
}
