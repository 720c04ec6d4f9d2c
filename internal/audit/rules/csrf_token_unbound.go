package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

var signing = regexp.MustCompile(`(?i)hmac\.new|Serializer|signer|\.loads\(|unsign|jwt\.decode|session\[|session\.get`)

var csrfTokenUnbound = Rule{"csrf-token-unbound", func(c *Context) {
	if c.model.bearers && !c.takesCookies() {
		return // beside bearer tokens the check protects nothing, and is not needed
	}
	judged := map[fastapi.Place]bool{}
	c.eachRefusal(func(ref *fastapi.Refusal) {
		header := csrfHeader(ref)
		if header == nil || ref.Fn == nil || ref.Fn.Decl == nil {
			return
		}
		judged[ref.At] = true
		pair := false
		for _, op := range ref.Op {
			if op.Op != "==" && op.Op != "!=" && op.Op != "compare_digest" {
				continue
			}
			var cookie, sent bool
			for _, side := range op.Sides {
				for _, s := range side.AllSources() {
					cookie = cookie || s.Kind == fastapi.FromCookie && csrfName.MatchString(s.Name) && !strings.HasPrefix(s.Name, "__Host-")
					sent = sent || s.Kind == header.Kind && s.Name == header.Name
				}
			}
			pair = pair || cookie && sent
		}
		if !pair || signing.MatchString(ref.Fn.Module.File.Text(ref.Fn.Decl.Range())) {
			return
		}
		c.report(ref.At, unbound)
	})
	for _, call := range c.model.routeCalls() { // a check that no route meets is none
		if tail(call.Name) != "compare_digest" || len(call.Args.Pos) != 2 {
			continue
		}
		for i, a := range call.Args.Pos {
			cookie := slices.ContainsFunc(a.AllSources(), func(s *fastapi.Source) bool {
				return s.Kind == fastapi.FromCookie && csrfName.MatchString(s.Name) && !strings.HasPrefix(s.Name, "__Host-")
			})
			if cookie && csrfSent(call.Args.Pos[1-i].AllSources()) != nil && !inRefusal(call, judged) && !signing.MatchString(functionText(call)) {
				c.report(call.At, unbound)
			}
		}
	}
}}

// inRefusal reports whether a call stands in a condition that was judged.
func inRefusal(call *fastapi.Call, judged map[fastapi.Place]bool) bool {
	for at := range judged {
		if within(call.At, at) {
			return true
		}
	}
	return false
}

const unbound = "The CSRF token is compared with a cookie of its own and with nothing of the session: whoever can set a cookie from a sibling domain can supply both halves."
