package fastapi

import (
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

// SecretFields returns what the program's classes give a library to sign with,
// as a field of a class that derives from the library's.
func (p *Program) SecretFields() []*Value { return slices.Concat(p.secrets...) }

// secretFields returns those that a module holds.
func (in *interp) secretFields(m *Module) []*Value {
	var out []*Value
	in.stack = []*frame{{scope: m.scope}}
	for _, v := range sortedValues(m.scope.all()) {
		if v.Kind != ClassKind || v.Class.Module != m || len(v.Class.Bases) == 0 {
			continue
		}
		for _, l := range libraries.All() {
			for _, f := range l.SecretFields {
				if !slices.ContainsFunc(v.Class.Externals(), f.Is) {
					continue
				}
				for _, name := range f.Names {
					if s := in.classAttr(v.Class, name); s != nil {
						out = append(out, s)
					}
				}
			}
		}
	}
	return out
}
