package fastapi

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// concerned reports whether the functions of a module may matter though no
// route reaches them: where it imports the framework, or a library of tokens,
// cookies or CSRF. Running every function of a large tree besides took
// gigabytes, and found nothing.
func concerned(m *Module, known map[string]bool) bool {
	for _, name := range imported(m.File) {
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

// imported returns the names of the modules that a file imports.
func imported(f *pysrc.File) []string {
	var out []string
	pysrc.InspectAll(f.Body, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.Import:
			for _, a := range n.Names {
				out = append(out, a.Name)
			}
		case *pysrc.FromImport:
			if n.Module != "" {
				out = append(out, n.Module)
			}
		}
		return true
	})
	return out
}
