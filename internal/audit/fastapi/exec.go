package fastapi

import (
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// An interp runs one thing: a module, a route, or a function by itself.
type interp struct {
	prog    *Program
	trace   *Trace
	request *Value // of the route that runs, or one that is not known
	steps   int    // left before it gives up
	stack   []*frame
	deps    map[pysrc.Node]*Value // results of dependencies within one request
	inDeps  int
	run     *run   // nil while modules are loaded
	verb    string // of the route that runs, or ""
	path    string
}

func (p *Program) newInterp(t *Trace, r *run) *interp {
	return &interp{prog: p, trace: t, run: r, deps: map[pysrc.Node]*Value{}}
}

// allow gives an interpreter its share of the steps that are left.
func (in *interp) allow(steps int) int {
	p := in.prog
	switch {
	case in.run != nil:
		return in.run.allow(steps)
	case p.budget <= 0:
		p.Cut = true
		return 0
	}
	return min(steps, p.budget)
}

// spend takes steps from what is left.
func (in *interp) spend(steps int) {
	if in.run != nil {
		in.run.taken += steps
	} else {
		in.prog.budget -= steps
	}
}

// A frame is one function's run.
type frame struct {
	fn     *Function
	scope  *scope
	at     Place // of the call
	result *Value
	ended  bool
	chain  []Place // what chain returned; a stack below a frame does not change
	traced bool

	// What the function returns where the environment says nothing: the first
	// return that no condition on anything else leads to.
	usual  *Value
	unsure int // conditions that are open, which no setting decides
	rare   int // … which a setting decides the other way
	lost   bool

	depth  int        // of branches that are open
	passes []*Refusal // conditions on the way on which the function ends without refusing
}

const (
	maxCalls   = 14      // depth of calls that are followed
	stepsRoute = 60_000  // expressions looked at for one route
	stepsTop   = 400_000 // … for one module
	stepsAll   = 20_000_000
	stepsFile  = 20_000 // … more for each file of the program
)

func (in *interp) frame() *frame { return in.stack[len(in.stack)-1] }

func (in *interp) place(n pysrc.Node) Place {
	return Place{File: in.frame().scope.module.File, Span: n.Range()}
}

// chain returns where each call on the stack was made, the outermost first.
// Calls from one frame share it: their own copies were a fifth of the memory.
func (in *interp) chain() []Place {
	top := in.frame()
	if top.traced {
		return top.chain
	}
	for _, f := range in.stack {
		if !f.at.IsZero() {
			top.chain = append(top.chain, f.at)
		}
	}
	top.chain, top.traced = slices.Clip(top.chain), true
	return top.chain
}

// returns notes what is returned on the way that the settings usually take.
func (f *frame) returns(v *Value) {
	switch {
	case f.rare > 0 || f.usual != nil || f.lost:
	case f.unsure > 0:
		f.lost = true
	default:
		f.usual = v
	}
}

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
		in.eval(s.X)
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
		f.result = join(f.result, v)
		f.returns(v)
		f.ended = true
	case *pysrc.Raise:
		if s.X != nil {
			v := in.eval(s.X)
			in.trace.Raised = append(in.trace.Raised, &Raised{v, in.place(s), f.fn})
			in.refuseRest(Status(v), in.place(s))
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
			v := in.eval(it.Context)
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

func (in *interp) ifStmt(s *pysrc.If) {
	test := in.eval(s.Test)
	f := in.frame()
	if truth, known := test.Truth(); known && len(test.Sources) == 0 {
		if truth {
			in.narrow(s.Test, true)
			in.block(s.Body)
		} else {
			in.block(s.Else)
		}
		return
	}
	at := in.place(s.Test)
	n, closed := len(in.trace.Raised), in.trace.Closed
	before := f.result
	f.result = nil
	bodyRefuses := false
	var raised Place
	status := 0
	usual, decided := test.Usual()
	decided = decided && len(test.Sources) == 0
	// way runs a branch that is taken where the condition is truth.
	way := func(truth bool, run func()) {
		n := &f.unsure
		if decided && usual != truth {
			n = &f.rare
		} else if decided {
			run()
			return
		}
		*n++
		run()
		*n--
	}
	ended, elseEnded := in.branch(func() {
		in.narrow(s.Test, true)
		way(true, func() { in.block(s.Body) })
		bodyRefuses, status, raised = in.refuses(n, closed, f)
	}, func() {
		in.narrow(s.Test, false)
		n, closed = len(in.trace.Raised), in.trace.Closed
		way(false, func() { in.block(s.Else) })
	}, decided, usual)
	f.result = join(before, f.result)
	ops := in.compares(s.Test)
	srcs := sourcesOf(test)
	for _, o := range ops {
		srcs = mergeSources(srcs, sourcesOf(o.Sides...))
	}
	switch {
	case ended && bodyRefuses:
		in.trace.Refusals = append(in.trace.Refusals, &Refusal{Sources: srcs, At: at, Status: status, Fn: f.fn, Op: ops, Raise: raised})
	case elseEnded && len(s.Else) > 0 && (len(in.trace.Raised) > n || in.trace.Closed > closed):
		_, status, raised = in.refuses(n, closed, f)
		in.trace.Refusals = append(in.trace.Refusals, &Refusal{Sources: srcs, At: at, Status: status, Fn: f.fn, Op: ops, Raise: raised})
	case ended:
		in.trace.Skips = append(in.trace.Skips, &Skip{srcs, at, f.fn, in.texts(s.Test)})
		if f.depth == 0 {
			f.passes = append(f.passes, &Refusal{Sources: srcs, At: at, Fn: f.fn, Op: ops})
		}
	}
}

// refuseRest notes, where a function that lets requests pass by one condition
// or the other refuses all others in the end, that each of them refuses too.
func (in *interp) refuseRest(status int, raised Place) {
	f := in.frame()
	if f.depth > 0 || len(f.passes) == 0 || status < 400 || status >= 500 {
		return
	}
	// A condition that a cookie alone meets leaves no header to be asked for.
	var asked []*Refusal
	for _, p := range f.passes {
		if len(p.Sources) == 0 {
			continue
		}
		if !slices.ContainsFunc(p.Sources, func(s *Source) bool { return s.Kind == FromHeader || s.Kind == FromForm }) {
			return
		}
		asked = append(asked, p)
	}
	for _, p := range asked {
		p.Status, p.Raise = status, raised
		in.trace.Refusals = append(in.trace.Refusals, p)
	}
}

// refuses reports whether the branch that just ended refuses the request: it
// raised something since n, closed a WebSocket, or answers with 4xx.
func (in *interp) refuses(n, closed int, f *frame) (bool, int, Place) {
	if !f.ended {
		return false, 0, Place{}
	}
	if len(in.trace.Raised) > n {
		r := in.trace.Raised[len(in.trace.Raised)-1]
		return true, Status(r.Value), r.At
	}
	if in.trace.Closed > closed {
		return true, 403, Place{} // which is what a handshake is answered that is closed
	}
	refused, status := false, 0
	var look func(v *Value)
	look = func(v *Value) {
		if v.Kind == List {
			// A helper may return its refusal beside what it found: None, response.
			for _, e := range v.Elems {
				e.Each(look)
			}
		}
		st := Status(v)
		if st == 0 && v.Kind == ObjectKind && v.Object.Qual == "starlette.RedirectResponse" {
			st = 307 // to the login page, as pages do
		}
		if st >= 300 && st < 500 {
			refused, status = true, st
		}
	}
	f.result.Each(look)
	return refused, status, Place{}
}

// Status returns the HTTP status of an exception or a response.
func Status(v *Value) int {
	status := 0
	v.Each(func(x *Value) {
		if x.Kind != ObjectKind {
			return
		}
		pos := -1
		switch tail(x.Object.Qual) {
		case "HTTPException":
			pos = 0
		case "Response", "JSONResponse", "PlainTextResponse", "HTMLResponse", "ORJSONResponse", "UJSONResponse":
			pos = 1
		}
		if a := x.Object.Args.Get("status_code", pos); a != nil {
			a.Each(func(y *Value) {
				if y.Kind == Num {
					status = int(y.Num)
				}
				if y.Kind == External {
					status = statusConstant(y.Text)
				}
			})
		}
	})
	return status
}

// texts lists the strings in a condition, also those of lists that it names.
func (in *interp) texts(test pysrc.Expr) []string {
	var out []string
	pysrc.Inspect(test, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.Str, *pysrc.Name, *pysrc.Attr:
			v := in.quiet(n.(pysrc.Expr))
			for _, e := range append([]*Value{v}, v.Elems...) {
				if e.Kind == Str {
					out = append(out, e.Text)
				}
			}
		case *pysrc.Lambda:
			return false
		}
		return true
	})
	return out
}

