package law_test

import (
	_ "embed"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/law"
)

const (
	root   = "../.."
	module = "github.com/d710e0ae/countersign"
)

//go:embed law.txt
var text string

func TestTheTreeKeepsTheLaw(t *testing.T) {
	l, err := law.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	imports, err := law.Imports(root, module)
	if err != nil {
		t.Fatal(err)
	}
	if len(imports) < 10 {
		t.Fatalf("found only %d packages: the test looks in the wrong place", len(imports))
	}
	for _, b := range l.Check(imports) {
		t.Error(b)
	}
}

// TestAForbiddenImportBreaksTheLaw adds, one at a time, imports that the law
// must not let pass to the tree as it is.
func TestAForbiddenImportBreaksTheLaw(t *testing.T) {
	l, err := law.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := law.Imports(root, module)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ pkg, imp string }{
		{"cors", "csrf"},
		{"jwt", "guard"},
		{"cfgerrors", "internal/origin"},
		{"internal/scan", "guard"},
		{"guard", "internal/scan"},
		{"internal/audit", "internal/scan"},
		{"internal/audit", "net"},
		{"internal/audit/pysrc", "os/exec"},
		{"internal/scan/attack", "internal/scan"},
		{"internal/weakness", "internal/finding"},
		{"internal/render/text", "internal/scan"},
		{"cmd/countersign", "guard"},
		{"internal/nowhere", "cfgerrors"},
	} {
		t.Run(c.pkg+" imports "+c.imp, func(t *testing.T) {
			changed := maps.Clone(tree)
			changed[c.pkg] = append(slices.Clone(tree[c.pkg]), c.imp)
			if _, ok := changed[c.imp]; !ok && strings.Contains(c.imp, "/") && c.imp != "os/exec" {
				changed[c.imp] = []string{}
			}
			before, after := l.Check(tree), l.Check(changed)
			if len(after) <= len(before) {
				t.Errorf("the law lets it pass: %q", after)
			}
		})
	}
}

func TestArchitectureQuotesTheLaw(t *testing.T) {
	doc, err := os.ReadFile(root + "/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), strings.TrimSpace(text)) {
		t.Error("ARCHITECTURE.md does not contain internal/law/law.txt word for word: copy it there")
	}
}

// Each room stands in the table of rooms, by its path or, inside of a larger
// one, by its own name.
func TestArchitectureNamesEveryRoom(t *testing.T) {
	doc, err := os.ReadFile(root + "/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rooms, _ := strings.Cut(string(doc), "## The rooms")
	rooms, _, found := strings.Cut(rooms, "## What must be true")
	if !found {
		t.Fatal("ARCHITECTURE.md has no table of rooms")
	}
	tree, err := law.Imports(root, module)
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range tree {
		room := func(p string) bool {
			return strings.Contains(rooms, "`"+p+"`") || strings.Contains(rooms, "`"+p+"/…`")
		}
		if !room(pkg) && !room(path.Base(pkg)) && !room(path.Dir(pkg)) {
			t.Errorf("%s is no room of ARCHITECTURE.md", pkg)
		}
	}
}

func TestParseRefusesALineWithoutVerb(t *testing.T) {
	if _, err := law.Parse("cors csrf"); err == nil {
		t.Error("accepted")
	}
}
