package finding_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
)

func TestUntestedOperations(t *testing.T) {
	op := func(path string, exercised bool) finding.Operation {
		return finding.Operation{OperationRef: finding.OperationRef{Method: "POST", Path: path}, Exercised: exercised}
	}
	r := &finding.Report{
		Operations: []finding.Operation{op("/used", true), op("/missed", false), op("/handshake", false), op("/unmentioned", false)},
		Verdicts: []finding.Verdict{
			{Operation: "POST /used", Verdict: finding.NotTested},
			{Operation: "POST /missed", Verdict: finding.NotTested},
			{Operation: "POST /handshake", Shape: finding.Form, Verdict: finding.NotTested},
			{Operation: "POST /handshake", Shape: finding.WebSocket, Verdict: finding.Blocked},
		},
	}
	got := slices.Sorted(maps.Keys(r.Untested()))
	if want := []string{"POST /missed", "POST /unmentioned"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
