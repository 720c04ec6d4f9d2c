package fastapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// noteMethods notes the names of the methods that a file's classes have.
func (p *Program) noteMethods(f *pysrc.File) {
	for _, s := range f.Body {
		c, ok := s.(*pysrc.ClassDef)
		if !ok {
			continue
		}
		for _, m := range c.Body {
			if fn, ok := m.(*pysrc.FuncDef); ok && telling(fn.Name) {
				p.methods[fn.Name] = true
			}
		}
	}
}

// telling reports whether a method's name says so much that what has it is known
// by it, unlike save, and unlike to_dict, which much has.
func telling(name string) bool {
	first, _, ok := strings.Cut(strings.Trim(name, "_"), "_")
	return ok && name[0] != '_' && first != "to" && first != "as" && first != "from"
}

// A known is a method by whose name its class is known.
type known struct {
	method *Value
	class  *Class
}

// byMethod returns the method of a class that the module names, for a call of
// something of which nothing is known but that it has a method so called: of a
// row that a store gave, most often. It is nil where no class of those has one,
// or more than one has, and where the name is such as many things have.
func (in *interp) byMethod(name string) *Value {
	if in.run == nil || !in.prog.methods[name] {
		return nil
	}
	m := in.frame().scope.module
	k := in.prog.byName.of(m.Path+"#"+name, func() known { return in.classWith(m, name) })
	if k.method == nil {
		return nil
	}
	return k.method.bind(in.instance(k.class))
}

// classWith finds the one method so called of the classes that a module names.
func (in *interp) classWith(m *Module, name string) known {
	var found known
	names := m.scope.all()
	for _, k := range slices.Sorted(maps.Keys(names)) {
		v := settle(names[k])
		if v == nil || v.Kind != ClassKind || v.Class.plain() {
			continue
		}
		f := in.classAttr(v.Class, name)
		if f == nil || f.Kind != Func || f.Method != "" || f.Fn.Decl == nil || stub(f.Fn.Decl.Body) {
			continue
		}
		if found.method != nil && found.method.Fn.Decl != f.Fn.Decl {
			return known{}
		}
		if found.method == nil {
			found = known{f, v.Class}
		}
	}
	return found
}
