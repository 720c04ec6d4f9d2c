package fastapi

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

func isDepends(q string) bool { return q == "fastapi.Depends" || q == "fastapi.Security" }

// isParamMarker reports whether a default or annotation says where FastAPI
// takes a parameter from.
func isParamMarker(q string) bool {
	switch q {
	case "fastapi.Depends", "fastapi.Security", "fastapi.Cookie", "fastapi.Header", "fastapi.Query", "fastapi.Form", "fastapi.Body", "fastapi.File", "fastapi.Path":
		return true
	}
	return false
}

// callRequest enters a function as FastAPI does: each parameter comes from
// the request or a dependency. handler is where it was defined, for the
// handler of a route; nil for a dependency.
func (in *interp) callRequest(fn *Function, handler *Place) *Value {
	if fn.Decl == nil {
		return unknown
	}
	in.enters(fn.Decl)
	for _, f := range in.stack {
		if f.fn != nil && f.fn.Decl == fn.Decl {
			return unknown
		}
	}
	if len(in.stack) > maxCalls || in.steps < 0 {
		return unknown
	}
	s := &scope{vars: map[string]*Value{}, parent: fn.scope, module: fn.Module, run: in.run}
	in.stack = append(in.stack, &frame{fn: fn, scope: fn.scope})
	if handler != nil {
		in.inDeps++
	}
	for i, q := range fn.Decl.Params {
		switch {
		case i == 0 && fn.Self != nil:
			s.vars[q.Name] = fn.Self
		case q.Star != 0:
			s.vars[q.Name] = unknown
		default:
			v := in.boundArg(fn, q.Name)
			if v == nil {
				v = in.requestParam(q.Ann, q.Default, q.Name)
			}
			if v == nil && handler == nil && q.Default != nil && in.alone() {
				// No request brings it where nothing but the program calls.
				if d := in.quiet(q.Default); d.Kind == Num {
					v = d
				}
			}
			if v == nil {
				v = in.bodyParam(q)
			}
			s.vars[q.Name] = v
		}
	}
	if handler != nil {
		in.inDeps--
	}
	in.stack = in.stack[:len(in.stack)-1]
	in.wrapped(fn, s)
	return in.enter(fn, s, Place{})
}

// alone reports whether a function runs by itself that is no part of a route.
func (in *interp) alone() bool { return in.verb == "" && len(in.stack) == 2 }

// wrapped runs what decorators put around a function whose parameters are
// bound, up to where they call it.
func (in *interp) wrapped(fn *Function, s *scope) {
	if fn.Required.File != nil {
		in.required(fn)
	}
	if len(fn.Wraps) == 0 {
		return
	}
	kept := in.wrapping
	in.wrapping = fn.Decl
	in.inDeps++
	defer func() { in.wrapping = kept; in.inDeps-- }()
	for i := len(fn.Wraps) - 1; i >= 0; i-- {
		w := fn.Wraps[i]
		args := Args{}
		for _, q := range fn.Decl.Params {
			if q.Star == 0 {
				args.setKw(q.Name, s.vars[q.Name])
			}
		}
		in.callFunc(w, args, fn.place())
	}
}

// required notes that Starlette refuses whom the backend of its middleware does
// not know.
func (in *interp) required(fn *Function) {
	in.look("auth")
	in.look("user")
	srcs := sourcesOf(in.attr(in.request, "auth", fn.Required.Span), in.attr(in.request, "user", fn.Required.Span))
	in.trace.Refusals = append(in.trace.Refusals, &Refusal{Sources: srcs, At: fn.Required, Status: 403, Fn: fn})
}

// place returns where the function is defined.
func (f *Function) place() Place { return Place{File: f.Module.File, Span: f.Decl.Range()} }

func (in *interp) boundArg(fn *Function, name string) *Value {
	for _, b := range fn.Bound {
		if b.name == name {
			return b.value
		}
	}
	return nil
}

