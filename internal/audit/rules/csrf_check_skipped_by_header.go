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
			if !byHeader(sk) {
				continue
			}
			name := sk.Sources[len(sk.Sources)-1].Name
			byType := name == "content-type" && formPasses(sk)
			if !byType && name != "authorization" && name != "x-api-key" && name != "x-requested-with" {
				continue
			}
			message := fmt.Sprintf("A request with any %s header, even a made-up one, skips the CSRF check, while the cookie still authenticates it.", name)
			if byType {
				message = "A Content-Type that any page can send skips the CSRF check, while the cookie still authenticates the request."
			}
			for _, ref := range r.Trace.Refusals {
				if skips(sk, ref) {
					c.report(sk.At, message,
						related(ref.At, "the check that is skipped"))
				}
			}
		}
	}
}}

// byHeader reports whether a branch looks at nothing but headers, none of which
// holds a CSRF token.
func byHeader(sk *fastapi.Skip) bool {
	return sk.Fn != nil && len(sk.Sources) > 0 && !slices.ContainsFunc(sk.Sources, func(s *fastapi.Source) bool {
		return s.Kind != fastapi.FromHeader || csrfName.MatchString(s.Name)
	})
}

// formTypes are the types of a body that a page can send to another site without
// asking it first (Fetch standard, CORS-safelisted request-headers).
var formTypes = []string{"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}

// formPasses reports whether a condition on the Content-Type alone holds for one
// of those types. What is put together of several conditions is not judged.
func formPasses(sk *fastapi.Skip) bool {
	if sk.At.File == nil {
		return false
	}
	test := sk.At.File.Text(sk.At.Span)
	if strings.Contains(test, " and ") || strings.Contains(test, " or ") {
		return false
	}
	types := slices.DeleteFunc(slices.Clone(sk.Texts), func(t string) bool { return t == "" || strings.EqualFold(t, "content-type") })
	if len(types) == 0 {
		return false
	}
	negated := strings.HasPrefix(test, "not ") || strings.Contains(test, " not in ") || strings.Contains(test, "!=")
	return slices.ContainsFunc(formTypes, func(form string) bool {
		named := slices.ContainsFunc(types, func(t string) bool { return strings.Contains(form, strings.ToLower(t)) })
		return named != negated
	})
}

// skips reports whether a branch passes by a check: one after it in the same
// function, or one whose condition asks the branch's function first.
func skips(sk *fastapi.Skip, ref *fastapi.Refusal) bool {
	if ref.Fn == nil || ref.At.File == nil || sk.Fn.Decl == nil {
		return false
	}
	if ref.Fn.Decl == sk.Fn.Decl {
		return csrfHeader(ref) != nil && ref.At.Span.Start > sk.At.Span.Start
	}
	return checksHeader(ref) && strings.Contains(ref.At.File.Text(ref.At.Span), sk.Fn.Name()+"(")
}

// checksHeader reports whether a refusal looks at a header that browsers do not
// send by themselves.
func checksHeader(ref *fastapi.Refusal) bool {
	return slices.ContainsFunc(ref.Sources, func(s *fastapi.Source) bool { return s.Kind == fastapi.FromHeader && !ordinary[s.Name] })
}