// compares lists the comparisons of a condition.
func (in *interp) compares(test pysrc.Expr) []CompareOp {
	var out []CompareOp
	pysrc.Inspect(test, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.Compare:
			op := CompareOp{Op: n.Ops[0]}
			for _, x := range n.Xs {
				op.Sides = append(op.Sides, in.quiet(x))
			}
			out = append(out, op)
			return false
		case *pysrc.Call:
			op := CompareOp{Op: "call"}
			switch fn := n.Fn.(type) {
			case *pysrc.Attr:
				op.Op = fn.Name
				op.Sides = append(op.Sides, in.quiet(fn.X))
			case *pysrc.Name:
				op.Op = fn.ID
			}
			for _, x := range n.Args {
				op.Sides = append(op.Sides, in.quiet(x.Value))
			}
			out = append(out, op)
			return false
		case *pysrc.Lambda, *pysrc.Comp:
			return false
		}
		return true
	})
	return out
}

// quiet evaluates again what was evaluated before, without telling.
func (in *interp) quiet(x pysrc.Expr) *Value {
	kept := in.trace
	in.trace = &Trace{}
	v := in.eval(x)
	in.trace = kept
	return v
}

// narrow drops None from what a condition shows to be there.
func (in *interp) narrow(test pysrc.Expr, truth bool) {
	switch t := test.(type) {
	case *pysrc.Unary:
		if t.Op == "not" {
			in.narrow(t.X, !truth)
		}
	case *pysrc.Logic:
		if t.Or != truth {
			for _, x := range t.Xs {
				in.narrow(x, truth)
			}
		}
	case *pysrc.Name:
		s := in.frame().scope
		v, ok := in.get(s, t.ID)
		if !ok || v.Kind != Union {
			return
		}
		var kept *Value
		for _, a := range v.Alts {
			if tr, known := a.Truth(); !known || tr == truth || len(a.Sources) > 0 && a.Kind == Unknown {
				kept = join(kept, a)
			}
		}
		if kept != nil {
			in.write(s, t.ID, kept.with(v.Sources))
		}
	}
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
		in.block(s.Body)
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
					in.trace.Kept++
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
	if recv.Kind == ObjectKind || recv.Recv != nil {
		in.setHeader(recv, key, v, t)
	}
	if recv.Kind == Dict && recv == in.getAttr(in.request.Object, "scope") {
		in.trace.Kept++
	}
	n, ok := t.X.(*pysrc.Name)
	if !ok || recv.Kind != Dict || len(recv.Keys) > 64 {
		return
	}
	out := *recv
	out.Keys = append(recv.Keys[:len(recv.Keys):len(recv.Keys)], key)
	out.Elems = append(recv.Elems[:len(recv.Elems):len(recv.Elems)], v)
	if s := in.frame().scope; in.has(s, n.ID) {
		in.write(s, n.ID, &out)
	}
}

