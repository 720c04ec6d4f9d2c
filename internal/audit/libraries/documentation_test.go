package libraries_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

var update = flag.Bool("update", false, "rewrite the table of docs/audit.md")

// TestEveryLibraryIsDocumented holds docs/audit.md to the list.
func TestEveryLibraryIsDocumented(t *testing.T) {
	const page = "../../../docs/audit.md"
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	begin, end := strings.Index(text, "<!-- libraries:"), strings.Index(text, "<!-- end of libraries -->")
	if begin < 0 || end < begin {
		t.Fatalf("%s has no place for the libraries", page)
	}
	begin += strings.IndexByte(text[begin:], '\n') + 1
	var b strings.Builder
	b.WriteString("| library | read in |\n|---|---|\n")
	for _, l := range libraries.All() {
		fmt.Fprintf(&b, "| %s | %s |\n", l.Name, strings.ReplaceAll(l.Source, "|", "\\|"))
	}
	want := text[:begin] + b.String() + text[end:]
	if want == text {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date; run go test ./internal/audit/libraries -update", page)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
