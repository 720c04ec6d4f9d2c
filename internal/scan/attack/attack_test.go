package attack

import (
	"slices"
	"testing"

	"github.com/d710e0ae/countersign/internal/weakness"
)

// Every weakness that the catalogue says the scan finds is found by an
// attack, and no attack reports one that the catalogue does not have.
func TestAttacksCoverTheCatalogue(t *testing.T) {
	found := []string{"token-in-web-storage"} // seen by the browser at the frontend
	for _, a := range All() {
		if a.Name == "" || a.Run == nil || len(a.Finds) == 0 {
			t.Errorf("%+v is not whole", a)
		}
		for _, id := range a.Finds {
			if slices.Contains(found, id) {
				t.Errorf("%s is found by two attacks", id)
			}
			found = append(found, id)
			if w, ok := weakness.ByID(id); !ok || !w.OnWire {
				t.Errorf("%s reports %s, which the catalogue does not have on the wire", a.Name, id)
			}
		}
	}
	for _, w := range weakness.All() {
		if w.OnWire && !slices.Contains(found, w.ID) {
			t.Errorf("no attack finds %s", w.ID)
		}
	}
}
