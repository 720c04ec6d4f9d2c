package rules

import (
	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

var csrfTokenIgnored = Rule{"csrf-token-ignored", func(c *Context) {
	c.eachRefusal(func(ref *fastapi.Refusal) {
		if csrfHeader(ref) == nil || ref.At.File == nil {
			return
		}
		if presenceFirst(ref) {
			c.report(ref.At, "The CSRF token is compared only where it was sent: a request that leaves it out passes.")
		}
	})
}}

func csrfHeader(ref *fastapi.Refusal) *fastapi.Source {
	for _, s := range ref.Sources {
		if (s.Kind == fastapi.FromHeader || s.Kind == fastapi.FromForm) && csrfName.MatchString(s.Name) {
			return s
		}
	}
	return nil
}

// presenceFirst reports whether a condition has the form "token and token !=
// expected", which no token fails.
func presenceFirst(ref *fastapi.Refusal) bool {
	f := pysrc.Parse("", []byte(ref.At.File.Text(ref.At.Span)))
	if len(f.Body) != 1 {
		return false
	}
	e, ok := f.Body[0].(*pysrc.ExprStmt)
	if !ok {
		return false
	}
	l, ok := e.X.(*pysrc.Logic)
	if !ok || l.Or || len(l.Xs) < 2 {
		return false
	}
	names := map[string]bool{}
	for _, x := range l.Xs {
		if n, ok := x.(*pysrc.Name); ok && csrfName.MatchString(n.ID) {
			names[n.ID] = true
		}
	}
	for _, x := range l.Xs {
		cmp, ok := x.(*pysrc.Compare)
		if !ok || cmp.Ops[0] != "!=" {
			continue
		}
		for _, side := range cmp.Xs {
			if n, ok := side.(*pysrc.Name); ok && names[n.ID] {
				return true
			}
		}
	}
	return false
}

// eachRefusal visits the refusals of everything that runs.
func (c *Context) eachRefusal(visit func(*fastapi.Refusal)) {
	for _, r := range c.model.routes {
		for _, ref := range r.Trace.Refusals {
			visit(ref)
		}
	}
}
