package fastapi

import "github.com/d710e0ae/countersign/internal/audit/pysrc"

func (in *interp) block(body []pysrc.Stmt) {
	for _, s := range body {
		if in.frame().ended {
			return
		}
		in.steps--
		if in.steps < 0 {
			return
		}
		in.stmt(s)
	}
}

func (in *interp) stmt(s pysrc.Stmt) {
	f := in.frame()
	switch s := s.(type) {
	case *pysrc.ExprStmt:
		in.discard(s.X)
	case *pysrc.Assign:
		in.assign(s)
	case *pysrc.Return:
		v := noneValue
		if s.X != nil {
			v = in.eval(s.X)
		}
		if len(in.stack) == 1 || f.fn != nil && f.at.IsZero() {
			in.trace.Returns = append(in.trace.Returns, Return{v, in.place(s), f.fn})
		}
		if st := sendsAway(v); st != 0 {
			in.refuseUnknown(st, in.place(s))
		}
		f.result = join(f.result, v)
		f.returns(v)
		f.ended = true
	case *pysrc.Raise:
		if s.X != nil {
			v := in.eval(s.X)
			if v.Kind == ClassKind { // Python makes an instance
				v = in.instantiate(v.Class, Args{}, in.place(s.X))
			}
			x := &Raised{Value: v, At: in.place(s), Fn: f.fn, Status: Status(v), Answer: in.answer(v), Caught: in.caught(v), Muted: in.muted(v)}
			if x.Answer != nil {
				x.Status = Status(x.Answer.Value)
			}
			in.trace.Raised = append(in.trace.Raised, x)
			if !x.Muted {
				in.refuseRest(x.Status, in.place(s))
			}
		}
		f.ended = true
	case *pysrc.If:
		in.ifStmt(s)
	case *pysrc.For:
		in.forStmt(s)
	case *pysrc.While:
		in.eval(s.Test)
		in.either(func() { in.block(s.Body) }, func() {})
		in.block(s.Else)
	case *pysrc.Try:
		in.tryStmt(s)
	case *pysrc.With:
		for _, it := range s.Items {
			v := in.entered(in.eval(it.Context), in.place(it.Context))
			if it.Target != nil {
				in.bind(it.Target, v)
			}
		}
		in.block(s.Body)
	case *pysrc.FuncDef:
		in.funcDef(s)
	case *pysrc.ClassDef:
		in.classDef(s)
	case *pysrc.Import:
		in.importStmt(s)
	case *pysrc.FromImport:
		in.fromImport(s)
	case *pysrc.Assert:
		in.eval(s.Test)
	case *pysrc.Global:
		if f.scope.globals == nil {
			f.scope.globals = map[string]bool{}
		}
		for _, n := range s.Names {
			f.scope.globals[n] = true
		}
	case *pysrc.Delete:
		for _, t := range s.Targets {
			if ix, ok := t.(*pysrc.Index); ok {
				in.store(ix)
				if recv := in.eval(ix.X); recv.Kind == ObjectKind && recv.Object.Qual == "request.session" {
					in.record("request.session.pop", recv, Args{Pos: []*Value{in.eval(ix.Key)}}, in.place(ix), nil)
				}
			}
		}
	case *pysrc.Match:
		v := in.eval(s.Subject)
		for _, c := range s.Cases {
			in.either(func() {
				if n, ok := c.Pattern.(*pysrc.Name); ok && n.ID != "_" {
					in.set(f.scope, n.ID, v)
				}
				in.block(c.Body)
			}, func() {})
		}
	}
}

// entered returns what a with statement binds: what the object says on the way
// in, as one that opens a unit of work does, or what the context is by itself.
func (in *interp) entered(v *Value, at Place) *Value {
	if v.Kind != ObjectKind || v.Object.Class == nil {
		return v
	}
	for _, name := range []string{"__aenter__", "__enter__"} {
		if m := in.classAttr(v.Object.Class, name); m != nil && m.Kind == Func {
			if w := in.callFunc(m.bind(v).Fn, Args{}, at); !open(w) && w.Kind != None {
				return w
			}
			break
		}
	}
	return v
}

