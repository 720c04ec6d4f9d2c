package words

import "strings"

// All returns the words of a meaning, as the table has them.
func All(m Meaning) []string {
	var out []string
	for line := range strings.Lines(table) {
		if meaning, list, ok := strings.Cut(line, ":"); ok && named[meaning] == m && !strings.HasPrefix(line, "#") {
			for _, w := range strings.Fields(list) {
				out = append(out, strings.Join(Split(w), ""))
			}
		}
	}
	return out
}

// SplitForeign is Split of what is not all ASCII.
func SplitForeign(text string) []string { return splitForeign(nil, text) }
