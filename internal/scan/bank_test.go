package scan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/fastapitest"
	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
	"github.com/d710e0ae/countersign/internal/secret"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// The bank's accounts.
var (
	alice   = scan.Account{Name: "alice", Password: secret.New("wonderland-7")}
	mallory = scan.Account{Name: "mallory", Password: secret.New("looking-glass-9")}
)

func run(t *testing.T, cfg scan.Config) *finding.Report {
	t.Helper()
	if cfg.Browser == "" {
		cfg.Browser = "off"
	}
	r, err := scan.Run(t.Context(), cfg)
	if err != nil {
		t.Fatalf("scan of %s: %v", cfg.Target, err)
	}
	return r
}

func find(r *finding.Report, weakness, operation string) *finding.Finding {
	for i, f := range r.Findings {
		op := ""
		if f.Operation != nil {
			op = f.Operation.String()
		}
		if f.Weakness == weakness && op == operation {
			return &r.Findings[i]
		}
	}
	return nil
}

func list(r *finding.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %v %s\n", f.Severity, f.Weakness, f.Operation, f.Message)
	}
	return b.String()
}

// noSecrets fails where a report holds one of the secrets that were used.
func noSecrets(t *testing.T, r *finding.Report, secrets ...string) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(secrets, "eyJhbGciOi") {
		if strings.Contains(string(b), s) {
			t.Errorf("the report holds the secret %q", s)
		}
	}
}

func TestVulnerableBank(t *testing.T) {
	srv := fastapitest.Start(t, "../../testdata/fastapi/bank/vulnerable.py")
	r := run(t, scan.Config{Target: srv.URL, Victim: alice, Attacker: mallory})
	for _, want := range [][2]string{
		{"get-changes-state", "GET /transfer/quick"},
		{"login-forgeable", "POST /token"},
		{"logout-forgeable", "POST /logout"},
		{"websocket-hijackable", "GET /ws"},
		{"cors-credentials-any-origin", ""},
		{"mixed-credentials", "POST /transfer"},
		{"jwt-survives-logout", ""},
	} {
		if find(r, want[0], want[1]) == nil {
			t.Errorf("%s of %q was not found among:\n%s", want[0], want[1], list(r))
		}
	}
	for _, op := range []string{"POST /transfer", "POST /transfer/form", "POST /email"} {
		if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool {
			return strings.HasPrefix(f.Weakness, "forgeable-") && f.Operation != nil && f.Operation.String() == op && f.Severity >= weakness.Medium
		}) {
			t.Errorf("no forgery of %s was found among:\n%s", op, list(r))
		}
	}
	f := find(r, "get-changes-state", "GET /transfer/quick")
	if f != nil && !slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool {
		return e.Kind == finding.StateEvidence && strings.Contains(e.Text, "balance")
	}) {
		t.Errorf("the forged GET was not read back: %+v", f.Evidence)
	}
	noSecrets(t, r, "wonderland-7", "looking-glass-9")
}

func TestSafeBanksHaveNoForgery(t *testing.T) {
	for variant, by := range map[string][]finding.By{
		"bearer":           {finding.ByNoAmbientCredential},
		"bearer_open_cors": {finding.ByNoAmbientCredential},
		"cookie":           {finding.BySameSite, finding.ByPreflight, finding.ByOrigin, finding.ByContentType}, // its origin check comes first
	} {
		t.Run(variant, func(t *testing.T) {
			srv := fastapitest.Start(t, "../../testdata/fastapi/bank/"+variant+".py")
			r := run(t, scan.Config{Target: srv.URL, Victim: alice, Attacker: mallory})
			for _, f := range r.Findings {
				if f.Severity >= weakness.Medium {
					t.Errorf("%s: %s", f.Weakness, f.Message)
				}
			}
			seen := map[string]int{}
			for _, v := range r.Verdicts {
				switch v.Verdict {
				case finding.Forged:
					t.Errorf("forged: %+v", v)
				case finding.Blocked:
					seen[v.Operation]++
					if !slices.Contains(by, v.By) || v.Reason == "" {
						t.Errorf("blocked by something else: %+v", v)
					}
				}
			}
			for _, op := range []string{"POST /transfer", "POST /transfer/form", "POST /email"} {
				if seen[op] == 0 {
					t.Errorf("%s has no verdict that says what blocked it", op)
				}
			}
			noSecrets(t, r, "wonderland-7", "looking-glass-9")
		})
	}
}

func TestOneAccountIsEnough(t *testing.T) {
	srv := fastapitest.Start(t, "../../testdata/fastapi/bank/vulnerable.py")
	r := run(t, scan.Config{Target: srv.URL, Victim: alice})
	for _, o := range r.Operations {
		if !o.Exercised {
			t.Errorf("not exercised: %s: %s", o, o.Reason)
		}
	}
	if f := find(r, "forgeable-operation", "POST /transfer"); f == nil || f.Severity != weakness.High {
		t.Errorf("the forged transfer was not found among:\n%s", list(r))
	}
}
