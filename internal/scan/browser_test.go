package scan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/fastapitest"
	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/needs"
	"github.com/d710e0ae/countersign/internal/scan"
	"github.com/d710e0ae/countersign/internal/weakness"
)

func TestForgeriesAreProvedInABrowser(t *testing.T) {
	chromium := needs.Chromium(t)
	srv := fastapitest.Start(t, "../../testdata/fastapi/bank/vulnerable.py")
	dir := t.TempDir()
	r := run(t, scan.Config{Target: srv.URL, Victim: alice, Attacker: mallory, Browser: chromium, Artifacts: dir})
	for _, want := range [][2]string{
		{"forgeable-operation", "POST /transfer"},
		{"forgeable-when-fresh", "POST /transfer/form"},
		{"get-changes-state", "GET /transfer/quick"},
	} {
		f := find(r, want[0], want[1])
		if f == nil {
			t.Errorf("%s of %s was not found among:\n%s", want[0], want[1], list(r))
			continue
		}
		if f.Confidence != finding.Proved {
			t.Errorf("%s of %s is %s: %s", want[0], want[1], f.Confidence, f.Message)
		}
		kinds := map[finding.EvidenceKind]string{}
		for _, e := range f.Evidence {
			kinds[e.Kind] += e.Text
		}
		if !strings.Contains(kinds[finding.StateEvidence], "balance") || !strings.Contains(kinds[finding.BrowserEvidence], "cookies sent: access_token") {
			t.Errorf("%s of %s: what shows it is %q", want[0], want[1], kinds)
		}
		if page, err := os.ReadFile(f.ProofOfConcept); err != nil || len(page) == 0 {
			t.Errorf("%s of %s has no proof of concept: %v", want[0], want[1], err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no artifacts: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"wonderland-7", "looking-glass-9", "eyJhbGciOi"} {
			if strings.Contains(string(data), s) {
				t.Errorf("%s holds the secret %q", file, s)
			}
		}
	}
	noSecrets(t, r, "wonderland-7", "looking-glass-9")
}

func TestNoBrowserForgesTheSafeBank(t *testing.T) {
	chromium := needs.Chromium(t)
	srv := fastapitest.Start(t, "../../testdata/fastapi/bank/cookie.py")
	r := run(t, scan.Config{Target: srv.URL, Victim: alice, Attacker: mallory, Browser: chromium})
	for _, f := range r.Findings {
		if f.Severity >= weakness.Medium {
			t.Errorf("%s: %s", f.Weakness, f.Message)
		}
	}
	for _, v := range r.Verdicts {
		if v.Verdict == finding.Forged {
			t.Errorf("forged: %+v", v)
		}
	}
}