// discard evaluates an expression whose value no one looks at: what is popped
// out of a session so is removed, not read.
func (in *interp) discard(x pysrc.Expr) {
	n := len(in.trace.Reads)
	in.eval(x)
	c, ok := x.(*pysrc.Call)
	if !ok {
		return
	}
	if a, ok := c.Fn.(*pysrc.Attr); ok && a.Name == "pop" {
		for _, s := range in.trace.Reads[n:] {
			s.Aside = s.Aside || s.At == in.place(c)
		}
	}
}

// either runs two ways from the same state and joins what comes of them.
func (in *interp) either(a, b func()) {
	f := in.frame()
	f.unsure++
	in.branch(a, b, false, false)
	f.unsure--
}

// branch is either where the settings may decide which of both is usual.
func (in *interp) branch(a, b func(), decided, usual bool) (aEnded, bEnded bool) {
	f := in.frame()
	f.depth++
	defer func() { f.depth-- }()
	own := f.scope
	own.open()
	a()
	aVars, aEnd := own.end(), f.ended
	f.ended = false
	own.open()
	b()
	bVars, bEnd := own.end(), f.ended
	f.ended = aEnd && bEnd
	switch {
	case aEnd && bEnd:
		own.join(nil, bVars, join)
	case aEnd:
		own.keep(bVars)
	case bEnd:
		own.keep(aVars)
	case decided && usual:
		own.join(aVars, bVars, joinUsual)
	case decided:
		own.join(bVars, aVars, joinUsual)
	default:
		own.join(aVars, bVars, join)
	}
	return aEnd, bEnd
}

// maxLoop bounds loops over what is known.
const maxLoop = 48

func (in *interp) forStmt(s *pysrc.For) {
	iter := in.eval(s.Iter)
	items := elements(iter)
	if items == nil || len(items) > maxLoop {
		in.either(func() {
			in.bind(s.Target, unknown.with(sourcesOf(iter)))
			in.block(s.Body)
		}, func() {})
	} else {
		for _, it := range items {
			in.either(func() {
				in.bind(s.Target, it.with(iter.Sources))
				in.block(s.Body)
			}, func() {})
			if in.steps < 0 {
				return
			}
		}
	}
	in.block(s.Else)
}

// elements returns what a loop over v sees, or nil where that is not known.
func elements(v *Value) []*Value {
	switch v.Kind {
	case List:
		return v.Elems
	case Dict:
		return v.Keys
	case Union: // "given or []": a loop over nothing does nothing
		var list *Value
		for _, a := range v.Alts {
			switch {
			case a.Kind == None || a.Kind == List && len(a.Elems) == 0:
			case a.Kind == List && list == nil:
				list = a
			default:
				return nil
			}
		}
		if list != nil {
			return list.Elems
		}
	}
	return nil
}

func (in *interp) tryStmt(s *pysrc.Try) {
	f := in.frame()
	in.branch(func() { // usually nothing is raised
		in.catchers = append(in.catchers, in.catchersOf(s))
		in.block(s.Body)
		in.catchers = in.catchers[:len(in.catchers)-1]
		if !f.ended {
			in.block(s.Else)
		}
	}, func() {}, false, false)
	ended := f.ended
	f.ended = false
	for _, h := range s.Handlers {
		in.either(func() {
			if h.Type != nil {
				in.eval(h.Type)
			}
			if h.Name != "" {
				in.set(f.scope, h.Name, unknown)
			}
			in.block(h.Body)
		}, func() {})
	}
	f.ended = ended
	if len(s.Finally) > 0 {
		was := f.ended
		f.ended = false
		in.block(s.Finally)
		f.ended = f.ended || was
	}
}