func (in *interp) funcDef(s *pysrc.FuncDef) {
	f := in.frame()
	fn := &Value{Kind: Func, At: in.place(s), Fn: &Function{Decl: s, Module: f.scope.module, scope: f.scope}}
	v := fn
	property := false
	for i := len(s.Decorators) - 1; i >= 0; i-- {
		d := s.Decorators[i]
		if n, ok := d.(*pysrc.Name); ok {
			switch n.ID {
			case "property", "cached_property", "computed_field", "classmethod":
				property = n.ID != "classmethod"
				continue
			case "staticmethod":
				v = &Value{Kind: Func, At: fn.At, Method: "static", Fn: fn.Fn}
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

// decorate applies a decorator. Only those of the program itself that return
// another function than they were given take its place, and only where that
// is a function too; all others leave it as it is.
func (in *interp) decorate(dec, fn *Value, node pysrc.Expr) *Value {
	in.apply(dec, Args{Pos: []*Value{fn}}, in.place(node), nil)
	return fn
}

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
		return external(canonical(name))
	}
	in.load(m)
	return &Value{Kind: ModuleKind, Module: m}
}

func (in *interp) fromImport(s *pysrc.FromImport) {
	f := in.frame()
	m := in.prog.find(f.scope.module, s.Module, s.Level)
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
				in.set(f.scope, boundName(a), external(canonical(s.Module+"."+a.Name)))
			}
		}
		return
	}
	if m == nil {
		for _, a := range s.Names {
			if a.Name != "*" {
				in.set(f.scope, boundName(a), external(canonical(s.Module+"."+a.Name)))
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
