package scan_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/d710e0ae/countersign/internal/fastapitest"
	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
	"github.com/d710e0ae/countersign/internal/secret"
)

// TestApplications scans applications of different kinds, each vulnerable and
// mended, and holds the findings to their truth: no more and no less.
func TestApplications(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/fastapi/apps/*/truth.json")
	if err != nil || len(dirs) < 7 {
		t.Fatalf("%d applications, %v", len(dirs), err)
	}
	for _, file := range dirs {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		type account struct{ Name, Password string }
		var truth struct {
			Victim, Attacker  account
			Vulnerable, Fixed []string
		}
		if err := json.Unmarshal(data, &truth); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		dir := filepath.Dir(file)
		for env, want := range map[string][]string{"FIXED=0": truth.Vulnerable, "FIXED=1": truth.Fixed} {
			t.Run(filepath.Base(dir)+" "+env, func(t *testing.T) {
				t.Parallel()
				s := fastapitest.Start(t, filepath.Join(dir, "app.py"), env)
				r, err := scan.Run(t.Context(), scan.Config{
					Target:   s.URL,
					Victim:   scan.Account{Name: truth.Victim.Name, Password: secret.New(truth.Victim.Password)},
					Attacker: scan.Account{Name: truth.Attacker.Name, Password: secret.New(truth.Attacker.Password)},
					Browser:  "off",
				})
				if err != nil {
					t.Fatal(err)
				}
				compareFindings(t, r, want)
				for _, o := range r.Operations {
					if o.ChangesState && !o.Exercised {
						t.Errorf("%s was not exercised: %s", o, o.Reason)
					}
				}
			})
		}
	}
}

func compareFindings(t *testing.T, r *finding.Report, want []string) {
	t.Helper()
	var got []string
	for _, f := range r.Findings {
		text := f.Weakness
		if f.Operation != nil {
			text += " " + f.Operation.String()
		}
		got = append(got, text)
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("found, and it is not there: %s", g)
		}
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("not found: %s", w)
		}
	}
}
