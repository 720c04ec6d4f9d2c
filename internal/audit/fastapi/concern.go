package fastapi

import (
	"slices"
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

// silent reports whether a group has nothing to say: no module of it imports
// what makes one concerned, or what settings are made of, so that no route, no
// token and no setting of either can be in it. So is most of what repositories
// carry of other people's libraries, whose own modules import each other by the
// library's name.
func (p *Program) silent(g group, known map[string]bool) bool {
	return !slices.ContainsFunc(g, func(i int) bool {
		m := p.Modules[i]
		return slices.ContainsFunc(m.imports, func(name string) bool {
			root := first(name)
			return (known[root] || root == "pydantic" || root == "pydantic_settings") && !slices.Contains(strings.Split(m.dir(), "/"), root)
		})
	})
}
