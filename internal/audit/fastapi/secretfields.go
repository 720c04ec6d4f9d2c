package fastapi

import (
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

// SecretFields returns what the program's classes give a library to sign with,
// as a field of a class that derives from the library's.
func (p *Program) SecretFields() []*Value {
	var out []*Value
	in := p.newInterp(&Trace{}, nil)
	in.steps = stepsTop
	for _, l := range libraries.All() {
		for _, f := range l.SecretFields {
			for _, m := range p.Modules {
				in.stack = []*frame{{scope: m.scope}}
				for _, v := range sortedValues(m.scope.all()) {
					if v.Kind != ClassKind || v.Class.Module != m || !slices.ContainsFunc(v.Class.Externals(), f.Is) {
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
	}
	return out
}
