package scan

import "testing"

func TestActsOn(t *testing.T) {
	for paths, want := range map[[2]string]bool{
		{"/shop/order_book/{title}", "/shop/book/{title}"}:    true,
		{"/borrar-libro/{id}", "/libro/{id}"}:                 true,
		{"/shop/order_book/{title}", "/archive/book/{title}"}: false,
		{"/shop/book/{title}", "/shop/book/{title}"}:          false,
		{"/order_book/{id}", "/book/{title}"}:                 false,
		{"/order_book", "/book"}:                              false,
	} {
		if got := actsOn(paths[0], paths[1]); got != want {
			t.Errorf("%s beside %s: %v", paths[0], paths[1], got)
		}
	}
}
