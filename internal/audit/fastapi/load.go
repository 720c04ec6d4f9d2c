package fastapi

import "github.com/d710e0ae/countersign/internal/audit/pysrc"

// run reads the program: modules first, then what builds an application
// without being called, then every route, then the functions that are left.
func (p *Program) run() {
	p.loadAll()
	p.resolveRoutes()
	var tasks []task
	for _, r := range p.Routes {
		tasks = append(tasks, task{do: func(run *run) {
			p.runRoute(r, run)
			p.saw(r, r.Trace)
		}})
	}
	p.runAll(tasks)
	p.runRest()
}

// saw hands a trace to the witness.
func (p *Program) saw(r *Route, t *Trace) {
	if p.witness != nil {
		p.witness(r, t)
	}
}

// builds reports whether a function makes or fits out an application.
func builds(f *pysrc.FuncDef) bool {
	found := false
	pysrc.InspectAll(f.Body, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.Call:
			switch fn := n.Fn.(type) {
			case *pysrc.Name:
				found = found || fn.ID == "FastAPI" || fn.ID == "APIRouter"
			case *pysrc.Attr:
				found = found || fn.Name == "include_router" || fn.Name == "add_middleware" || fn.Name == "FastAPI" || fn.Name == "add_api_route"
			}
		case *pysrc.FuncDef, *pysrc.ClassDef:
			return true
		}
		return !found
	})
	return found
}

// enterAlone runs a function of a module by itself, with nothing known of its
// arguments. self, where not nil, makes the object whose method it is.
func (p *Program) enterAlone(m *Module, fn *Function, self func(*interp) *Value, in *interp) {
	in.steps = in.allow(stepsRoute)
	in.request = in.newRequest("", "")
	in.stack = []*frame{{scope: m.scope}}
	before := in.steps
	if self != nil {
		f := *fn
		f.Self = self(in)
		fn = &f
	}
	in.callRequest(fn, nil)
	in.spend(before - in.steps)
}

// runRest runs the functions and methods that nothing reached.
func (p *Program) runRest() {
	var tasks []task
	add := func(m *Module, fn *Function, self func(*interp) *Value) {
		t := &Trace{}
		tasks = append(tasks, task{
			done: func() bool { return p.entered[fn.Decl] },
			do: func(r *run) {
				*t = Trace{}
				p.enterAlone(m, fn, self, p.newInterp(t, r))
				p.saw(nil, t)
			},
			keep: func() { p.Rest.add(t) },
		})
	}
	known := concerns()
	for _, m := range p.Modules {
		if !concerned(m, known) {
			continue
		}
		pysrc.InspectAll(m.File.Body, func(n pysrc.Node) bool {
			switch n := n.(type) {
			case pysrc.Expr:
				return false
			case *pysrc.FuncDef:
				add(m, &Function{Decl: n, Module: m, scope: m.scope}, nil)
			case *pysrc.ClassDef:
				v, _ := m.scope.get(n.Name)
				if v == nil || v.Kind != ClassKind || v.Class.Decl != n {
					return true
				}
				for _, mv := range sortedValues(v.Class.scope.all()) {
					if mv.Kind != Func || mv.Fn.Decl == nil {
						continue
					}
					self := func(in *interp) *Value { return in.instance(v.Class) }
					switch mv.Method {
					case "static":
						self = nil
					case "class":
						self = func(*interp) *Value { return v }
					}
					add(m, mv.Fn, self)
				}
			}
			return true
		})
	}
	p.runAll(tasks)
}

// add appends what another trace holds.
func (t *Trace) add(u *Trace) {
	t.Calls = append(t.Calls, u.Calls...)
	t.Reads = append(t.Reads, u.Reads...)
	t.Refusals = append(t.Refusals, u.Refusals...)
	t.Skips = append(t.Skips, u.Skips...)
	t.Raised = append(t.Raised, u.Raised...)
	t.Returns = append(t.Returns, u.Returns...)
	t.Stores = append(t.Stores, u.Stores...)
}

func sortedValues(m map[string]*Value) []*Value {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sortStrings(keys)
	out := make([]*Value, 0, len(keys))
	for _, k := range keys {
		out = append(out, m[k])
	}
	return out
}
