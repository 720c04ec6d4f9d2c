package fastapi

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

// concerned reports whether the functions of a module may matter though no
// route reaches them: where it imports the framework, or a library of tokens,
// cookies or CSRF. Running every function of a large tree besides took
// gigabytes, and found nothing.
func concerned(m *Module, known map[string]bool) bool {
	for _, name := range m.imports {
		root, _, _ := strings.Cut(name, ".")
		if known[root] {
			return true
		}
	}
	return false
}

// concerns are the top-level modules that make an importing one concerned.
func concerns() map[string]bool {
	known := map[string]bool{"fastapi": true, "starlette": true}
	for _, l := range libraries.All() {
		for _, m := range l.Modules {
			root, _, _ := strings.Cut(m, ".")
			known[root] = true
		}
	}
	return known
}
