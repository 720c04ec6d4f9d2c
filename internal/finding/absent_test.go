package finding_test

import (
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
)

func TestAbsentPositions(t *testing.T) {
	const plain = "the API speaks plain http itself"
	v := func(op string, pos finding.Position, is finding.Outcome, reason string) finding.Verdict {
		return finding.Verdict{Operation: op, Position: pos, Shape: finding.Form, Verdict: is, Reason: reason}
	}
	tested := []finding.Verdict{v("POST /a", finding.CrossSite, finding.Forged, "accepted"), v("POST /a", finding.Insecure, finding.NotTested, plain),
		v("POST /b", finding.CrossSite, finding.NotTested, "not exercised"), v("POST /b", finding.Insecure, finding.NotTested, "not exercised")}
	if got := finding.Absent(tested); len(got) != 1 || got[0] != (finding.AbsentPosition{Position: finding.Insecure, Reason: plain}) {
		t.Errorf("got %+v", got)
	}
	for name, more := range map[string]finding.Verdict{
		"something was tested there": v("POST /c", finding.Insecure, finding.Blocked, "SameSite"),
		"there are two reasons":      v("POST /c", finding.Insecure, finding.NotTested, "another"),
	} {
		if got := finding.Absent(append(tested, more)); len(got) != 0 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if got := finding.Absent(tested[2:]); len(got) != 0 {
		t.Errorf("where nothing was exercised: got %+v", got)
	}
}
