package fastapi

import "github.com/d710e0ae/countersign/internal/audit/pysrc"

func (in *interp) funcDef(s *pysrc.FuncDef) {
	f := in.frame()
	fn := &Value{Kind: Func, At: in.place(s), Fn: &Function{Decl: s, Module: f.scope.module, scope: f.scope}}
	v := fn
	property := false
	for i := len(s.Decorators) - 1; i >= 0; i-- {
		d := s.Decorators[i]
		if n, ok := d.(*pysrc.Name); ok {
			switch n.ID {
			case "property", "cached_property", "computed_field":
				property = true
				continue
			case "staticmethod":
				v = &Value{Kind: Func, At: fn.At, Method: "static", Fn: fn.Fn}
				continue
			case "classmethod":
				v = &Value{Kind: Func, At: fn.At, Method: "class", Fn: fn.Fn}
				continue
			}
		}
		dec := in.eval(d)
		v = in.decorate(dec, v, d)
	}
	if property {
		p := *fn
		p.Method = "property"
		v = &p
	}
	in.set(f.scope, s.Name, v)
}

// decorate applies a decorator. What those of the program put in the place of a
// function is kept beside it, since FastAPI looks at the function's parameters;
// all others leave it as it is.
func (in *interp) decorate(dec, fn *Value, node pysrc.Expr) *Value {
	out := in.apply(dec, Args{Pos: []*Value{fn}}, in.place(node), nil)
	if in.run != nil {
		return fn
	}
	if out.Kind == Func && out.Fn.Decl != nil && out.Fn.Decl != fn.Fn.Decl && len(fn.Fn.Wraps) < maxWraps {
		fn.Fn.Wraps = append(fn.Fn.Wraps, out.Fn)
	}
	if c := dec.Call; c != nil && c.Name == "starlette.authentication.requires" {
		fn.Fn.Required = in.place(node)
	}
	return fn
}

// maxWraps bounds the decorators of a function that are followed.
const maxWraps = 8

func (in *interp) classDef(s *pysrc.ClassDef) {
	f := in.frame()
	c := &Class{Decl: s, Module: f.scope.module}
	for _, b := range s.Bases {
		if b.Name == "" {
			c.Bases = append(c.Bases, in.eval(b.Value))
		}
	}
	c.scope = &scope{vars: map[string]*Value{}, parent: f.scope, module: f.scope.module, class: true, run: in.run}
	v := &Value{Kind: ClassKind, Class: c, At: in.place(s)}
	in.set(f.scope, s.Name, v)
	in.stack = append(in.stack, &frame{fn: f.fn, scope: c.scope, at: f.at})
	in.block(s.Body)
	in.stack = in.stack[:len(in.stack)-1]
	for _, m := range c.scope.all() {
		if m.Kind == Func && m.Fn.Class == nil && (in.run == nil || m.Fn.scope == c.scope) {
			m.Fn.Class = c
		}
	}
	for _, d := range s.Decorators {
		dec := in.eval(d)
		in.apply(dec, Args{Pos: []*Value{v}}, in.place(d), nil)
	}
}