// requestParam returns the value of a parameter that an annotation or default
// takes from the request or a dependency, or nil where it is a plain one.
func (in *interp) requestParam(ann, def pysrc.Expr, name string) *Value {
	var markers []*Value
	var typ *Value
	if ann != nil {
		typ, markers = in.annotation(ann)
	}
	if def != nil {
		in.quietly(func() {
			if v := in.eval(def); v.Kind == ObjectKind {
				markers = append(markers, v)
			}
		})
	}
	for _, m := range markers {
		if m.Kind != ObjectKind || !isParamMarker(m.Object.Qual) {
			continue
		}
		return in.marked(m.Object, typ, name, def)
	}
	if typ != nil && injected(ann) {
		if v := in.special(typ); v != nil {
			return v
		}
		if typ.Kind == ClassKind {
			return in.instance(typ.Class)
		}
		return unknown
	}
	if typ != nil {
		return in.special(typ)
	}
	if name == "request" || name == "req" {
		return in.request
	}
	return nil
}

// injectors are the generic types by which a container of services says that it
// hands out the parameter: those of dishka and wireup.
var injectors = map[string]bool{"FromDishka": true, "FromComponent": true, "Injected": true}

// injected reports whether a container of services hands out a parameter with
// that annotation, so that no request does.
func injected(ann pysrc.Expr) bool {
	ix, ok := ann.(*pysrc.Index)
	if !ok {
		return false
	}
	switch x := ix.X.(type) {
	case *pysrc.Name:
		return injectors[x.ID]
	case *pysrc.Attr:
		return injectors[x.Name]
	}
	return false
}

func (in *interp) quietly(f func()) {
	kept := in.trace
	in.trace = in.aside()
	f()
	in.spare, in.trace = in.trace, kept
}

// annotation returns the type of an annotation and the markers of Annotated.
func (in *interp) annotation(ann pysrc.Expr) (typ *Value, markers []*Value) {
	if s, ok := ann.(*pysrc.Str); ok { // a forward reference
		x := pysrc.ParseExpr(s.Value)
		if _, nested := x.(*pysrc.Str); x == nil || nested {
			return unknown, nil
		}
		in.quietly(func() { typ = in.eval(x) })
		return typ, nil
	}
	if ix, ok := ann.(*pysrc.Index); ok {
		head := in.eval(ix.X)
		switch tail(head.Text) {
		case "Annotated":
			if seq, ok := ix.Key.(*pysrc.Seq); ok && len(seq.Elts) > 0 {
				typ, _ = in.annotation(seq.Elts[0])
				for _, e := range seq.Elts[1:] {
					in.quietly(func() { markers = append(markers, in.eval(e)) })
				}
				return typ, markers
			}
		case "Optional", "FromDishka", "FromComponent", "Injected":
			return in.annotation(ix.Key)
		}
		return head, nil
	}
	if b, ok := ann.(*pysrc.Binary); ok && b.Op == "|" {
		return in.annotation(b.L)
	}
	var v *Value
	in.quietly(func() { v = in.eval(ann) })
	// An alias: CurrentUser = Annotated[User, Depends(get_current_user)].
	if n, ok := ann.(*pysrc.Name); ok {
		if t, m, ok := in.alias(n.ID, in.frame().scope.module, 0); ok {
			return t, m
		}
	}
	if a, ok := ann.(*pysrc.Attr); ok {
		if mod := in.eval(a.X); mod.Kind == ModuleKind {
			if t, m, ok := in.alias(a.Name, mod.Module, 0); ok {
				return t, m
			}
		}
	}
	return v, nil
}

// alias finds the definition of a name of a module that stands for an
// annotation, through imports.
func (in *interp) alias(name string, m *Module, depth int) (*Value, []*Value, bool) {
	if depth > 6 || m == nil {
		return nil, nil, false
	}
	for _, s := range m.File.Body {
		switch s := s.(type) {
		case *pysrc.Assign:
			if len(s.Targets) != 1 || s.Value == nil {
				continue
			}
			n, ok := s.Targets[0].(*pysrc.Name)
			if !ok || n.ID != name {
				continue
			}
			ix, ok := s.Value.(*pysrc.Index)
			if !ok {
				return nil, nil, false
			}
			in.stack = append(in.stack, &frame{scope: m.scope})
			t, markers := in.annotation(ix)
			in.stack = in.stack[:len(in.stack)-1]
			return t, markers, true
		case *pysrc.FromImport:
			for _, a := range s.Names {
				if boundName(a) != name && a.Name != "*" {
					continue
				}
				from := in.prog.find(m, s.Module, s.Level)
				want := a.Name
				if want == "*" {
					want = name
				}
				if t, markers, ok := in.alias(want, from, depth+1); ok {
					return t, markers, true
				}
			}
		case *pysrc.ClassDef, *pysrc.FuncDef:
		}
	}
	return nil, nil, false
}

