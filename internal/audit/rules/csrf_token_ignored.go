package rules

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

var csrfTokenIgnored = Rule{"csrf-token-ignored", func(c *Context) {
	for _, r := range c.model.routes {
		judge := func(at fastapi.Place, sources []*fastapi.Source) {
			if csrfSent(sources) != nil && presenceFirst(at) {
				c.report(at, "The CSRF token is compared only where it was sent: a request that leaves it out passes.")
			}
		}
		for _, ref := range r.Trace.Refusals {
			judge(ref.At, ref.Sources)
		}
		for _, skip := range r.Trace.Skips { // a middleware that sends its answer by itself
			judge(skip.At, skip.Sources)
		}
	}
}}

func csrfHeader(ref *fastapi.Refusal) *fastapi.Source { return csrfSent(ref.Sources) }

// csrfSent returns the header or form field in which a CSRF token is sent.
func csrfSent(sources []*fastapi.Source) *fastapi.Source {
	for _, s := range sources {
		if (s.Kind == fastapi.FromHeader || s.Kind == fastapi.FromForm) && csrfName.MatchString(s.Name) {
			return s
		}
	}
	return nil
}

// presenceFirst reports whether a condition has the form "token and token !=
// expected", which no token fails.
func presenceFirst(at fastapi.Place) bool {
	if at.File == nil {
		return false
	}
	text := at.File.Text(at.Span)
	if !strings.Contains(text, "and") || !strings.Contains(text, "!=") { // most are not worth parsing
		return false
	}
	l, ok := pysrc.ParseExpr(text).(*pysrc.Logic)
	if !ok || l.Or || len(l.Xs) < 2 {
		return false
	}
	names := map[string]bool{}
	for _, x := range l.Xs {
		if n, ok := x.(*pysrc.Name); ok {
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
