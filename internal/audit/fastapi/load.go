package fastapi

import "github.com/d710e0ae/countersign/internal/audit/pysrc"

// load runs a module's top, once.
func (p *Program) load(m *Module) {
	if m.state != unread {
		return
	}
	m.state = running
	in := &interp{prog: p, trace: p.Top, steps: p.allow(stepsTop), deps: map[pysrc.Node]*Value{}}
	in.request = in.newRequest("", "")
	in.stack = []*frame{{scope: m.scope}}
	before := in.steps
	in.block(m.File.Body)
	p.budget -= before - in.steps
	m.state = done
	for k, v := range m.scope.vars {
		if w := settle(v); w != v {
			m.scope.vars[k] = w
		}
	}
}

// run reads the program: modules first, then what builds an application
// without being called, then every route, then the functions that are left.
func (p *Program) run() {
	for _, m := range p.Modules {
		p.load(m)
	}
	for _, m := range p.Modules {
		pysrc.InspectAll(m.File.Body, func(n pysrc.Node) bool {
			f, ok := n.(*pysrc.FuncDef)
			if ok && !p.entered[f] && builds(f) {
				p.enterAlone(m, f, p.Top)
			}
			return true
		})
	}
	p.resolveRoutes()
	for _, r := range p.Routes {
		p.runRoute(r)
	}
	known := concerns()
	for _, m := range p.Modules {
		if concerned(m, known) {
			p.enterRest(m, m.scope)
		}
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

// enterAlone runs a function by itself, with nothing known of its arguments.
func (p *Program) enterAlone(m *Module, f *pysrc.FuncDef, t *Trace) {
	fn := &Function{Decl: f, Module: m, scope: m.scope}
	p.alone(fn, t)
}

func (p *Program) alone(fn *Function, t *Trace) {
	in := &interp{prog: p, trace: t, steps: p.allow(stepsRoute), deps: map[pysrc.Node]*Value{}}
	in.request = in.newRequest("", "")
	in.stack = []*frame{{scope: fn.Module.scope}}
	before := in.steps
	in.callRequest(fn, nil)
	p.budget -= before - in.steps
}

// enterRest runs the functions and methods of a scope that nothing reached.
func (p *Program) enterRest(m *Module, s *scope) {
	pysrc.InspectAll(m.File.Body, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.FuncDef:
			if !p.entered[n] {
				p.enterAlone(m, n, p.Rest)
			}
		case *pysrc.ClassDef:
			v := s.vars[n.Name]
			if v == nil || v.Kind != ClassKind || v.Class.Decl != n {
				return true
			}
			for _, mv := range sortedValues(v.Class.scope.vars) {
				if mv.Kind == Func && mv.Fn.Decl != nil && !p.entered[mv.Fn.Decl] {
					fn := *mv.Fn
					in := &interp{prog: p, trace: p.Rest, steps: p.allow(stepsRoute), deps: map[pysrc.Node]*Value{}}
					in.request = in.newRequest("", "")
					in.stack = []*frame{{scope: m.scope}}
					if mv.Method != "static" {
						fn.Self = in.instance(v.Class)
					}
					before := in.steps
					in.callRequest(&fn, nil)
					p.budget -= before - in.steps
				}
			}
		}
		return true
	})
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
