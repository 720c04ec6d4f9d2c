package ascii_test

import (
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/guard/internal/ascii"
)

func TestEqualFold(t *testing.T) {
	for s, want := range map[string]bool{
		"keep-alives": true, "KEEP-Alives": true, "": false, "keep-alive": false, "keep-alivesx": false,
		"\u212Aeep-alives": false, "keep-alive\u017F": false, "keep-alive\xff": false,
	} {
		if got := ascii.EqualFold(s, "keep-alives"); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
	if !strings.EqualFold("\u212Aeep-alive\u017F", "keep-alives") {
		t.Error("control: other letters fold to these")
	}
}
