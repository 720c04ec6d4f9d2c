package libraries_test

import (
	"testing"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

func TestEveryLibrarySaysWhatItProvidesAndWhereThatWasRead(t *testing.T) {
	names := map[string]bool{}
	calls := map[string]string{}
	for _, l := range libraries.All() {
		if l.Name == "" || l.Source == "" || len(l.Modules) == 0 {
			t.Errorf("%q: name, source and modules are due", l.Name)
		}
		if names[l.Name] {
			t.Errorf("%s stands there twice", l.Name)
		}
		names[l.Name] = true
		if len(l.Signs)+len(l.Verifies)+len(l.Checks)+len(l.Cookies)+len(l.Secrets) == 0 && l.Config == nil && l.Admin == nil {
			t.Errorf("%s provides nothing", l.Name)
		}
		for _, v := range l.Verifies {
			if other, ok := calls[v.Call]; ok {
				t.Errorf("%s belongs to %s and %s", v.Call, other, l.Name)
			}
			calls[v.Call] = l.Name
		}
		for _, m := range l.Modules {
			if !libraries.Modules()[m] {
				t.Errorf("%s: %s counts as no library", l.Name, m)
			}
		}
	}
}
