package audit_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/audit"
	"github.com/d710e0ae/countersign/internal/audit/rules"
	"github.com/d710e0ae/countersign/internal/weakness"
	"github.com/rogpeppe/go-internal/txtar"
)

// want marks, in a fixture, the line on which a weakness must be found.
var want = regexp.MustCompile(`want:\s*([a-z0-9-]+)`)

// fixtures returns the cases of a rule: each a folder of files.
func fixtures(t *testing.T, rule string) map[string]map[string]string {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", rule, "cases.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]string{}
	for _, f := range a.Files {
		name, file, ok := strings.Cut(f.Name, "/")
		if !ok {
			t.Fatalf("%s: a file outside a case", f.Name)
		}
		if out[name] == nil {
			out[name] = map[string]string{}
		}
		out[name][file] = string(f.Data)
	}
	return out
}

func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryRuleOnItsFixtures matches findings with the lines that say they
// want one, both ways.
func TestEveryRuleOnItsFixtures(t *testing.T) {
	for _, r := range rules.All() {
		if w, ok := weakness.ByID(r.ID); !ok || !w.InSource {
			t.Errorf("%s is no weakness that the catalogue finds in source", r.ID)
		}
		cases := fixtures(t, r.ID)
		bad, good := 0, 0
		for name, files := range cases {
			t.Run(r.ID+"/"+name, func(t *testing.T) {
				var expected []string
				for file, text := range files {
					for i, line := range strings.Split(text, "\n") {
						if m := want.FindStringSubmatch(line); m != nil && m[1] == r.ID {
							expected = append(expected, fmt.Sprintf("%s:%d", file, i+1))
						}
					}
				}
				switch {
				case strings.HasPrefix(name, "bad-"):
					bad++
					if len(expected) == 0 {
						t.Fatal("a bad example without a line that is wanted")
					}
				case strings.HasPrefix(name, "good-"):
					good++
					if len(expected) > 0 {
						t.Fatal("a good example with a line that is wanted")
					}
				default:
					t.Fatal("neither bad- nor good-")
				}
				dir := t.TempDir()
				write(t, dir, files)
				report, err := audit.Run(context.Background(), audit.Config{Paths: []string{dir}}, nil)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, f := range report.Findings {
					if f.Weakness == r.ID {
						got = append(got, fmt.Sprintf("%s:%d", f.Location.File, f.Location.Line))
					}
				}
				slices.Sort(expected)
				slices.Sort(got)
				if !slices.Equal(got, expected) {
					t.Errorf("found %v, want %v", got, expected)
				}
			})
		}
		if bad < 3 || good < 3 {
			t.Errorf("%s has %d bad and %d good examples, at least three of each are due", r.ID, bad, good)
		}
	}
}

// TestEveryWeaknessInSourceHasARule keeps catalogue and rules together.
func TestEveryWeaknessInSourceHasARule(t *testing.T) {
	have := map[string]bool{}
	for _, r := range rules.All() {
		if have[r.ID] {
			t.Errorf("%s has two rules", r.ID)
		}
		have[r.ID] = true
	}
	for _, w := range weakness.All() {
		if w.InSource && !have[w.ID] {
			t.Errorf("%s has no rule", w.ID)
		}
	}
}

// TestEveryTrapHasAnExample names, for each trap that the audit must not fall
// into, the example that holds it there.
func TestEveryTrapHasAnExample(t *testing.T) {
	for trap, example := range map[string]string{
		"dead CSRF code":                             "forgeable-operation/bad-dead-csrf",
		"a check turned off by an argument":          "forgeable-operation/bad-check-off-by-argument",
		"a check turned off by a setting":            "forgeable-operation/bad-setting-turns-check-off",
		"a check turned off in a library":            "forgeable-operation/bad-library-check-off",
		"a cookie written and never read":            "forgeable-operation/good-cookie-never-read",
		"a cookie read only by GET pages":            "forgeable-operation/good-cookie-read-by-get-only",
		"positional arguments of set_cookie":         "cookie-not-httponly/bad-positional",
		"a constant with verify_signature: False":    "jwt-not-verified/bad-constant",
		"aliased imports":                            "forgeable-operation/bad-alias-import",
		"a dict of cookies through two helpers":      "cookie-not-httponly/bad-dict-through-two-helpers",
		"a default overridden by .env":               "cookie-not-secure/good-env-file",
		"a pattern without escapes":                  "cors-credentials-loose-origin/bad-dot",
		"a string where a list is due":               "cors-credentials-loose-origin/bad-string",
		"a check in the router's dependencies":       "forgeable-operation/good-router-dependency",
		"a check in the app's dependencies":          "forgeable-operation/good-app-dependency",
		"an Origin that is read but not checked":     "forgeable-operation/bad-header-read-not-checked",
		"an Origin check in a function middleware":   "forgeable-operation/good-origin-function-middleware",
		"an API for bearers only":                    "forgeable-operation/good-bearer",
		"a check of fastapi-csrf-protect":            "forgeable-operation/good-csrf-protect",
		"the default check of fastapi-jwt-auth":      "forgeable-operation/good-library-default",
		"fastapi-users, which checks nothing":        "forgeable-operation/bad-fastapi-users",
		"a secret of the environment, no default":    "jwt-weak-secret/good-environ",
		"a secret of the environment with a default": "jwt-weak-secret/bad-default",
		"Starlette's default SameSite":               "cookie-samesite-missing/good-default",
		"settings in YAML":                           "jwt-hardcoded-secret/bad-yaml",
	} {
		rule, name, _ := strings.Cut(example, "/")
		if _, ok := fixtures(t, rule)[name]; !ok {
			t.Errorf("%s: there is no example %s", trap, example)
		}
	}
}
