package fastapi

import (
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// A Handler makes answers of the exceptions of a class: what the application
// was given by exception_handler, add_exception_handler or exception_handlers.
type Handler struct {
	Of *Value // the class
	Fn *Value
}

const httpException = "fastapi.HTTPException"

// handles notes a handler of exceptions.
func (in *interp) handles(r *Router, of, fn *Value) {
	if of == nil || fn == nil || in.run != nil {
		return
	}
	r.Handlers = append(r.Handlers, Handler{of, settle(fn)})
}

// handler returns the handler of an exception: that of its own class before that
// of one from which it derives, as Starlette looks it up (_exception_handler.py,
// _lookup_exception_handler); nil where there is none.
func (in *interp) handler(exc *Object) *Value {
	if exc.Qual == httpException && exc.Class == nil {
		return nil
	}
	if exc.Class == nil {
		return in.handlerOf(&Value{Kind: External, Text: exc.Qual})
	}
	for _, c := range exc.Class.linear() {
		if h := in.handlerOf(c.value()); h != nil {
			return h
		}
	}
	for _, q := range exc.Class.Externals() {
		if q == httpException {
			break // what makes answers of all of them makes what it says of itself
		}
		if h := in.handlerOf(&Value{Kind: External, Text: q}); h != nil {
			return h
		}
	}
	return nil
}

func (in *interp) handlerOf(class *Value) *Value {
	for _, h := range in.handlers {
		if sameClass(settle(h.Of), class) {
			return h.Fn
		}
	}
	return nil
}

func sameClass(a, b *Value) bool {
	switch {
	case a.Kind != b.Kind:
		return false
	case a.Kind == ClassKind:
		return a.Class == b.Class
	}
	return a.Kind == External && a.Text == b.Text
}

// answer returns what the application answers to an exception that nothing
// catches, and whether that names a scheme; nil where no function of the
// program makes the answer.
func (in *interp) answer(exc *Value) *Answer {
	if exc.Kind != ObjectKind || in.answering || in.caught(exc) {
		return nil
	}
	h := in.handler(exc.Object)
	if h == nil || h.Kind != Func || h.Fn.Decl == nil {
		return nil
	}
	kept := in.trace
	in.trace, in.answering = &Trace{}, true
	v := in.callFunc(h.Fn, Args{Pos: []*Value{in.request, exc}}, exc.At)
	out := &Answer{Value: v, By: h.Fn.place(), Calls: in.trace.Calls}
	in.trace, in.answering = kept, false
	return out
}

// A catcher is one of the handlers of a try statement whose body runs.
type catcher struct {
	of      *Value // a class, or a list of them; nil of a bare except
	passes  bool   // it raises again what it catches
	raises  bool   // it raises something
	returns bool
}

// catchers returns the handlers of a try statement.
func (in *interp) catchersOf(s *pysrc.Try) []catcher {
	var out []catcher
	for _, h := range s.Handlers {
		c := catcher{}
		pysrc.Statements(h.Body, func(s pysrc.Stmt) bool {
			switch s := s.(type) {
			case *pysrc.Raise:
				n, named := s.X.(*pysrc.Name)
				c.raises = true
				c.passes = c.passes || s.X == nil || named && n.ID == h.Name
			case *pysrc.Return:
				c.returns = true
			}
			return true
		})
		if h.Type != nil {
			c.of = in.quiet(h.Type)
		}
		out = append(out, c)
	}
	return out
}

// caught reports whether a try statement that is open catches an exception for
// good.
func (in *interp) caught(exc *Value) bool {
	if exc.Kind != ObjectKind {
		return false
	}
	for i := len(in.catchers) - 1; i >= 0; i-- {
		if c := catching(in.catchers[i], exc.Object); c != nil && !c.passes {
			return true
		}
	}
	return false
}

// muted reports whether no one learns of an exception that is raised here, nor
// of one that is raised for it.
func (in *interp) muted(exc *Value) bool {
	if exc.Kind != ObjectKind {
		return false
	}
	o := exc.Object
	for i := len(in.catchers) - 1; i >= 0; i-- {
		switch c := catching(in.catchers[i], o); {
		case c == nil, c.passes:
		case c.raises:
			o = &Object{Qual: "builtins.Exception"} // another, whichever
		default:
			return !c.returns
		}
	}
	return false
}

// catching returns the first handler that catches an exception, or nil.
func catching(list []catcher, exc *Object) *catcher {
	for i := range list {
		if list[i].catches(exc) {
			return &list[i]
		}
	}
	return nil
}

func (c catcher) catches(exc *Object) bool {
	if c.of == nil {
		return true
	}
	found := false
	match := func(v *Value) {
		switch v = settle(v); v.Kind {
		case ClassKind:
			found = found || exc.Class != nil && exc.Class.derives(v.Class)
		case External:
			found = found || v.Text == "builtins.Exception" || v.Text == "builtins.BaseException" || v.Text == exc.Qual ||
				exc.Class != nil && exc.Class.extends(tail(v.Text))
		}
	}
	c.of.Each(func(v *Value) {
		if v.Kind == List {
			for _, e := range v.Elems {
				e.Each(match)
			}
			return
		}
		match(v)
	})
	return found
}

// derives reports whether a class is another, or derives from it.
func (c *Class) derives(from *Class) bool {
	for _, k := range c.linear() {
		if k == from {
			return true
		}
	}
	return false
}

// statusOf looks up a table of the statuses that exceptions become, by their
// class or by what they say of themselves. Where it is not known which one is
// asked for it may be any. It returns nil where the table holds something else.
func statusOf(table, key, def *Value) *Value {
	if len(table.Elems) == 0 {
		return nil
	}
	for _, e := range table.Elems {
		if !isStatus(e) {
			return nil
		}
	}
	if key.Kind == ClassKind {
		for i, k := range table.Keys {
			if sameClass(settle(k), key) {
				return table.Elems[i]
			}
		}
		return def
	}
	if def != nil && !isStatus(def) || key.Kind == Str {
		return def
	}
	out := &Value{Kind: Union, Alts: table.Elems}
	if def != nil {
		out.Alts = append(slices.Clone(out.Alts), def) // the last of them is the usual one
	}
	return out
}

// isStatus reports whether a value is the status of a refusal.
func isStatus(v *Value) bool {
	switch v.Kind {
	case Num:
		return v.Num >= 400 && v.Num < 600 && v.Num == float64(int(v.Num))
	case External:
		return statusConstant(v.Text) >= 400
	}
	return false
}

// Says reports whether a value stands in a method of the class or of one from
// which it derives.
func (c *Class) Says(v *Value) bool {
	if c == nil || v == nil {
		return false
	}
	for _, k := range c.linear() {
		for _, s := range k.Decl.Body {
			f, ok := s.(*pysrc.FuncDef)
			if !ok || v.At.File != k.Module.File || len(f.Body) == 0 {
				continue
			}
			if f.Body[0].Range().Start <= v.At.Span.Start && v.At.Span.End <= f.Range().End {
				return true
			}
		}
	}
	return false
}

// exceptionAttr returns what the constructor of HTTPException keeps; nil of what
// it does not.
func exceptionAttr(args Args, name string) *Value {
	for i, kept := range []string{"status_code", "detail", "headers"} {
		if kept != name {
			continue
		}
		if v := args.Get(name, i); v != nil || i < 2 {
			return v
		}
		return noneValue
	}
	return nil
}

// answerOf returns the answer that FastAPI makes of an HTTPException by itself.
func answerOf(exc *Object, at Place) *Value {
	args := Args{Open: exc.Args.Open}
	for _, name := range []string{"status_code", "headers"} {
		if v := exceptionAttr(exc.Args, name); v != nil {
			args.setKw(name, v)
		}
	}
	return &Value{Kind: ObjectKind, Object: &Object{Qual: "starlette.JSONResponse", Args: args, At: at}, At: at}
}
