package fastapi

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// A loading runs the tops of modules: of one that nothing had imported before,
// and of what that imports.
type loading struct {
	share
	prog    *Program
	trace   *Trace
	routers []*Router
	entered map[pysrc.Node]bool
	configs map[*Class]Args
	parts   map[string]*Value // of every request
}

func (p *Program) newLoading() *loading {
	return &loading{
		share: share{left: p.budget}, prog: p, trace: &Trace{},
		entered: map[pysrc.Node]bool{}, configs: map[*Class]Args{},
	}
}

// newInterp makes an interpreter of what is loaded.
func (l *loading) newInterp() *interp {
	in := l.prog.newInterp(l.trace, nil)
	in.loading = l
	return in
}

// load runs a module's top, once.
func (l *loading) load(m *Module) {
	if m.state != unread {
		return
	}
	m.state = running
	in := l.newInterp()
	in.steps = in.allow(stepsTop)
	in.request = in.newRequest("", "")
	in.stack = []*frame{{scope: m.scope}}
	before := in.steps
	in.block(m.File.Body)
	in.spend(before - in.steps)
	m.state = done
	for k, v := range m.scope.vars {
		if w := settle(v); w != v {
			m.scope.vars[k] = w
		}
	}
}

// load runs the top of a module that is imported. All that the program holds
// was loaded before anything runs by itself.
func (in *interp) load(m *Module) {
	if in.run == nil {
		in.loading.load(m)
	}
}

// loadAll runs the tops of all modules, then what builds an application
// without being called. Modules of which none imports another's see nothing of
// each other, so that groups of them load side by side; what they show is put
// together in the order of the modules, as if each had been loaded after the
// one before it.
func (p *Program) loadAll(groups [][]int) {
	if !p.loadGroups(groups) {
		p.loadInOrder()
	}
	builders := make([][]*pysrc.FuncDef, len(p.Modules))
	side(len(p.Modules), func(i int) { builders[i] = buildersOf(p.Modules[i]) })
	for i, m := range p.Modules {
		for _, f := range builders[i] {
			if p.entered[f] {
				continue
			}
			l := p.newLoading()
			p.enterAlone(m, &Function{Decl: f, Module: m, scope: m.scope}, nil, l.newInterp())
			p.saw(nil, l.trace)
			p.add(l)
		}
	}
}

// loadGroups loads groups side by side. It returns false, and nothing is
// loaded, where there are too few steps for all.
func (p *Program) loadGroups(groups [][]int) bool {
	loads := make([]*loading, len(p.Modules))
	side(len(groups), func(g int) {
		for _, i := range groups[g] {
			if p.Modules[i].state == unread {
				loads[i] = p.loadAlone(p.Modules[i])
			}
		}
	})
	if !p.afford(loads) {
		p.forget()
		return false
	}
	for _, l := range loads {
		if l != nil {
			p.add(l)
		}
	}
	return true
}

// loadInOrder loads one module after the other.
func (p *Program) loadInOrder() {
	for _, m := range p.Modules {
		if m.state == unread {
			p.add(p.loadAlone(m))
		}
	}
}

// loadAlone loads a module and what it imports.
func (p *Program) loadAlone(m *Module) *loading {
	l := p.newLoading()
	l.load(m)
	p.saw(nil, l.trace)
	return l
}

// afford reports whether no loading would have gone otherwise had those before
// it taken their steps first.
func (p *Program) afford(loads []*loading) bool {
	left := p.budget
	for _, l := range loads {
		if l == nil {
			continue
		}
		if l.need > left {
			return false
		}
		left -= l.taken
	}
	return true
}

// add takes what a loading found out.
func (p *Program) add(l *loading) {
	p.budget -= l.taken
	p.Cut = p.Cut || l.cut
	p.Top.add(l.trace)
	p.Routers = append(p.Routers, l.routers...)
	maps.Copy(p.entered, l.entered)
	maps.Copy(p.configs, l.configs)
}

// forget takes back that modules were loaded.
func (p *Program) forget() {
	for _, m := range p.Modules {
		m.state, m.stars = unread, nil
		m.scope = newModuleScope(m)
	}
}

func newModuleScope(m *Module) *scope { return &scope{vars: map[string]*Value{}, module: m} }

// side calls do for each number below n, on as many processors as there are.
func side(n int, do func(int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// groups parts the modules, by their numbers, into groups of which none can
// import from another, the largest first.
func (p *Program) groups() [][]int {
	reached := make([][]*Module, len(p.Modules))
	side(len(p.Modules), func(i int) { reached[i] = p.reach(p.Modules[i]) })
	parent := make([]int, len(p.Modules))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for i, list := range reached {
		for _, m := range list {
			// The first module of a group stands for it.
			a, b := root(i), root(m.number)
			parent[max(a, b)] = min(a, b)
		}
	}
	var out [][]int
	at := map[int]int{}
	for i := range p.Modules {
		r := root(i)
		if _, ok := at[r]; !ok {
			at[r] = len(out)
			out = append(out, nil)
		}
		out[at[r]] = append(out[at[r]], i)
	}
	slices.SortStableFunc(out, func(a, b []int) int { return len(b) - len(a) })
	return out
}

// reach returns every module of the program that one may import, and notes the
// names of all that it imports.
func (p *Program) reach(m *Module) []*Module {
	var out []*Module
	add := func(dotted string, level int) {
		if found := p.find(m, dotted, level); found != nil {
			out = append(out, found)
		}
	}
	pysrc.InspectAll(m.File.Body, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.Import:
			for _, a := range n.Names {
				m.imports = append(m.imports, a.Name)
				add(a.Name, 0)
				if first, _, dotted := cut(a.Name); dotted {
					add(first, 0)
				}
			}
		case *pysrc.FromImport:
			if n.Module != "" {
				m.imports = append(m.imports, n.Module)
			}
			add(n.Module, n.Level)
			if found := p.misspelt(m, n.Module, n.Level); found != nil {
				out = append(out, found)
			}
			for _, a := range n.Names {
				switch {
				case n.Module != "":
					add(n.Module+"."+a.Name, n.Level)
				case n.Level > 0:
					add(a.Name, n.Level)
				}
			}
		case pysrc.Expr:
			return false
		}
		return true
	})
	if m.Package { // whose modules are also reached as its attributes
		out = append(out, p.inside[m.dir()]...)
	}
	return out
}

// buildersOf returns the functions of a module that make or fit out an
// application.
func buildersOf(m *Module) []*pysrc.FuncDef {
	var out []*pysrc.FuncDef
	pysrc.InspectAll(m.File.Body, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.FuncDef:
			if builds(n) {
				out = append(out, n)
			}
		case pysrc.Expr:
			return false
		}
		return true
	})
	return out
}
