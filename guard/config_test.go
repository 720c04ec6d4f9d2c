package guard_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/guard"
)

var update = flag.Bool("update", false, "write the golden files")

// TestTypicalMistakes holds the messages of each mistaken configuration to a
// file, and each message to its form: a place, a key, and what to do.
func TestTypicalMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/config/*.yaml")
	if err != nil || len(files) < 11 {
		t.Fatalf("%d configurations, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := guard.LoadConfig(file)
			var got bytes.Buffer
			line := 0
			for e := range cfgerrors.All(err) {
				got.WriteString(e.Error() + "\n")
				if e.Pos.Line < line {
					t.Errorf("line %d is told after line %d", e.Pos.Line, line)
				}
				line = e.Pos.Line
				if e.Pos.File != file || e.Pos.Line == 0 || e.Pos.Column == 0 {
					t.Errorf("no place: %s", e)
				}
			}
			if got.Len() == 0 {
				t.Fatalf("accepted: %v", err)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("got:\n%swant:\n%s", &got, want)
			}
		})
	}
}

func TestSchemaIsCurrent(t *testing.T) {
	got, err := guard.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("schema.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("schema.json is old; run: go test ./guard -update")
	}
}

// TestExamplesLoad loads every configuration that users are shown.
func TestExamplesLoad(t *testing.T) {
	t.Setenv("COUNTERSIGN_JWT_SECRET", strings.Repeat("s", 32))
	found := 0
	for _, pattern := range []string{"../examples/guard/*.yaml", "../deploy/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			found++
			c, err := guard.LoadConfig(file)
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			if text := c.String(); strings.Contains(text, strings.Repeat("s", 32)) || !strings.Contains(text, "public_origin: \"https://") {
				t.Errorf("%s is printed as\n%s", file, text)
			}
		}
	}
	if found < 2 {
		t.Fatalf("found %d configurations", found)
	}
}

// TestPrintedConfigurationLoads: what --print-config shows is a configuration
// that says the same.
func TestPrintedConfigurationLoads(t *testing.T) {
	c := guard.DefaultConfig()
	c.Upstream, c.PublicOrigin = "http://127.0.0.1:8000", "https://app.example.com"
	file := filepath.Join(t.TempDir(), "printed.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(c.String(), "  secret: \"\"\n", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := guard.LoadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	if again.String() != c.String() {
		t.Errorf("printed:\n%s\nread:\n%s", c, again)
	}
}

func FuzzLoadConfig(f *testing.F) {
	files, err := filepath.Glob("testdata/config/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		// No key names a file: what the fuzzer writes there is not to be read.
		text = bytes.ReplaceAll(text, []byte("_file"), []byte("_fuzz"))
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := guard.LoadConfig(file)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v and %v", c, err)
		}
	})
}
