package scan_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/fastapitest"
	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/needs"
	"github.com/d710e0ae/countersign/internal/scan"
	"github.com/d710e0ae/countersign/internal/secret"
)

// A truth is what is true of an application in its two variants, written from
// what it does.
type truth struct {
	Victim, Attacker  account
	Vulnerable, Fixed []string // findings: "WEAKNESS" or "WEAKNESS METHOD PATH"
	Host              string   // name below localhost by which it is reached; empty: 127.0.0.1
	Frontend          string   // path of the page that people use, which needs the browser
	// Verdicts says for each operation how every attempt ends, in lines such
	// as "cross-site null: samesite *" and "same-site: forged blob beacon,
	// preflight json-cors". "*" stands for every position, or for the shapes
	// that the line does not name.
	Verdicts struct{ Vulnerable, Fixed map[string][]string }
}

type account struct{ Name, Password string }

// TestApplications scans applications of different kinds, each vulnerable and
// mended, and holds findings and verdicts to their truth: no more and no less.
func TestApplications(t *testing.T) {
	files, err := filepath.Glob("../../testdata/fastapi/apps/*/truth.json")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d applications, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var is truth
		if err := json.Unmarshal(data, &is); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		dir := filepath.Dir(file)
		for _, v := range []struct {
			name, env string
			findings  []string
			verdicts  map[string][]string
		}{
			{"vulnerable", "FIXED=0", is.Vulnerable, is.Verdicts.Vulnerable},
			{"fixed", "FIXED=1", is.Fixed, is.Verdicts.Fixed},
		} {
			t.Run(filepath.Base(dir)+"/"+v.name, func(t *testing.T) {
				t.Parallel()
				cfg := scan.Config{
					Victim:   scan.Account{Name: is.Victim.Name, Password: secret.New(is.Victim.Password)},
					Attacker: scan.Account{Name: is.Attacker.Name, Password: secret.New(is.Attacker.Password)},
					Browser:  "off",
				}
				if is.Frontend != "" {
					cfg.Browser = needs.Chromium(t)
				}
				s := fastapitest.Start(t, filepath.Join(dir, "app.py"), v.env)
				cfg.Target = s.URL
				if is.Host != "" {
					cfg.Target = strings.Replace(s.URL, "127.0.0.1", is.Host, 1)
				}
				if is.Frontend != "" {
					cfg.Frontend = s.URL + is.Frontend
				}
				r, err := scan.Run(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				compareFindings(t, r, v.findings)
				compareVerdicts(t, r, v.verdicts)
				for _, o := range r.Operations {
					if o.ChangesState && !o.Exercised {
						t.Errorf("%s was not exercised: %s", o, o.Reason)
					}
				}
			})
		}
	}
}

// compareVerdicts holds every attempt on the operations named in want to it.
func compareVerdicts(t *testing.T, r *finding.Report, want map[string][]string) {
	t.Helper()
	for operation, lines := range want {
		tried := 0
		for _, v := range r.Verdicts {
			if v.Operation != operation {
				continue
			}
			tried++
			got := string(v.Verdict)
			if v.Verdict == finding.Blocked {
				got = string(v.By)
			}
			if due := expected(lines, v.Position, v.Shape); got != due {
				t.Errorf("%s from %s as %s: %s, want %s (%s)", operation, v.Position, v.Shape, got, due, v.Reason)
			}
		}
		if tried == 0 {
			t.Errorf("%s: no attempt was made", operation)
		}
	}
}

// expected looks an attempt up in the lines of a truth.
func expected(lines []string, pos finding.Position, shape finding.Shape) string {
	rest := "(the truth does not say)"
	for _, line := range lines {
		positions, ends, _ := strings.Cut(line, ": ")
		if p := strings.Fields(positions); !slices.Contains(p, string(pos)) && p[0] != "*" {
			continue
		}
		for end := range strings.SplitSeq(ends, ", ") {
			words := strings.Fields(end)
			if slices.Contains(words[1:], string(shape)) {
				return words[0]
			}
			if slices.Contains(words[1:], "*") {
				rest = words[0]
			}
		}
	}
	return rest
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