// special returns what FastAPI hands to parameters of its own types.
func (in *interp) special(typ *Value) *Value {
	if typ.Kind != External && !(typ.Kind == ClassKind) {
		return nil
	}
	if typ.Kind == ClassKind {
		if q := typ.Class.libraryBase(); q == requestQual {
			return in.request
		}
		return nil
	}
	switch typ.Text {
	case requestQual, "starlette.WebSocket":
		return in.request
	case "starlette.Response", "starlette.JSONResponse":
		return &Value{Kind: ObjectKind, Object: &Object{Qual: typ.Text}}
	case "fastapi.BackgroundTasks":
		return &Value{Kind: ObjectKind, Object: &Object{Qual: typ.Text}}
	}
	return nil
}

// asTyped returns an instance of the class that an annotation names where
// nothing else is known of a value, as where a container hands out services.
func (in *interp) asTyped(v *Value, ann pysrc.Expr) *Value {
	if v.Kind != Unknown || v.Env != "" || ann == nil {
		return v
	}
	switch ann.(type) {
	case *pysrc.Name, *pysrc.Attr, *pysrc.Str:
	default:
		return v
	}
	t, _ := in.annotation(ann)
	if t == nil || t.Kind != ClassKind || t.Class.plain() {
		return v
	}
	return in.instance(t.Class).with(v.Sources)
}

// typed returns what a parameter's annotation alone says, for functions that
// are entered without arguments.
func (in *interp) typed(fn *Function, q pysrc.Param) *Value {
	if q.Ann == nil {
		if q.Name == "request" {
			return in.request
		}
		return unknown
	}
	v := in.in(fn, func() *Value {
		t, _ := in.annotation(q.Ann)
		if t == nil {
			return unknown
		}
		if s := in.special(t); s != nil {
			return s
		}
		if t.Kind == ClassKind {
			return in.instance(t.Class)
		}
		return unknown
	})
	return v
}

// marked returns the value of a parameter with a marker.
func (in *interp) marked(m *Object, typ *Value, name string, def pysrc.Expr) *Value {
	at := m.At
	alias := name
	if a := m.Args.Get("alias", -1); a != nil && a.Kind == Str {
		alias = a.Text
	}
	kind := FromQuery
	switch m.Qual {
	case "fastapi.Depends", "fastapi.Security":
		d := m.Args.Get("dependency", 0)
		if d == nil {
			d = typ
		}
		in.inDeps++
		defer func() { in.inDeps-- }()
		v := in.depend(d, at)
		if v.Kind == Unknown && typ != nil && typ.Kind == ClassKind && !typ.Class.plain() {
			v = in.instance(typ.Class).with(v.Sources)
		}
		return v
	case "fastapi.Cookie":
		kind = FromCookie
	case "fastapi.Header":
		kind = FromHeader
		if m.Args.Get("alias", -1) == nil {
			alias = strings.ReplaceAll(alias, "_", "-")
		}
	case "fastapi.Form", "fastapi.File":
		kind = FromForm
	case "fastapi.Body":
		kind = FromBody
	case "fastapi.Path":
		kind = FromPath
	}
	v := in.read(kind, alias, at)
	d := m.Args.Get("default", 0)
	v.Sources[0].Required = d == nil || d.Method == "..."
	if _, isMarker := def.(*pysrc.Call); def != nil && !isMarker {
		v.Sources[0].Required = false // Annotated[…, Header()] = None
	}
	return v
}

