package cli

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/internal/weakness"
)

func newExplain(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [WEAKNESS]",
		Short: "Explain a weakness: what it is, how it is attacked, how it is fixed",
		Long: `Explain a weakness of the catalogue: what it is, how it is attacked, and how
it is fixed in FastAPI, with the guard, and in Go. Without a name, list them.`,
		Args:              atMostOne,
		ValidArgsFunction: completeWeakness,
		RunE: func(_ *cobra.Command, args []string) error {
			var b bytes.Buffer
			if len(args) == 0 {
				listWeaknesses(&b)
			} else {
				w, ok := weakness.ByID(args[0])
				if !ok {
					return usagef("no weakness %q%s; \"countersign explain\" lists them", args[0], suggestion(args[0]))
				}
				explain(&b, w)
			}
			_, err := s.Out.Write(b.Bytes())
			return err
		},
	}
}

func completeWeakness(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var ids []string
	for _, w := range weakness.All() {
		ids = append(ids, w.ID+"\t"+w.Title)
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

func listWeaknesses(w io.Writer) {
	for _, k := range weakness.All() {
		var by []string
		if k.OnWire {
			by = append(by, "scan")
		}
		if k.InSource {
			by = append(by, "audit")
		}
		fmt.Fprintf(w, "%-9s %-30s %-11s %s\n", k.Severity, k.ID, strings.Join(by, ","), k.Title)
	}
}

func explain(out io.Writer, w weakness.Weakness) {
	fmt.Fprintf(out, "%s: %s\n", w.ID, w.Title)
	var cwe []string
	for _, n := range w.CWE {
		cwe = append(cwe, fmt.Sprintf("CWE-%d", n))
	}
	fmt.Fprintf(out, "severity %s · %s\n", w.Severity, strings.Join(cwe, ", "))
	section := func(title, text string) {
		if text == "" {
			return
		}
		fmt.Fprintf(out, "\n%s\n", strings.ToUpper(title))
		for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
			if i > 0 {
				fmt.Fprintln(out)
			}
			fmt.Fprintln(out, fill(paragraph, "  ", 80))
		}
	}
	code := func(title, text string) {
		if text == "" {
			return
		}
		fmt.Fprintf(out, "\n%s\n", strings.ToUpper(title))
		for line := range strings.Lines(strings.Trim(text, "\n") + "\n") {
			fmt.Fprint(out, strings.TrimRight("    "+line, " \n"), "\n")
		}
	}
	section("What it is", w.What)
	section("How it is attacked", w.Attack)
	section("What a finding rests on", w.Sure)
	code("Vulnerable", w.Bad)
	code("Mended", w.Good)
	section("Fix in FastAPI", w.Remedy.FastAPI)
	section("Stop it with the guard", w.Remedy.Guard)
	section("In Go", w.Remedy.Go)
	if len(w.References) > 0 {
		fmt.Fprint(out, "\nREFERENCES\n")
		for _, r := range w.References {
			fmt.Fprintf(out, "  %s\n    %s\n", r.Title, r.URL)
		}
	}
}

// fill breaks text into lines of at most width columns, each with indent.
func fill(text, indent string, width int) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if line != indent && len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	b.WriteString(line)
	return b.String()
}

// suggestion names the entries that share the most letters in order with
// what was asked for, where any comes near.
func suggestion(asked string) string {
	best, least := "", 4
	for _, w := range weakness.All() {
		if d := distance(asked, w.ID); d < least {
			best, least = w.ID, d
		}
	}
	if best == "" {
		for _, w := range weakness.All() {
			if strings.Contains(w.ID, asked) && asked != "" {
				best = w.ID
				break
			}
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance is the Levenshtein distance of a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = slices.Min([]int{cost, row[j] + 1, row[j+1] + 1})
		}
	}
	return row[len(b)]
}
