package fastapi

import "github.com/d710e0ae/countersign/internal/audit/pysrc"

func (in *interp) importStmt(s *pysrc.Import) {
	f := in.frame()
	for _, a := range s.Names {
		m := in.prog.find(f.scope.module, a.Name, 0)
		if a.As != "" {
			in.set(f.scope, a.As, in.moduleValue(m, a.Name))
			continue
		}
		first, _, dotted := cut(a.Name)
		if !dotted {
			in.set(f.scope, first, in.moduleValue(m, a.Name))
			continue
		}
		in.set(f.scope, first, in.moduleValue(in.prog.find(f.scope.module, first, 0), first))
	}
}

func (in *interp) moduleValue(m *Module, name string) *Value {
	if m == nil {
		return in.prog.external(canonical(name))
	}
	in.load(m)
	return &Value{Kind: ModuleKind, Module: m}
}

func (in *interp) fromImport(s *pysrc.FromImport) {
	f := in.frame()
	m := in.prog.find(f.scope.module, s.Module, s.Level)
	if m == nil {
		m = in.prog.misspelt(f.scope.module, s.Module, s.Level)
	}
	if s.Level > 0 && s.Module == "" && m == nil {
		// "from . import x" in a folder without __init__.py.
		for _, a := range s.Names {
			if sub := in.prog.find(f.scope.module, a.Name, s.Level); sub != nil {
				in.set(f.scope, boundName(a), in.moduleValue(sub, ""))
			}
		}
		return
	}
	if m == nil && s.Level == 0 && !in.prog.known[first(s.Module)] {
		for _, a := range s.Names {
			if sub := in.prog.find(f.scope.module, s.Module+"."+a.Name, 0); sub != nil {
				in.set(f.scope, boundName(a), in.moduleValue(sub, ""))
			} else {
				in.set(f.scope, boundName(a), in.prog.external(canonical(s.Module+"."+a.Name)))
			}
		}
		return
	}
	if m == nil {
		for _, a := range s.Names {
			if a.Name != "*" {
				in.set(f.scope, boundName(a), in.prog.external(canonical(s.Module+"."+a.Name)))
			}
		}
		return
	}
	in.load(m)
	for _, a := range s.Names {
		if a.Name == "*" {
			if in.run == nil {
				f.scope.module.stars = append(f.scope.module.stars, m)
			}
			for k, v := range m.scope.all() {
				if k != "" && k[0] != '_' {
					in.set(f.scope, k, v)
				}
			}
			continue
		}
		in.set(f.scope, boundName(a), in.member(m, a.Name))
	}
}

func boundName(a pysrc.Alias) string {
	if a.As != "" {
		return a.As
	}
	return a.Name
}

// member returns a name of a module: what it defines, or the module below it.
func (in *interp) member(m *Module, name string) *Value {
	if v, ok := in.get(m.scope, name); ok {
		return v
	}
	if sub := in.prog.find(m, name, 1); m.Package && sub != nil && sub != m {
		return in.moduleValue(sub, "")
	}
	for _, s := range m.stars {
		if v, ok := in.get(s.scope, name); ok {
			return v
		}
	}
	if m.state == running {
		return &Value{Kind: Unknown, Recv: &Value{Kind: ModuleKind, Module: m}, Method: "late:" + name}
	}
	return unknown
}

// settle looks again for a name that a circular import had not yet bound.
func settle(v *Value) *Value {
	if v != nil && v.Kind == Unknown && v.Recv != nil && v.Recv.Kind == ModuleKind && len(v.Method) > 5 && v.Method[:5] == "late:" {
		if w, ok := v.Recv.Module.scope.get(v.Method[5:]); ok {
			return w
		}
	}
	return v
}