func (in *interp) assign(s *pysrc.Assign) {
	if s.Value == nil {
		return
	}
	v := in.eval(s.Value)
	if s.Ann != nil {
		v = in.asTyped(v, s.Ann)
	}
	if s.Op != "" {
		old := in.eval(s.Targets[0])
		v = in.binary(s.Op, old, v)
	}
	for _, t := range s.Targets {
		in.bind(t, v)
	}
}

// bind assigns v to a target.
func (in *interp) bind(t pysrc.Expr, v *Value) {
	f := in.frame()
	switch t := t.(type) {
	case *pysrc.Name:
		if f.scope.globals[t.ID] {
			in.trace.Stores = append(in.trace.Stores, in.place(t))
		}
		in.set(f.scope, t.ID, v)
	case *pysrc.Star:
		in.bind(t.X, unknown.with(v.Sources))
	case *pysrc.Seq:
		for i, e := range t.Elts {
			if part := unpack(v, i, len(t.Elts)); v.Kind == Union && part != nil {
				in.bind(e, part.with(v.Sources))
				continue
			}
			switch {
			case v.Kind == List && len(v.Elems) == len(t.Elts):
				in.bind(e, v.Elems[i].with(v.Sources))
			default:
				in.bind(e, unknown.with(sourcesOf(v)))
			}
		}
	case *pysrc.Attr:
		recv := in.eval(t.X)
		recv.Each(func(x *Value) {
			if x.Kind == ObjectKind {
				if x.Object.Qual == "request.state" {
					in.keep(t.Name)
				}
				if old := in.getAttr(x.Object, t.Name); old != nil && len(in.stack) > 1 && f.fn != nil && f.fn.Name() != "__init__" {
					v = join(old, v)
				}
				in.setAttr(x.Object, t.Name, v)
			}
		})
	case *pysrc.Index:
		in.store(t)
		in.setItem(t, v)
	}
}

// unpack returns element i of what may be one of several lists of n, or nil
// where none of them is such a list.
func unpack(v *Value, i, n int) *Value {
	var out *Value
	v.Each(func(x *Value) {
		if x.Kind == List && len(x.Elems) == n {
			out = join(out, x.Elems[i])
		}
	})
	return out
}

func (o *Object) set(name string, v *Value) {
	if o.Attrs == nil {
		o.Attrs = map[string]*Value{}
	}
	o.Attrs[name] = v
}

// store notes a change of what the module holds: a dict or list at its top.
func (in *interp) store(t *pysrc.Index) {
	f := in.frame()
	n, ok := t.X.(*pysrc.Name)
	if !ok || f.fn == nil {
		return
	}
	if in.has(f.scope, n.ID) {
		return
	}
	if v, _ := in.get(f.scope.module.scope, n.ID); v != nil && (v.Kind == Dict || v.Kind == List) {
		in.trace.Stores = append(in.trace.Stores, in.place(t))
	}
}

// setItem gives a known dict a further key.
func (in *interp) setItem(t *pysrc.Index, v *Value) {
	key := in.eval(t.Key)
	recv := in.eval(t.X)
	if in.isMutableHeaders(recv) {
		in.handOn(&Value{Kind: Dict, Keys: []*Value{key}, Elems: []*Value{v}})
	}
	if recv.Kind == ObjectKind || recv.Recv != nil {
		in.setHeader(recv, key, v, t)
	}
	if recv.Kind != Dict || len(recv.Keys) > 64 {
		return
	}
	out := *recv
	out.Keys = append(recv.Keys[:len(recv.Keys):len(recv.Keys)], key)
	out.Elems = append(recv.Elems[:len(recv.Elems):len(recv.Elems)], v)
	if in.isScope(recv) {
		in.keep(keyText(key))
		if keyText(key) == "headers" {
			in.handOn(v)
		}
		in.setAttr(in.request.Object, "scope", &out)
	}
	n, ok := t.X.(*pysrc.Name)
	if !ok {
		return
	}
	if s := in.frame().scope; in.has(s, n.ID) {
		in.write(s, n.ID, &out)
	}
}