// depend runs a dependency, once for each request.
func (in *interp) depend(d *Value, at Place) *Value {
	if d == nil {
		return unknown
	}
	d = settle(d)
	switch d.Kind {
	case Func:
		if d.Fn.Decl == nil {
			return in.callFunc(d.Fn, Args{}, at)
		}
		self := d.Fn.Self != nil
		if v, ok := in.deps[d.Fn.Decl]; ok && !self && len(d.Fn.Bound) == 0 && d.Fn.scope.parent == nil {
			return v
		}
		fn := *d.Fn
		v := in.callRequest(&fn, nil)
		in.deps[d.Fn.Decl] = v
		return v
	case ClassKind:
		c := d.Class
		obj := &Object{Class: c, Qual: c.libraryBase(), At: at, run: in.run}
		v := &Value{Kind: ObjectKind, Object: obj}
		if init := in.classAttr(c, "__init__"); init != nil && init.Kind == Func {
			in.callRequest(init.bind(v).Fn, nil)
			return v
		}
		// A dataclass or model: its fields are parameters.
		for _, s := range c.Decl.Body {
			if a, ok := s.(*pysrc.Assign); ok && a.Ann != nil {
				if n, ok := a.Targets[0].(*pysrc.Name); ok {
					in.stack = append(in.stack, &frame{scope: c.scope})
					if f := in.requestParam(a.Ann, a.Value, n.ID); f != nil {
						obj.set(n.ID, f)
					}
					in.stack = in.stack[:len(in.stack)-1]
				}
			}
		}
		return v
	case ObjectKind:
		if c := d.Object.Class; c != nil {
			if m := in.classAttr(c, "__call__"); m != nil && m.Kind == Func {
				return in.callRequest(m.bind(d).Fn, nil)
			}
		}
		if strings.HasPrefix(d.Object.Qual, "fastapi.security.") {
			return in.security(d)
		}
		if f := libraries.FrontendOf(d.Object.Qual); f != nil {
			return in.frontend(d, f)
		}
		return in.record("depends:"+d.Object.Qual, d, Args{}, at, nil)
	case External:
		switch d.Text {
		case "fastapi.OAuth2PasswordRequestForm", "fastapi.OAuth2PasswordRequestFormStrict":
			return in.read(FromForm, "username", at)
		case requestQual:
			return in.request
		}
		v := in.record("depends:"+d.Text, d, Args{}, at, nil)
		return &Value{Kind: ObjectKind, Object: &Object{Qual: d.Text, At: at}, Sources: v.Sources}
	case Union:
		var out *Value
		for _, a := range d.Alts {
			out = join(out, in.depend(a, at))
		}
		return out
	}
	if d.Method != "" {
		v := in.record("depends:"+d.Method, d, Args{}, at, nil)
		return v
	}
	return unknown
}

// frontend notes that a library takes its session from a cookie, which is a
// credential: one that lets pass whom it does not know stands before a verifier
// that refuses them.
func (in *interp) frontend(v *Value, f *libraries.Frontend) *Value {
	name := ""
	if a := v.Object.Args.Get(f.CookieName.Name, f.CookieName.Pos); a != nil {
		name = keyText(a)
	}
	id := in.read(FromCookie, name, v.Object.At)
	id.Sources[0].Required = true
	return in.record(v.Object.Qual+".__call__", v, Args{Pos: []*Value{id}}, v.Object.At, nil).with(id.Sources)
}

// bodyParam is a parameter that FastAPI takes from body, query or path.
func (in *interp) bodyParam(q pysrc.Param) *Value {
	s := &Source{Kind: FromQuery, Name: q.Name, At: in.place(q.Span)}
	if q.Ann != nil {
		if t, _ := in.annotation(q.Ann); t != nil && t.Kind == ClassKind {
			s.Kind = FromBody
			in.trace.Reads = append(in.trace.Reads, s)
			obj := in.instance(t.Class)
			return obj.with([]*Source{s})
		}
	}
	if strings.Contains(in.path, "{"+q.Name) {
		s.Kind = FromPath
	}
	in.trace.Reads = append(in.trace.Reads, s)
	return (&Value{At: s.At}).with([]*Source{s})
}
