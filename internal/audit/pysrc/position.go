package pysrc

import (
	"sort"
	"unicode/utf8"
)

// A Position is a place in a file; Line and Column count from 1, columns in
// characters.
type Position struct{ Line, Column int }

// Position returns where a byte offset stands.
func (f *File) Position(offset int32) Position {
	offset = min(max(offset, 0), int32(len(f.src)))
	i := sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > offset }) - 1
	return Position{i + 1, utf8.RuneCountInString(f.src[f.lines[i]:offset]) + 1}
}
