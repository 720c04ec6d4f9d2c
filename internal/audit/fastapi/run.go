package fastapi

import (
	"maps"
	"runtime"
	"sync"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// A run is one thing that runs by itself once the modules are loaded: a route,
// or a function that no route reaches. It sees the program as its modules
// left it, and what it writes to that is its own until all runs of its kind
// have ended. So the order in which they run, and how many at once, makes no
// difference.
type run struct {
	share
	entered map[pysrc.Node]bool

	attrs map[*Object]map[string]*Value // written to objects of the program
	vars  map[*scope]map[string]*Value  // written to names of modules and the like
	made  map[*Object]bool              // objects of the program whose constructor ran

	configs map[*Class]Args // what objects that configure libraries were made of
}

// A share is what is taken of the steps of the program.
type share struct {
	left  int  // steps of the program that there are to take
	taken int  // of them
	need  int  // with fewer than these there would have been another outcome
	cut   bool // there were none left
}

// allow gives an interpreter its share of the steps that are left.
func (s *share) allow(steps int) int {
	s.need = max(s.need, s.taken+steps)
	if s.taken >= s.left {
		s.cut = true
		return 0
	}
	return min(steps, s.left-s.taken)
}

// A task is something to be run.
type task struct {
	// done reports, of a function, that something else entered it.
	done func() bool
	do   func(*run)
	// keep takes what the run found out.
	keep func()
}

// runAll runs tasks on as many processors as there are, and keeps what they
// find as if each had begun when the one before it had ended: a run whose
// function was entered meanwhile is dropped, and one that would have run out
// of steps runs again with what there is.
func (p *Program) runAll(tasks []task) {
	var (
		mu       sync.Mutex
		next     int // to be begun
		kept     int // tasks from the first that are kept or dropped
		runs     = make([]*run, len(tasks))
		finished = make([]bool, len(tasks))
	)
	keep := func(i int) {
		t, r := tasks[i], runs[i]
		if t.done != nil && t.done() {
			runs[i] = nil
			return
		}
		if r == nil || r.need > p.budget {
			r = &run{share: share{left: p.budget}}
			t.do(r)
			runs[i] = r
		}
		p.budget -= r.taken
		p.Cut = p.Cut || r.cut
		for n := range r.entered {
			p.entered[n] = true
		}
		r.entered = nil
		if t.keep != nil {
			t.keep()
		}
	}
	work := func() {
		mu.Lock()
		defer mu.Unlock()
		for next < len(tasks) {
			i := next
			next++
			if t := tasks[i]; (t.done == nil || !t.done()) && p.budget > 0 {
				r := &run{share: share{left: p.budget}}
				mu.Unlock()
				t.do(r)
				mu.Lock()
				runs[i] = r
			}
			finished[i] = true
			for kept < len(tasks) && finished[kept] {
				keep(kept)
				kept++
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(tasks)) {
		wg.Go(work)
	}
	wg.Wait()
	for _, r := range runs {
		if r == nil {
			continue
		}
		for o, attrs := range r.attrs {
			for k, v := range attrs {
				o.set(k, v)
			}
		}
		for o := range r.made {
			o.elsewhere = false
		}
		maps.Copy(p.configs, r.configs)
		for s, vars := range r.vars {
			for k, v := range vars {
				s.put(k, v)
			}
		}
	}
}

// enters notes that a function of the program is run.
func (in *interp) enters(f *pysrc.FuncDef) {
	switch {
	case in.answering: // nothing of that is kept
	case in.run == nil:
		in.loading.entered[f] = true
	case in.run.entered == nil:
		in.run.entered = map[pysrc.Node]bool{f: true}
	default:
		in.run.entered[f] = true
	}
}

// configured notes what an object that configures a library is made of.
func (in *interp) configured(c *Class, args Args) {
	switch {
	case in.run == nil:
		in.loading.configs[c] = args
	case in.run.configs == nil:
		in.run.configs = map[*Class]Args{c: args}
	default:
		in.run.configs[c] = args
	}
}

// set binds a name where the scope says that it belongs.
func (in *interp) set(s *scope, name string, v *Value) {
	if s.globals[name] {
		s = s.module.scope
	}
	in.write(s, name, v)
}

// write binds a name of that scope.
func (in *interp) write(s *scope, name string, v *Value) {
	if in.run == nil || s.run == in.run {
		s.put(name, v)
		return
	}
	if in.run.vars == nil {
		in.run.vars = map[*scope]map[string]*Value{}
	}
	if in.run.vars[s] == nil {
		in.run.vars[s] = map[string]*Value{}
	}
	in.run.vars[s][name] = v
}

// get returns a name of that scope alone.
func (in *interp) get(s *scope, name string) (*Value, bool) {
	if in.run != nil && s.run != in.run {
		if v, ok := in.run.vars[s][name]; ok {
			return v, true
		}
	}
	return s.get(name)
}

func (in *interp) has(s *scope, name string) bool {
	_, ok := in.get(s, name)
	return ok
}

// lookup finds a name as a function's body does.
func (in *interp) lookup(s *scope, name string) *Value {
	for first := true; s != nil; s, first = s.parent, false {
		if s.class && !first {
			continue // a method does not see its class's names
		}
		if v, ok := in.get(s, name); ok {
			return v
		}
	}
	return nil
}

// setAttr sets an attribute of an object.
func (in *interp) setAttr(o *Object, name string, v *Value) {
	if in.run == nil || o.run == in.run {
		o.set(name, v)
		return
	}
	if in.run.attrs == nil {
		in.run.attrs = map[*Object]map[string]*Value{}
	}
	if in.run.attrs[o] == nil {
		in.run.attrs[o] = map[string]*Value{}
	}
	in.run.attrs[o][name] = v
}

// getAttr returns an attribute that was set on an object, or nil.
func (in *interp) getAttr(o *Object, name string) *Value {
	if in.run != nil && o.run != in.run {
		if v, ok := in.run.attrs[o][name]; ok {
			return v
		}
	}
	if v, ok := o.Attrs[name]; ok {
		return v
	}
	if o.Qual == requestQual {
		return in.requestPart(o, name)
	}
	return nil
}

// constructs reports whether the constructor of an object that nothing here
// made is to run now: once.
func (in *interp) constructs(o *Object) bool {
	switch {
	case !o.elsewhere:
		return false
	case in.run == nil || o.run == in.run:
		o.elsewhere = false
		return true
	case in.run.made[o]:
		return false
	case in.run.made == nil:
		in.run.made = map[*Object]bool{}
	}
	in.run.made[o] = true
	return true
}
