package scan_test

import (
	"net/http"
	"net/http/httptest"
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
	// What needs no operation of the document is proved in the browser, too.
	for _, want := range [][3]string{
		{"login-forgeable", "POST /token", "ATTACKERS-NAME"},
		{"logout-forgeable", "POST /logout", "/logout"},
		{"websocket-hijackable", "GET /ws", "WebSocket"},
	} {
		f := find(r, want[0], want[1])
		if f == nil || f.Confidence != finding.Proved {
			t.Errorf("%s of %s: %+v", want[0], want[1], f)
			continue
		}
		if page, err := os.ReadFile(f.ProofOfConcept); err != nil || !strings.Contains(string(page), want[2]) {
			t.Errorf("%s of %s: its proof of concept lacks %s: %v", want[0], want[1], want[2], err)
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

// TestForgeriesOverHTTPS scans a named host over https, under a certificate
// that only the scan's own configuration trusts.
func TestForgeriesOverHTTPS(t *testing.T) {
	chromium := needs.Chromium(t)
	for _, tc := range []struct {
		attributes string
		weakness   string
		positions  map[finding.Position]finding.Outcome
	}{
		{"Secure; SameSite=None", "forgeable-operation", map[finding.Position]finding.Outcome{finding.CrossSite: finding.Forged, finding.SameSite: finding.Forged, finding.Insecure: finding.Forged}},
		{"Secure; SameSite=Strict", "forgeable-from-sibling", map[finding.Position]finding.Outcome{finding.CrossSite: finding.Blocked, finding.SameSite: finding.Forged, finding.Insecure: finding.Blocked}},
	} {
		t.Run(tc.attributes, func(t *testing.T) {
			srv := httptest.NewTLSServer(&small{attributes: tc.attributes})
			defer srv.Close()
			trusted := srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			trusted.ServerName = "example.com" // what its certificate says
			r := run(t, scan.Config{Target: strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), TLS: trusted, Victim: alice, Browser: chromium})
			f := find(r, tc.weakness, "POST /name")
			if f == nil || f.Confidence != finding.Proved {
				t.Errorf("%s of POST /name: %+v among:\n%s", tc.weakness, f, list(r))
			}
			for position, want := range tc.positions {
				for _, v := range r.Verdicts {
					if v.Operation == "POST /name" && v.Position == position && v.Shape == finding.Blob && v.Verdict != want {
						t.Errorf("%s: %s, want %s: %s", position, v.Verdict, want, v.Reason)
					}
				}
			}
			noSecrets(t, r, "wonderland-7", "0123456789abcdef")
		})
	}
}
