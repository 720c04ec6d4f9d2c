package fastapi

import (
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// A group is the numbers of modules of which none imports one outside of it.
type group []int

// How many modules are loaded together, and run together, at least, where there
// are so many: enough to keep several processors busy, few enough to let go of
// most of a large tree early. Loading takes more, since a group loads on one
// processor.
const (
	loadModules = 500
	runModules  = 100
)

// A part is what was found of the program by loading one module, with what that
// imports, or by building an application. The program's parts are kept in the
// order of its modules, in which a later one does not know what came before.
type part struct {
	trace      *Trace
	routers    []*Router
	middleware []Middleware // of applications
	handlers   []Handler    // of exceptions, likewise
	routes     []*Route
	orphans    []*Route // those of them that no one is seen to include
}

// run reads the program, batch by batch: modules first, then what builds an
// application without being called, then every route, then the functions that
// are left. It lets go of the syntax and the values of modules as soon as all
// of that has run which may look at them.
func (p *Program) run() {
	n := len(p.Modules)
	p.loaded, p.built, p.rest = make([]part, n), make([]part, n), make([]*Trace, n)
	p.fields, p.secrets = make([][]map[string]*Value, n), make([][]*Value, n)
	var waiting []group
	for _, batch := range batches(p.heard(), loadModules) {
		p.loadBatch(batch)
		p.resolve(batch)
		ready := slices.DeleteFunc(batch, func(g group) bool {
			waits := p.waits(g)
			if waits {
				waiting = append(waiting, g)
			}
			return waits
		})
		p.runBatches(ready)
	}
	if p.adopt(waiting) {
		p.runBatch(waiting)
	} else {
		p.runBatches(waiting)
	}
	p.assemble()
}

// heard returns the groups that have something to say, and lets go of all
// others.
func (p *Program) heard() []group {
	known := concerns()
	return slices.DeleteFunc(p.groups(), func(g group) bool {
		silent := p.silent(g, known)
		if silent {
			for _, i := range g {
				p.Modules[i].letGo()
			}
		}
		return silent
	})
}

func (p *Program) runBatches(groups []group) {
	for _, batch := range batches(groups, runModules) {
		p.runBatch(batch)
	}
}

// batches puts groups together until each has so many modules, in the order of
// their first ones.
func batches(groups []group, modules int) [][]group {
	slices.SortFunc(groups, func(a, b group) int { return a[0] - b[0] })
	var out [][]group
	size := modules
	for _, g := range groups {
		if size >= modules {
			out = append(out, nil)
			size = 0
		}
		out[len(out)-1] = append(out[len(out)-1], g)
		size += len(g)
	}
	return out
}

// parts visits the parts of groups: what was loaded, then what was built.
func (p *Program) partsOf(groups []group, visit func(*part)) {
	for _, list := range [][]part{p.loaded, p.built} {
		for _, g := range groups {
			for _, i := range g {
				visit(&list[i])
			}
		}
	}
}

// waits reports whether a group has to wait until all are loaded: where no one
// is seen to include a router, and the middleware of all applications counts,
// or where it has such middleware, which is to be entered for others.
func (p *Program) waits(g group) bool {
	waits := false
	p.partsOf([]group{g}, func(x *part) {
		waits = waits || len(x.orphans) > 0 || slices.ContainsFunc(x.middleware, func(m Middleware) bool {
			return m.Class.Kind == Func || m.Class.Kind == ClassKind
		})
	})
	return waits || p.administers(g)
}

// adopt gives the routers that no one includes the middleware of all
// applications, and reports whether there are any. Names are put together at
// run time there, and what includes them is not seen.
func (p *Program) adopt(waiting []group) bool {
	var shared []Middleware
	for _, list := range [][]part{p.loaded, p.built} {
		for i := range list {
			shared = append(shared, list[i].middleware...)
		}
	}
	found := false
	p.partsOf(waiting, func(x *part) {
		for _, r := range x.orphans {
			r.Middleware = slices.Concat(shared, r.Middleware)
			found = true
		}
	})
	var modules []*Module
	for _, g := range waiting {
		if !p.administers(g) {
			continue
		}
		for _, i := range g {
			modules = append(modules, p.Modules[i])
		}
	}
	p.admin = adminRoutes(modules, shared)
	return found || len(p.admin) > 0
}

// runBatch runs the routes of groups, then the functions that are left, and
// lets go of both.
func (p *Program) runBatch(groups []group) {
	var modules []*Module
	for _, g := range groups {
		for _, i := range g {
			modules = append(modules, p.Modules[i])
		}
	}
	slices.SortFunc(modules, func(a, b *Module) int { return a.number - b.number })
	var routes []*Route
	var handlers []Handler
	p.partsOf(groups, func(x *part) {
		routes = append(routes, x.routes...)
		handlers = append(handlers, x.handlers...)
	})
	for _, r := range p.admin {
		if slices.Contains(modules, p.byPath[r.At.FileName()]) {
			routes = append(routes, r)
		}
	}
	var tasks []task
	for _, r := range routes {
		// What is not seen to be included belongs to some application.
		r.Handlers = slices.Concat(r.Handlers, handlers)
		tasks = append(tasks, task{do: func(run *run) {
			p.runRoute(r, run)
			p.saw(r, r.Trace)
		}})
	}
	p.runAll(tasks)
	p.runRest(modules, handlers)
	side(len(groups), func(g int) {
		in := p.newLoading().newInterp()
		for _, i := range groups[g] {
			p.fields[i], p.secrets[i] = in.configFields(p.Modules[i]), in.secretFields(p.Modules[i])
		}
	})
	for _, r := range routes {
		r.Deps, r.Middleware, r.Handlers, r.Args = nil, nil, nil, Args{}
	}
	p.partsOf(groups, func(x *part) {
		for _, r := range x.routers {
			*r = Router{}
		}
		x.routers, x.orphans, x.handlers = nil, nil, nil
	})
	side(len(modules), func(i int) { modules[i].letGo() })
}

// assemble puts the parts together, in the order of the modules.
func (p *Program) assemble() {
	for _, list := range [][]part{p.loaded, p.built} {
		for _, x := range list {
			p.Routes = append(p.Routes, x.routes...)
			if x.trace != nil {
				p.Top.add(x.trace)
			}
		}
	}
	p.Routes = append(p.Routes, p.admin...)
	for _, t := range p.rest {
		if t != nil {
			p.Rest.add(t)
		}
	}
	p.loaded, p.built, p.admin, p.rest, p.entered, p.configs = nil, nil, nil, nil, nil, nil
}

// runRest runs the functions and methods of modules that nothing reached, and
// leaves what they did by the number of the module.
func (p *Program) runRest(modules []*Module, handlers []Handler) {
	known := concerns()
	tasks := make([][]task, len(modules))
	side(len(modules), func(i int) {
		if concerned(modules[i], known) {
			tasks[i] = p.restOf(modules[i], handlers)
		}
	})
	p.runAll(slices.Concat(tasks...))
}

// restOf returns what runs the functions and methods of a module, each for the
// case that nothing has entered it until its turn.
func (p *Program) restOf(m *Module, handlers []Handler) []task {
	var tasks []task
	add := func(fn *Function, self func(*interp) *Value) {
		var t *Trace
		tasks = append(tasks, task{
			done: func() bool { return p.entered[fn.Decl] },
			do: func(r *run) {
				t = &Trace{}
				in := p.newInterp(t, r)
				in.handlers = handlers
				p.enterAlone(m, fn, self, in)
				p.saw(nil, t)
			},
			keep: func() {
				if p.rest[m.number] == nil {
					p.rest[m.number] = &Trace{}
				}
				p.rest[m.number].add(t)
			},
		})
	}
	pysrc.Statements(m.File.Body, func(s pysrc.Stmt) bool {
		switch n := s.(type) {
		case *pysrc.FuncDef:
			add(&Function{Decl: n, Module: m, scope: m.scope}, nil)
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
				add(mv.Fn, self)
			}
		}
		return true
	})
	return tasks
}

// letGo takes away what no one looks at any more: what the module holds, and how
// its functions are written.
func (m *Module) letGo() {
	for _, v := range m.scope.vars {
		if v.Kind == ClassKind && v.Class.Module == m {
			v.Class.scope.vars = map[string]*Value{}
		}
	}
	m.scope.vars, m.stars, m.imports, m.literals = map[string]*Value{}, nil, nil, nil
	m.File.Forget()
}
