package cli

import (
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
)

func TestABaselineKnowsAFindingAsFarAsItReached(t *testing.T) {
	reaches := func(paths ...string) finding.Finding {
		f := finding.Finding{Weakness: "forgeable-operation", Fingerprint: "f", Message: "It is forgeable."}
		for _, p := range paths {
			f.Related = append(f.Related, finding.Related{Message: "POST " + p, Operation: &finding.OperationRef{Method: "POST", Path: p}})
		}
		return f
	}
	report := func(f ...finding.Finding) *finding.Report { return &finding.Report{Findings: f} }
	for name, tc := range map[string]struct {
		before *finding.Report
		now    finding.Finding
		known  bool
		says   string
	}{
		"the same":         {report(reaches("/a", "/b")), reaches("/b", "/a"), true, "It is forgeable."},
		"less":             {report(reaches("/a", "/b")), reaches("/a"), true, "It is forgeable."},
		"further":          {report(reaches("/a")), reaches("/a", "/b", "/c"), false, "New since the baseline: POST /b, POST /c."},
		"never seen":       {report(), reaches("/a"), false, "It is forgeable."},
		"an older report":  {report(reaches()), reaches("/a"), true, "It is forgeable."},
		"no routes at all": {report(reaches()), reaches(), true, "It is forgeable."},
	} {
		t.Run(name, func(t *testing.T) {
			f := tc.now
			newBaseline(tc.before).mark(&f)
			if f.Known != tc.known || !strings.Contains(f.Message, tc.says) {
				t.Errorf("known %v, %q", f.Known, f.Message)
			}
			if f.Known && f.Message != "It is forgeable." {
				t.Errorf("a known finding says %q", f.Message)
			}
		})
	}
}
