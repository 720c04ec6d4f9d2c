package rules

import (
	"regexp"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

var signing = regexp.MustCompile(`(?i)hmac\.new|Serializer|signer|\.loads\(|unsign|jwt\.decode|session`)

var csrfTokenUnbound = Rule{"csrf-token-unbound", func(c *Context) {
	c.eachRefusal(func(ref *fastapi.Refusal) {
		header := csrfHeader(ref)
		if header == nil || ref.Fn == nil || ref.Fn.Decl == nil {
			return
		}
		pair := false
		for _, op := range ref.Op {
			if op.Op != "==" && op.Op != "!=" && op.Op != "compare_digest" {
				continue
			}
			var cookie, sent bool
			for _, side := range op.Sides {
				for _, s := range side.AllSources() {
					cookie = cookie || s.Kind == fastapi.FromCookie && csrfName.MatchString(s.Name)
					sent = sent || s.Kind == header.Kind && s.Name == header.Name
				}
			}
			pair = pair || cookie && sent
		}
		if !pair || signing.MatchString(ref.Fn.Module.File.Text(ref.Fn.Decl.Range())) {
			return
		}
		c.report(ref.At, "The CSRF token is compared with a cookie of its own and with nothing of the session: whoever can set a cookie from a sibling domain can supply both halves.")
	})
}}
