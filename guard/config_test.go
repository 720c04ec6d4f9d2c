package guard_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

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

// What the schema refuses, an editor underlines, and the loader refuses; and
// what stands in a file that the loader takes, no editor underlines.
func TestSchemaAndLoaderAgree(t *testing.T) {
	t.Setenv("COUNTERSIGN_JWT_SECRET", strings.Repeat("s", 32))
	text, err := guard.Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "c.yaml")
	good, bad := 0, 0
	try := func(key, value string) {
		t.Helper()
		config := "upstream: http://127.0.0.1:8000\npublic_origin: https://app.example.com\n"
		section, name, nested := strings.Cut(key, ".")
		if nested {
			config += section + ":\n  " + name + ": " + value + "\n"
		} else {
			config = strings.ReplaceAll("\n"+config, "\n"+key+":", "\n#") + key + ": " + value + "\n"
		}
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		var v any
		if err := yaml.Unmarshal([]byte(config), &v); err != nil {
			t.Fatalf("%s: %s: %v", key, value, err)
		}
		asJSON, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		if err != nil {
			t.Fatal(err)
		}
		underlined := schema.Validate(instance)
		_, refused := guard.LoadConfig(file)
		if underlined != nil && refused == nil {
			t.Errorf("%s: %s is underlined, and loads: %v", key, value, underlined)
		}
		if refused == nil {
			good++
		} else {
			bad++
		}
	}
	properties := document.(map[string]any)["properties"].(map[string]any)
	keys := map[string]map[string]any{}
	for name, p := range properties {
		p := p.(map[string]any)
		nested, ok := p["properties"].(map[string]any)
		if !ok {
			keys[name] = p
			continue
		}
		keys[name] = nil // a section
		for inner, q := range nested {
			keys[name+"."+inner] = q.(map[string]any)
		}
	}
	values := []string{
		"true", `"true"`, "5", `"5"`, "-1", "0", "1.5", "010", "0x10", "1_000", "30s", "1h30m", "-5m", "+5m", "1us", ".5h", `"30"`, "64KiB", `"64  KiB"`, "10MB", "+5KiB",
		"text", `""`, "null", "", "[]", "[text]", `[""]`, "[5]", "[true]", "[null]", "[[a]]", "{}", "{a: b}", "env:COUNTERSIGN_JWT_SECRET", "/login", "enforce", "report", "HS256",
	}
	for key, p := range keys {
		for _, v := range values {
			try(key, v)
		}
		if def, ok := p["default"]; ok && p["type"] != "integer" {
			b, err := json.Marshal(def)
			if err != nil {
				t.Fatal(err)
			}
			before := bad
			try(key, string(b))
			if bad != before {
				t.Errorf("the default of %s does not load: %s", key, b)
			}
		}
	}
	try("nothing", "text")
	try("jwt.nothing", "text")
	if good < 100 || bad < 500 {
		t.Errorf("%d good, %d bad", good, bad)
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
