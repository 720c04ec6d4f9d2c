package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

var csrfCheckSkippedByHeader = Rule{"csrf-check-skipped-by-header", func(c *Context) {
	for _, r := range c.model.routes {
		if len(r.credentials) == 0 {
			continue
		}
		for _, sk := range r.Trace.Skips {
			if sk.Fn == nil || len(sk.Sources) == 0 {
				continue
			}
			only := true
			var name string
			for _, s := range sk.Sources {
				if s.Kind != fastapi.FromHeader || csrfName.MatchString(s.Name) {
					only = false
				}
				name = s.Name
			}
			if !only || name != "authorization" && name != "x-api-key" && name != "x-requested-with" {
				continue
			}
			for _, ref := range r.Trace.Refusals {
				if skips(sk, ref) {
					c.report(sk.At, fmt.Sprintf("A request with any %s header, even a made-up one, skips the CSRF check, while the cookie still authenticates it.", name),
						related(ref.At, "the check that is skipped"))
				}
			}
		}
	}
}}

// skips reports whether a branch passes by a check: one after it in the same
// function, or one whose condition asks the branch's function first.
func skips(sk *fastapi.Skip, ref *fastapi.Refusal) bool {
	if ref.Fn == nil || ref.At.File == nil || sk.Fn.Decl == nil {
		return false
	}
	if ref.Fn.Decl == sk.Fn.Decl {
		return csrfHeader(ref) != nil && ref.At.Span.Start > sk.At.Span.Start
	}
	checks := slices.ContainsFunc(ref.Sources, func(s *fastapi.Source) bool { return s.Kind == fastapi.FromHeader && !ordinary[s.Name] })
	return checks && strings.Contains(ref.At.File.Text(ref.At.Span), sk.Fn.Name()+"(")
}
