package fastapi

import (
	"maps"
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// A batch is some of the program's modules with the routes that they declare.
// Nothing outside of it asks for them once they have run.
type batch struct {
	modules []*Module
	routes  []*Route
	routers []*Router
}

// batchModules is how many modules a batch has at least, where there are so
// many: enough to keep several processors busy, few enough to let go of most of
// a large tree early.
const batchModules = 100

// run reads the program: modules first, then what builds an application
// without being called, then every route, then the functions that are left. It
// lets go of the syntax and the values of modules as soon as all of that has
// run which may look at them.
func (p *Program) run() {
	groups := p.groups()
	p.loadAll(groups)
	p.resolveRoutes()
	rest := make([]*Trace, len(p.Modules))
	p.fields = make([][]map[string]*Value, len(p.Modules))
	p.secrets = make([][]*Value, len(p.Modules))
	for _, b := range p.batches(groups) {
		var tasks []task
		for _, r := range b.routes {
			tasks = append(tasks, task{do: func(run *run) {
				p.runRoute(r, run)
				p.saw(r, r.Trace)
			}})
		}
		p.runAll(tasks)
		p.runRest(b.modules, rest)
		in := p.newLoading().newInterp()
		for _, m := range b.modules {
			p.fields[m.number] = in.configFields(m)
			p.secrets[m.number] = in.secretFields(m)
		}
		p.letGo(b)
	}
	for _, t := range rest {
		if t != nil {
			p.Rest.add(t)
		}
	}
	p.entered, p.configs = nil, nil
}

// batches puts the groups of modules together. Those groups are one batch,
// between which middleware is shared though none imports another.
func (p *Program) batches(groups [][]int) []*batch {
	groups = slices.Clone(groups)
	slices.SortFunc(groups, func(a, b []int) int { return a[0] - b[0] })
	var out []*batch
	of := make([]*batch, len(p.Modules)) // by the number of the module
	add := func(b *batch, group []int) {
		if len(b.modules) == 0 {
			out = append(out, b)
		}
		for _, i := range group {
			b.modules = append(b.modules, p.Modules[i])
			of[i] = b
		}
	}
	sharing := p.sharing()
	shared, open := &batch{}, &batch{}
	for _, group := range groups {
		if slices.ContainsFunc(group, func(i int) bool { return sharing[p.Modules[i]] }) {
			add(shared, group)
			continue
		}
		add(open, group)
		if len(open.modules) >= batchModules {
			open = &batch{}
		}
	}
	at := func(place Place) *batch {
		if m := p.byPath[place.FileName()]; m != nil {
			return of[m.number]
		}
		return out[len(out)-1]
	}
	for _, r := range p.Routes {
		b := at(r.At)
		b.routes = append(b.routes, r)
	}
	for _, r := range p.Routers {
		b := at(r.At)
		b.routers = append(b.routers, r)
	}
	p.Routers = nil
	return out
}

// sharing returns the modules that add middleware to applications, and those
// whose routes have the middleware of all applications since nothing says which
// is theirs; none where there are no such routes.
func (p *Program) sharing() map[*Module]bool {
	adds, takes := map[*Module]bool{}, map[*Module]bool{}
	for _, r := range p.Routers {
		switch m := p.byPath[r.At.FileName()]; {
		case m == nil:
		case r.App && len(r.Middleware) > 0:
			adds[m] = true
		case !r.App && !r.included:
			takes[m] = true
		}
	}
	for _, r := range p.Routes {
		if m := p.byPath[r.At.FileName()]; r.Admin != "" && m != nil {
			takes[m] = true
		}
	}
	if len(takes) == 0 {
		return nil
	}
	maps.Copy(takes, adds)
	return takes
}

// runRest runs the functions and methods of modules that nothing reached, and
// leaves what they did by the number of the module.
func (p *Program) runRest(modules []*Module, rest []*Trace) {
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
			keep: func() {
				if rest[m.number] == nil {
					rest[m.number] = &Trace{}
				}
				rest[m.number].add(t)
			},
		})
	}
	known := concerns()
	for _, m := range modules {
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

// letGo takes away what no one looks at any more: what modules hold, how their
// functions are written, and what routes were declared with.
func (p *Program) letGo(b *batch) {
	for _, m := range b.modules {
		for _, v := range m.scope.vars {
			if v.Kind == ClassKind && v.Class.Module == m {
				v.Class.scope.vars = map[string]*Value{}
			}
		}
		m.scope.vars, m.stars, m.imports, m.literals = map[string]*Value{}, nil, nil, nil
		m.File.Forget()
	}
	for _, r := range b.routers {
		*r = Router{}
	}
	b.routers = nil
	for _, r := range b.routes {
		r.Deps, r.Middleware, r.Args = nil, nil, Args{}
	}
}
