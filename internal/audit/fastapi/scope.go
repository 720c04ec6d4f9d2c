package fastapi

// A scope holds names: of a module, a function's run, or a class.
type scope struct {
	vars    map[string]*Value
	parent  *scope
	module  *Module
	class   bool
	globals map[string]bool
}

func (s *scope) lookup(name string) *Value {
	for first := true; s != nil; s, first = s.parent, false {
		if s.class && !first {
			continue // a method does not see its class's names
		}
		if v, ok := s.vars[name]; ok {
			return v
		}
	}
	return nil
}

func (s *scope) set(name string, v *Value) {
	if s.globals[name] {
		s.module.scope.vars[name] = v
		return
	}
	s.vars[name] = v
}

func (s *scope) snapshot() map[string]*Value {
	out := make(map[string]*Value, len(s.vars))
	for k, v := range s.vars {
		out[k] = v
	}
	return out
}

// merge joins the names of two branches.
func merge(a, b map[string]*Value) map[string]*Value {
	for k, v := range b {
		if w, ok := a[k]; ok {
			if v != w {
				a[k] = join(w, v)
			}
		} else {
			a[k] = v
		}
	}
	return a
}

// mergeUsual joins the names of two branches of which the settings usually
// take the first.
func mergeUsual(usual, other map[string]*Value) map[string]*Value {
	for k, v := range other {
		w, ok := usual[k]
		if !ok {
			usual[k] = v
		} else if v != w {
			usual[k] = usually(join(w, v), w)
		}
	}
	return usual
}

// usually returns v as one that is w where the environment says nothing.
func usually(v, w *Value) *Value {
	if v == nil || v == w || v.Kind != Union {
		return v
	}
	if w.Kind == Union || w.Kind == Unknown {
		w = w.Default
	}
	if w == nil {
		return v
	}
	out := *v
	out.Default = w
	return &out
}
