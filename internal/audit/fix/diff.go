package fix

import (
	"fmt"
	"strings"
)

// context is how many unchanged lines stand around a change.
const context = 3

// Diff returns the unified diff that turns before into after, for git apply
// -p1; "" where they are equal. Lines are compared in order: edits of this
// package replace or add lines and move none.
func Diff(path string, before, after []byte) string {
	if string(before) == string(after) {
		return ""
	}
	a, b := splitLines(string(before)), splitLines(string(after))
	var out strings.Builder
	fmt.Fprintf(&out, "--- a/%s\n+++ b/%s\n", path, path)
	type change struct{ a0, a1, b0, b1 int }
	var changes []change
	for i, j := 0, 0; i < len(a) || j < len(b); {
		if i < len(a) && j < len(b) && a[i] == b[j] {
			i++
			j++
			continue
		}
		i2, j2 := resync(a, b, i, j)
		for i2 > i && j2 > j && a[i2-1] == b[j2-1] {
			i2, j2 = i2-1, j2-1 // blank lines, from which resync does not go on
		}
		changes = append(changes, change{i, i2, j, j2})
		i, j = i2, j2
	}
	for n := 0; n < len(changes); {
		m := n
		for m+1 < len(changes) && changes[m+1].a0-changes[m].a1 <= 2*context {
			m++
		}
		first, last := changes[n], changes[m]
		a0, b0 := max(0, first.a0-context), max(0, first.b0-context)
		a1, b1 := min(len(a), last.a1+context), min(len(b), last.b1+context)
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n", a0+1, a1-a0, b0+1, b1-b0)
		i := a0
		for ; n <= m; n++ {
			c := changes[n]
			for ; i < c.a0; i++ {
				writeLine(&out, ' ', a[i])
			}
			for ; i < c.a1; i++ {
				writeLine(&out, '-', a[i])
			}
			for j := c.b0; j < c.b1; j++ {
				writeLine(&out, '+', b[j])
			}
		}
		for ; i < a1; i++ {
			writeLine(&out, ' ', a[i])
		}
	}
	return out.String()
}

func splitLines(s string) []string {
	lines := strings.SplitAfter(s, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func writeLine(out *strings.Builder, mark byte, line string) {
	out.WriteByte(mark)
	out.WriteString(line)
	if !strings.HasSuffix(line, "\n") {
		out.WriteString("\n\\ No newline at end of file\n")
	}
}

// resync finds the nearest places behind i and j from which lines agree again.
func resync(a, b []string, i, j int) (int, int) {
	for d := 1; d < len(a)-i+len(b)-j; d++ {
		for x := 0; x <= d; x++ {
			p, q := i+x, j+d-x
			if p < len(a) && q < len(b) && a[p] == b[q] && strings.TrimSpace(a[p]) != "" {
				return p, q
			}
		}
	}
	return len(a), len(b)
}
