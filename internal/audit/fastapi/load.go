package fastapi

import (
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// saw hands a trace to the witness.
func (p *Program) saw(r *Route, t *Trace) {
	if p.witness != nil {
		p.witness(r, t)
	}
}

// building are names that every function has in it which builds reports.
var building = []string{"FastAPI", "APIRouter", "include_router", "add_middleware", "add_api_route"}

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
				found = found || fn.Name != "APIRouter" && slices.Contains(building, fn.Name)
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
