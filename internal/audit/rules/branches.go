package rules

import (
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// A fork is an if of a function, as far as it says which of the function's
// places one request can meet.
type fork struct{ then, other block }

// A block is where the statements of a branch stand; the zero block has none.
type block struct {
	pysrc.Span
	leaves bool // the last of them returns or raises
}

// knowForks notes the forks of a function, whose syntax is gone when the rules
// run.
func (m *model) knowForks(fn *fastapi.Function) {
	if fn == nil || fn.Decl == nil {
		return
	}
	m.mu.RLock()
	_, known := m.forks[fn.Decl]
	m.mu.RUnlock()
	if known {
		return
	}
	var out []fork
	pysrc.InspectAll(fn.Decl.Body, func(n pysrc.Node) bool {
		if s, ok := n.(*pysrc.If); ok {
			out = append(out, fork{blockOf(s.Body), blockOf(s.Else)})
		}
		return true
	})
	m.mu.Lock()
	m.forks[fn.Decl] = out
	m.mu.Unlock()
}

func blockOf(body []pysrc.Stmt) block {
	if len(body) == 0 {
		return block{}
	}
	last := body[len(body)-1]
	b := block{Span: pysrc.Span{Start: body[0].Range().Start, End: last.Range().End}}
	switch last.(type) {
	case *pysrc.Return, *pysrc.Raise:
		b.leaves = true
	}
	return b
}

func (b block) holds(p fastapi.Place) bool {
	return b != block{} && b.Start <= p.Span.Start && p.Span.End <= b.End
}

// neverBoth reports whether the first of two places of a function stands in a
// branch that ends before the second, or each in another branch of one if, so
// that no request meets both.
func (m *model) neverBoth(at, then fastapi.Place, in *pysrc.FuncDef) bool {
	return slices.ContainsFunc(m.forks[in], func(f fork) bool {
		for _, b := range []block{f.then, f.other} {
			if b.leaves && b.holds(at) && !b.holds(then) {
				return true
			}
		}
		return f.then.holds(at) && f.other.holds(then) || f.other.holds(at) && f.then.holds(then)
	})
}
