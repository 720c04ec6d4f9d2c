package fastapi

import (
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// An interp runs one thing: a module, a route, or a function by itself.
type interp struct {
	prog    *Program
	trace   *Trace
	spare   *Trace // see aside
	request *Value // of the route that runs, or one that is not known
	steps   int    // left before it gives up
	stack   []*frame
	deps    map[pysrc.Node]*Value // results of dependencies within one request
	inDeps  int
	run     *run     // nil while modules are loaded
	loading *loading // nil while routes and functions run by themselves
	verb    string   // of the route that runs, or ""
	path    string

	// What middleware keeps in the request, and what of it is looked at.
	keeps    []string
	looks    map[string]bool
	passages []passage
	handed   []*Source // what middleware wrote into the Authorization header

	wrapping *pysrc.FuncDef // around which a decorator's function runs

	handlers  []Handler   // of exceptions
	catchers  [][]catcher // of the try statements whose bodies run
	answering bool        // a handler runs
}

func (p *Program) newInterp(t *Trace, r *run) *interp {
	return &interp{prog: p, trace: t, run: r, deps: map[pysrc.Node]*Value{}}
}

// allow gives an interpreter its share of the steps that are left.
func (in *interp) allow(steps int) int {
	if in.run != nil {
		return in.run.allow(steps)
	}
	return in.loading.allow(steps)
}

// spend takes steps from what is left.
func (in *interp) spend(steps int) {
	if in.run != nil {
		in.run.taken += steps
	} else {
		in.loading.taken += steps
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
	ifs    int        // … of conditions, within one another
	passes []*Refusal // conditions on the way on which the function ends without refusing
	known  []*Refusal // … on a cookie, at any depth
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

// quiet evaluates again what was evaluated before, without telling.
func (in *interp) quiet(x pysrc.Expr) *Value {
	kept := in.trace
	in.trace = in.aside()
	v := in.eval(x)
	in.spare, in.trace = in.trace, kept
	return v
}

// aside returns an empty trace, of which nobody asks what is put into it: the
// one that was so used before.
func (in *interp) aside() *Trace {
	t := in.spare
	in.spare = nil // what is done meanwhile may need another
	if t == nil {
		return &Trace{}
	}
	*t = Trace{}
	return t
}
