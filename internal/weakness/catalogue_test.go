package weakness_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/weakness"
)

var update = flag.Bool("update", false, "rewrite docs/weaknesses.md")

func TestEveryEntryIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range weakness.All() {
		if seen[w.ID] {
			t.Errorf("%s stands twice", w.ID)
		}
		seen[w.ID] = true
		for name, text := range map[string]string{
			"Title": w.Title, "What": w.What, "Attack": w.Attack, "Sure": w.Sure, "Bad": w.Bad, "Good": w.Good,
			"Remedy.FastAPI": w.Remedy.FastAPI, "Remedy.Guard": w.Remedy.Guard, "Remedy.Go": w.Remedy.Go,
		} {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s has no %s", w.ID, name)
			}
		}
		if w.Bad == w.Good {
			t.Errorf("%s: the good example is the bad one", w.ID)
		}
		if len(w.CWE) == 0 || len(w.References) == 0 {
			t.Errorf("%s has no CWE or no reference", w.ID)
		}
		for _, r := range w.References {
			if !strings.HasPrefix(r.URL, "https://") || r.Title == "" {
				t.Errorf("%s: reference %+v", w.ID, r)
			}
		}
		if !w.InSource && !w.OnWire {
			t.Errorf("%s is found by nothing", w.ID)
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d entries", len(seen))
	}
}

// TestEveryFileIsInTheCatalogue finds an entry that was written and not
// listed.
func TestEveryFileIsInTheCatalogue(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "= Weakness{\n") {
			continue
		}
		n++
		id := strings.ReplaceAll(strings.TrimSuffix(f, ".go"), "_", "-")
		if _, ok := weakness.ByID(id); !ok {
			t.Errorf("%s holds no entry that All lists as %s", f, id)
		}
	}
	if n != len(weakness.All()) {
		t.Errorf("%d files, %d entries", n, len(weakness.All()))
	}
}

func TestByIDOfNothing(t *testing.T) {
	if _, ok := weakness.ByID("no-such-thing"); ok {
		t.Error("found")
	}
}

func TestSeverityNames(t *testing.T) {
	for s := weakness.Info; s <= weakness.Critical; s++ {
		got, err := weakness.ParseSeverity(s.String())
		if err != nil || got != s {
			t.Errorf("%v became %v, %v", s, got, err)
		}
	}
	if _, err := weakness.ParseSeverity("High"); err == nil {
		t.Error("read a name in the wrong case")
	}
}

func TestTheDocumentIsCurrent(t *testing.T) {
	const name = "../../docs/weaknesses.md"
	want := weakness.Markdown()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the catalogue says; run go test ./internal/weakness -update", name)
	}
}
