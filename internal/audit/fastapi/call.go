package fastapi

import (
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

func number(s string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return n, err == nil
}

// call evaluates a call.
func (in *interp) call(x *pysrc.Call) *Value {
	fn := in.eval(x.Fn)
	args := in.args(x.Args)
	return in.apply(fn, args, in.place(x), x)
}

func (in *interp) args(list []pysrc.Arg) Args {
	var a Args
	for _, arg := range list {
		v := in.eval(arg.Value)
		switch {
		case arg.Star == 2:
			if v.Kind == Union {
				for _, alt := range v.Alts {
					if alt.Kind == Dict {
						v = alt
					}
				}
			}
			if v.Kind != Dict {
				a.Open = true
				continue
			}
			for i, k := range v.Keys {
				if k != nil && k.Kind == Str {
					a.setKw(k.Text, v.Elems[i])
				} else {
					a.Open = true
				}
			}
		case arg.Star == 1:
			if v.Kind == List {
				a.Pos = append(a.Pos, v.Elems...)
			} else {
				a.Open = true
			}
		case arg.Name != "":
			a.setKw(arg.Name, v)
		default:
			a.Pos = append(a.Pos, v)
		}
	}
	return a
}

func (a *Args) setKw(name string, v *Value) {
	if a.Kw == nil {
		a.Kw = map[string]*Value{}
	}
	a.Kw[name] = v
}

func (a Args) sources() []*Source {
	out := sourcesOf(a.Pos...)
	for _, v := range sortedValues(a.Kw) {
		out = mergeSources(out, sourcesOf(v))
	}
	return out
}

// apply calls fn with arguments that were evaluated.
func (in *interp) apply(fn *Value, args Args, at Place, node *pysrc.Call) *Value {
	fn = settle(fn)
	switch fn.Kind {
	case Func:
		return in.callFunc(fn.Fn, args, at)
	case ClassKind:
		return in.instantiate(fn.Class, args, at)
	case External:
		return in.callExternal(fn.Text, args, at, node)
	case Union:
		var out *Value
		for _, a := range fn.Alts {
			out = join(out, in.apply(a, args, at, node))
		}
		return out
	case ObjectKind:
		return in.callObject(fn, args, at, node)
	}
	if fn.Method != "" && fn.Recv != nil {
		return in.method(fn.Recv, fn.Method, args, at, node)
	}
	return unknown.with(mergeSources(fn.Sources, args.sources()))
}

// callFunc enters a function of the program.
func (in *interp) callFunc(fn *Function, args Args, at Place) *Value {
	if fn.Decl == nil && fn.Lambda == nil {
		return unknown
	}
	if fn.Decl != nil {
		in.enters(fn.Decl)
	}
	if fn.Decl != nil && fn.Decl == in.wrapping {
		return unknown.with(args.sources()) // it runs when all that is around it has
	}
	depth := 0
	for _, f := range in.stack {
		if f.fn != nil && (fn.Decl != nil && f.fn.Decl == fn.Decl || fn.Lambda != nil && f.fn.Lambda == fn.Lambda) {
			depth++
		}
	}
	if depth > 0 || len(in.stack) > maxCalls || in.steps < 0 {
		return unknown.with(args.sources())
	}
	s := &scope{vars: map[string]*Value{}, parent: fn.scope, module: fn.Module, run: in.run}
	var params []pysrc.Param
	if fn.Decl != nil {
		params = fn.Decl.Params
	} else {
		params = fn.Lambda.Params
	}
	if fn.Self != nil && fn.Decl != nil && stub(fn.Decl.Body) {
		// What others define is as unknown as what a library does.
		v := in.record("?."+fn.Name(), fn.Self, args, at, nil)
		if fn.Decl.Returns == nil {
			return v
		}
		return in.in(fn, func() *Value { return in.asTyped(v, fn.Decl.Returns) })
	}
	in.bindParams(fn, s, params, args)
	v := in.enter(fn, s, at)
	if name := cookieAsked(args); name != "" {
		return in.named(v, name, at)
	}
	return v
}

// enter runs a function whose parameters are bound.
func (in *interp) enter(fn *Function, s *scope, at Place) *Value {
	f := &frame{fn: fn, scope: s, at: at}
	in.stack = append(in.stack, f)
	defer func() { in.stack = in.stack[:len(in.stack)-1] }()
	if fn.Lambda != nil {
		return in.eval(fn.Lambda.Body)
	}
	in.block(fn.Decl.Body)
	if f.result == nil && !f.ended {
		return noneValue
	}
	if f.result == nil {
		f.result = unknown // it only raises
	}
	if fn.Decl.Returns != nil && open(f.result) {
		v := in.in(fn, func() *Value { return in.asTyped(unknown.with(f.result.Sources), fn.Decl.Returns) })
		if v.Kind != Unknown {
			return v
		}
	}
	if f.usual != nil {
		return usually(f.result, f.usual)
	}
	return f.result
}

// stub reports whether a function's body leaves it to others what it does, as
// that of a protocol's or an abstract class's method.
func stub(body []pysrc.Stmt) bool {
	for _, s := range body {
		switch s := s.(type) {
		case *pysrc.ExprStmt:
			switch s.X.(type) {
			case *pysrc.Str, *pysrc.Const: // a docstring, or "..."
			default:
				return false
			}
		case *pysrc.Raise:
			x := s.X
			if c, ok := x.(*pysrc.Call); ok {
				x = c.Fn
			}
			if n, ok := x.(*pysrc.Name); !ok || n.ID != "NotImplementedError" {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// open reports whether nothing is known of a value but that it may be None.
func open(v *Value) bool {
	if v.Env != "" {
		return false
	}
	known := false
	v.Each(func(x *Value) { known = known || x.Kind != Unknown && x.Kind != None })
	return !known && v.Kind != None
}

func (in *interp) bindParams(fn *Function, s *scope, params []pysrc.Param, args Args) {
	pos := args.Pos
	for _, b := range fn.Bound {
		if b.name == "" {
			pos = append([]*Value{b.value}, pos...)
		}
	}
	if fn.Self != nil && len(params) > 0 {
		pos = append([]*Value{fn.Self}, pos...)
	}
	used := map[string]bool{}
	for i, q := range params {
		switch q.Star {
		case 1:
			rest := &Value{Kind: List}
			if i < len(pos) {
				rest.Elems = pos[i:]
			}
			s.vars[q.Name] = rest
			pos = pos[:min(i, len(pos))]
			continue
		case 2:
			rest := &Value{Kind: Dict}
			for _, k := range sortedKeys(args.Kw) {
				if !used[k] {
					rest.Keys = append(rest.Keys, str(k, Place{}))
					rest.Elems = append(rest.Elems, args.Kw[k])
				}
			}
			s.vars[q.Name] = rest
			continue
		}
		var v *Value
		if i < len(pos) && !q.KwOnly {
			v = pos[i]
		} else if kw, ok := args.Kw[q.Name]; ok {
			v = kw
			used[q.Name] = true
		} else {
			for _, b := range fn.Bound {
				if b.name == q.Name {
					v = b.value
				}
			}
		}
		if v == nil && q.Default != nil && !args.Open {
			v = in.in(fn, func() *Value { return in.eval(q.Default) })
			if v.Kind == ObjectKind && isParamMarker(v.Object.Qual) {
				v = unknown
			}
		}
		if v == nil {
			v = in.typed(fn, q)
		} else if q.Ann != nil && v.Kind == Unknown {
			v = in.in(fn, func() *Value { return in.asTyped(v, q.Ann) })
		}
		s.vars[q.Name] = v
	}
}

// in evaluates something where the function was defined.
func (in *interp) in(fn *Function, eval func() *Value) *Value {
	in.stack = append(in.stack, &frame{fn: fn, scope: fn.scope})
	defer func() { in.stack = in.stack[:len(in.stack)-1] }()
	return eval()
}

func sortedKeys(m map[string]*Value) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sortStrings(keys)
	return keys
}

// instance makes an instance of a class without arguments.
func (in *interp) instance(c *Class) *Value {
	return &Value{Kind: ObjectKind, Object: &Object{Class: c, Qual: c.libraryBase(), At: c.place(), run: in.run, elsewhere: true}}
}

// libraryBase returns the library class that matters most among the bases.
func (c *Class) libraryBase() string {
	q := ""
	for _, x := range c.Externals() {
		if q == "" || strings.HasPrefix(x, "fastapi.") || strings.HasPrefix(x, "starlette.") {
			q = x
		}
	}
	return q
}

// instantiate makes an object of a class of the program.
func (in *interp) instantiate(c *Class, args Args, at Place) *Value {
	o := &Object{Class: c, Qual: c.libraryBase(), Args: args, At: at, run: in.run}
	v := &Value{Kind: ObjectKind, Object: o, At: at, Sources: args.sources()}
	if o.Qual == "fastapi.FastAPI" || o.Qual == "fastapi.APIRouter" || o.Qual == "starlette.Starlette" {
		in.newRouter(o)
	}
	if len(args.Kw) > 0 && c.configures() {
		in.configured(c, args)
	}
	if o.Qual != "" && libraries.SetsCookies(o.Qual) {
		in.record(o.Qual, nil, args, at, nil)
	}
	if c.extends("Enum", "StrEnum", "IntEnum") {
		return unknown.with(args.sources())
	}
	if init := in.classAttr(c, "__init__"); init != nil && init.Kind == Func {
		in.callFunc(init.bind(v).Fn, args, at)
		return v
	}
	for _, k := range sortedKeys(args.Kw) {
		o.set(k, args.Kw[k])
	}
	if len(args.Pos) > 0 { // dataclasses and named tuples
		i := 0
		for _, s := range c.Decl.Body {
			if a, ok := s.(*pysrc.Assign); ok && a.Ann != nil && i < len(args.Pos) {
				if n, ok := a.Targets[0].(*pysrc.Name); ok {
					o.set(n.ID, args.Pos[i])
					i++
				}
			}
		}
	}
	return v
}

// callObject calls an instance.
func (in *interp) callObject(v *Value, args Args, at Place, node *pysrc.Call) *Value {
	o := v.Object
	if o.Class != nil {
		if m := in.classAttr(o.Class, "__call__"); m != nil && m.Kind == Func {
			return in.callFunc(m.bind(v).Fn, args, at)
		}
	}
	switch o.Qual {
	case "fastapi.route":
		return in.register(o, args)
	case "fastapi.exception_handler":
		if len(args.Pos) > 0 {
			if o.route != nil {
				in.handles(o.route, o.Args.Get("exc_class_or_status_code", 0), args.Pos[0])
			}
			return args.Pos[0]
		}
	case "fastapi.middleware":
		if len(args.Pos) > 0 {
			if r := o.route; r != nil && in.run == nil {
				r.Middleware = append(r.Middleware, Middleware{Class: args.Pos[0], At: o.At, Function: true})
			}
			return args.Pos[0]
		}
	case "starlette.Config":
		if len(args.Pos) > 0 && args.Pos[0].Kind == Str {
			return in.environ(args.Pos[0].Text, args.Get("default", 2), at)
		}
	}
	if strings.HasPrefix(o.Qual, "fastapi.security.") {
		return in.security(v)
	}
	if f := libraries.FrontendOf(o.Qual); f != nil {
		return in.frontend(v, f)
	}
	if strings.HasPrefix(o.Qual, "starlette.") && len(args.Pos) == 3 && Status(v) >= 400 {
		in.trace.Closed++ // it is the answer: await response(scope, receive, send)
	}
	return in.record(o.Qual+".__call__", v, args, at, node)
}

// record notes a call of something that the program does not define.
func (in *interp) record(name string, recv *Value, args Args, at Place, node *pysrc.Call) *Value {
	k := in.prog.called(name)
	c := &Call{Name: k.name, Recv: recv, Args: args, At: at, Fn: in.frame().fn, Chain: in.chain(), Written: node != nil, InDependency: in.inDeps > 0}
	if node != nil {
		if a, ok := node.Fn.(*pysrc.Attr); ok && at.File != nil {
			c.Text = at.File.Text(a.X.Range())
		}
	}
	in.trace.Calls = append(in.trace.Calls, c)
	srcs := args.sources()
	if recv != nil {
		srcs = mergeSources(sourcesOf(recv), srcs)
	}
	return &Value{Sources: srcs, At: at, Method: k.result, Elems: args.Pos, Call: c}
}
