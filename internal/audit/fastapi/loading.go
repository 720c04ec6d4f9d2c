package fastapi

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// A loading runs the tops of modules: of one that nothing had imported before,
// and of what that imports.
type loading struct {
	share
	prog    *Program
	module  *Module // that nothing had imported; nil where nothing is loaded
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

// loadBatch runs the tops of the modules of groups, then what builds an
// application without being called. Groups see nothing of each other, so that
// they load side by side; what each shows is put in the order of the modules,
// as if they had been loaded one after the other.
func (p *Program) loadBatch(groups []group) {
	if !p.loadGroups(groups) {
		p.loadInOrder(groups)
	}
	order := slices.Concat(groups...)
	builders := make([][]*pysrc.FuncDef, len(order))
	side(len(order), func(i int) { builders[i] = buildersOf(p.Modules[order[i]]) })
	for n, i := range order {
		m := p.Modules[i]
		for _, f := range builders[n] {
			if p.entered[f] {
				continue
			}
			l := p.newLoading()
			p.enterAlone(m, &Function{Decl: f, Module: m, scope: m.scope}, nil, l.newInterp())
			p.saw(nil, l.trace)
			p.add(l, &p.built[i])
		}
	}
}

// loadGroups loads groups side by side. It returns false, and nothing is
// loaded, where there are too few steps for all.
func (p *Program) loadGroups(groups []group) bool {
	large := slices.Clone(groups) // the largest first, which takes longest
	slices.SortStableFunc(large, func(a, b group) int { return len(b) - len(a) })
	loaded := make([][]*loading, len(large))
	side(len(large), func(g int) {
		for _, i := range large[g] {
			if m := p.Modules[i]; m.state == unread {
				loaded[g] = append(loaded[g], p.loadAlone(m))
			}
		}
	})
	loads := slices.Concat(loaded...)
	side(len(loads), func(i int) { p.saw(nil, loads[i].trace) })
	slices.SortFunc(loads, func(a, b *loading) int { return a.module.number - b.module.number })
	if !p.afford(loads) {
		p.forget(groups)
		return false
	}
	for _, l := range loads {
		p.add(l, &p.loaded[l.module.number])
	}
	return true
}

// loadInOrder loads one module after the other.
func (p *Program) loadInOrder(groups []group) {
	order := slices.Concat(groups...)
	slices.Sort(order)
	for _, i := range order {
		if m := p.Modules[i]; m.state == unread {
			l := p.loadAlone(m)
			p.saw(nil, l.trace)
			p.add(l, &p.loaded[i])
		}
	}
}

// loadAlone loads a module and what it imports.
func (p *Program) loadAlone(m *Module) *loading {
	l := p.newLoading()
	l.module = m
	l.load(m)
	return l
}

// afford reports whether no loading would have gone otherwise had those before
// it taken their steps first.
func (p *Program) afford(loads []*loading) bool {
	left := p.budget
	for _, l := range loads {
		if l.need > left {
			return false
		}
		left -= l.taken
	}
	return true
}

// add takes what a loading found out.
func (p *Program) add(l *loading, to *part) {
	p.budget -= l.taken
	p.Cut = p.Cut || l.cut
	if to.trace == nil {
		to.trace = &Trace{}
	}
	to.trace.add(l.trace)
	to.routers = append(to.routers, l.routers...)
	maps.Copy(p.entered, l.entered)
	maps.Copy(p.configs, l.configs)
}

// forget takes back that modules were loaded.
func (p *Program) forget(groups []group) {
	for _, g := range groups {
		for _, i := range g {
			m := p.Modules[i]
			m.state, m.stars = unread, nil
			m.scope = newModuleScope(m)
		}
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

// groups parts the modules into groups of which none can import from another.
func (p *Program) groups() []group {
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
	var out []group
	at := map[int]int{}
	for i := range p.Modules {
		r := root(i)
		if _, ok := at[r]; !ok {
			at[r] = len(out)
			out = append(out, nil)
		}
		out[at[r]] = append(out[at[r]], i)
	}
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
	pysrc.Statements(m.File.Body, func(s pysrc.Stmt) bool {
		switch n := s.(type) {
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
	text := m.File.Source()
	if !slices.ContainsFunc(building, func(name string) bool { return strings.Contains(text, name) }) {
		return nil
	}
	var out []*pysrc.FuncDef
	pysrc.Statements(m.File.Body, func(s pysrc.Stmt) bool {
		if f, ok := s.(*pysrc.FuncDef); ok && builds(f) {
			out = append(out, f)
		}
		return true
	})
	return out
}
