package fastapi

// A scope holds names: of a module, a function's run, or a class. What a
// branch binds lies in a layer of its own until the branch is joined, so that
// a branch costs what it binds and not what there is.
type scope struct {
	vars    map[string]*Value
	layers  []map[string]*Value // of the branches that run, the innermost last
	parent  *scope
	module  *Module
	class   bool
	globals map[string]bool
	run     *run // that made it; nil for what loading made
}

// get returns a name of this scope alone.
func (s *scope) get(name string) (*Value, bool) {
	for i := len(s.layers) - 1; i >= 0; i-- {
		if v, ok := s.layers[i][name]; ok {
			return v, true
		}
	}
	v, ok := s.vars[name]
	return v, ok
}

func (s *scope) put(name string, v *Value) {
	if n := len(s.layers); n > 0 {
		if s.layers[n-1] == nil {
			s.layers[n-1] = map[string]*Value{}
		}
		s.layers[n-1][name] = v
		return
	}
	s.vars[name] = v
}

// all returns every name. The map is the scope's own where no branch runs.
func (s *scope) all() map[string]*Value {
	if len(s.layers) == 0 {
		return s.vars
	}
	out := make(map[string]*Value, len(s.vars))
	for _, l := range append([]map[string]*Value{s.vars}, s.layers...) {
		for k, v := range l {
			out[k] = v
		}
	}
	return out
}

// open begins a branch, and end ends it and returns what it bound.
func (s *scope) open() { s.layers = append(s.layers, nil) }

func (s *scope) end() map[string]*Value {
	n := len(s.layers) - 1
	l := s.layers[n]
	s.layers = s.layers[:n]
	return l
}

// keep binds what the one branch bound that goes on.
func (s *scope) keep(bound map[string]*Value) {
	for k, v := range bound {
		s.put(k, v)
	}
}

// join binds what two branches bound: a name that both hold is what either
// makes of the two values.
func (s *scope) join(a, b map[string]*Value, either func(a, b *Value) *Value) {
	if len(a)+len(b) == 0 {
		return
	}
	names := make(map[string]*Value, len(a)+len(b))
	for k, v := range a {
		if _, both := b[k]; !both {
			if w, ok := s.get(k); ok && v != w {
				v = either(v, w)
			}
		}
		names[k] = v
	}
	for k, v := range b {
		w, ok := a[k]
		if !ok {
			w, ok = s.get(k)
		}
		if ok && v != w {
			v = either(w, v)
		}
		names[k] = v
	}
	s.keep(names)
}

// joinUsual joins two values of which the settings usually choose the first.
func joinUsual(usual, other *Value) *Value { return usually(join(usual, other), usual) }

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
