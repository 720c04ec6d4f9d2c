package rules

import (
	"fmt"

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
				if ref.Fn != nil && ref.Fn.Decl == sk.Fn.Decl && csrfHeader(ref) != nil && ref.At.Span.Start > sk.At.Span.Start {
					c.report(sk.At, fmt.Sprintf("A request with any %s header, even a made-up one, skips the CSRF check, while the cookie still authenticates it.", name),
						related(ref.At, "the check that is skipped"))
				}
			}
		}
	}
}}
