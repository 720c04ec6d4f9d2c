package finding_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/weakness"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestCollectorKeepsTheLastWordOnEachAttempt(t *testing.T) {
	c := finding.NewCollector(finding.Scan, finding.Tool{}, "t", noon, nil)
	v := finding.Verdict{Operation: "POST /b", Position: finding.CrossSite, Shape: finding.Blob, Verdict: finding.Forged, Proof: finding.ByHTTP}
	c.Verdict(v)
	c.Verdict(finding.Verdict{Operation: "POST /b", Position: finding.CrossSite, Shape: finding.Form, Verdict: finding.NotTested})
	v.Verdict, v.By, v.Proof = finding.Blocked, finding.BySameSite, finding.ByBrowser
	c.Verdict(v)
	ref := finding.OperationRef{Method: "POST", Path: "/b"}
	c.Operation(finding.Operation{OperationRef: ref})
	c.Operation(finding.Operation{OperationRef: ref, Exercised: true})
	c.Operation(finding.Operation{OperationRef: finding.OperationRef{Method: "GET", Path: "/a"}})

	r := c.Report(noon.Add(1500 * time.Millisecond))
	if len(r.Verdicts) != 2 || r.Verdicts[0].Shape != finding.Form || r.Verdicts[1] != v {
		t.Errorf("verdicts: %+v", r.Verdicts)
	}
	if want := (finding.Coverage{Operations: 2, Exercised: 1}); r.Coverage != want {
		t.Errorf("coverage %+v, want %+v", r.Coverage, want)
	}
	if r.Operations[0].Path != "/a" || r.Seconds != 1.5 || !r.Complete {
		t.Errorf("report: %+v", r)
	}
	c.Incomplete("why")
	c.Incomplete("why")
	if r2 := c.Report(noon); r2.Complete || len(r2.IncompleteReasons) != 1 || !r.Complete {
		t.Errorf("after Incomplete: %+v", r2)
	}
}

// A run that starts late within a second has not lasted since its beginning.
func TestSecondsCountFromTheStart(t *testing.T) {
	started := noon.Add(900 * time.Millisecond)
	c := finding.NewCollector(finding.Audit, finding.Tool{}, "t", started, nil)
	if r := c.Report(started.Add(20 * time.Millisecond)); r.Seconds != 0.02 || !r.Started.Equal(noon) {
		t.Errorf("%v seconds since %v, want 0.02 since %v", r.Seconds, r.Started, noon)
	}
}

func TestFindingsAreSortedWorstFirst(t *testing.T) {
	c := finding.NewCollector(finding.Audit, finding.Tool{}, "t", noon, nil)
	for i, s := range []weakness.Severity{weakness.Low, weakness.Critical, weakness.Info, weakness.High} {
		c.Finding(finding.Finding{Weakness: "w", Severity: s, Fingerprint: string(rune('a' + i))})
	}
	var got []weakness.Severity
	for _, f := range c.Report(noon).Findings {
		got = append(got, f.Severity)
	}
	if want := []weakness.Severity{weakness.Critical, weakness.High, weakness.Low, weakness.Info}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMergeKeepsWhatSaysMore(t *testing.T) {
	ref := finding.OperationRef{Method: "POST", Path: "/x"}
	at := finding.Verdict{Operation: "POST /x", Position: finding.CrossSite, Shape: finding.Form}
	blocked, forged, untested := at, at, at
	blocked.Verdict, forged.Verdict, untested.Verdict = finding.Blocked, finding.Forged, finding.NotTested
	a := &finding.Report{Target: "t", Started: noon, Seconds: 2, Coverage: finding.Coverage{Requests: 5},
		Operations: []finding.Operation{{OperationRef: ref}}, Verdicts: []finding.Verdict{untested},
		Findings: []finding.Finding{{Fingerprint: "1"}}}
	b := &finding.Report{Target: "t", Started: noon.Add(-time.Hour), Seconds: 3, Coverage: finding.Coverage{Requests: 7},
		Operations: []finding.Operation{{OperationRef: ref, Exercised: true}}, Verdicts: []finding.Verdict{forged},
		Findings: []finding.Finding{{Fingerprint: "1"}, {Fingerprint: "2"}}, IncompleteReasons: []string{"r"}}
	c := &finding.Report{Target: "t", Started: noon, Verdicts: []finding.Verdict{blocked}}
	m := finding.Merge(a, b, c)
	if m.Verdicts[0].Verdict != finding.Forged || len(m.Verdicts) != 1 {
		t.Errorf("verdicts %+v", m.Verdicts)
	}
	if m.Coverage != (finding.Coverage{Operations: 1, Exercised: 1, Requests: 12}) || len(m.Findings) != 2 || m.Complete || m.Target != "t" || !m.Started.Equal(b.Started) {
		t.Errorf("merged %+v", m)
	}
}

func TestFingerprintPartsDoNotRunTogether(t *testing.T) {
	a, b := finding.Fingerprint("w", "a", "bc"), finding.Fingerprint("w", "ab", "c")
	if a == b || a != finding.Fingerprint("w", "a", "bc") || len(a) != 32 {
		t.Errorf("%s, %s", a, b)
	}
}

func TestReportsSurviveJSON(t *testing.T) {
	in := finding.Finding{Weakness: "w", Severity: weakness.Medium, Operation: &finding.OperationRef{Method: "GET", Path: "/"},
		Related: []finding.Related{{Location: finding.Location{File: "f", Line: 2}, Message: "m"}}}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out finding.Finding
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if out.Severity != in.Severity || *out.Operation != *in.Operation || out.Related[0] != in.Related[0] {
		t.Errorf("%s became %+v", data, out)
	}
}
