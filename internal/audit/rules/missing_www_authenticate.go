package rules

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

var missingWWWAuthenticate = Rule{"missing-www-authenticate", func(c *Context) {
	judge := func(t *fastapi.Trace) {
		for _, x := range t.Raised {
			x.Value.Each(func(v *fastapi.Value) {
				if v.Kind != fastapi.ObjectKind || !strings.HasSuffix(v.Object.Qual, "HTTPException") || v.Object.Class != nil {
					return
				}
				if fastapi.Status(v) != 401 || v.Object.Args.Get("headers", 2) != nil || v.Object.Args.Open {
					return
				}
				c.report(x.At, "A 401 answer is sent without WWW-Authenticate, so clients cannot tell which scheme it wants (RFC 9110, section 11.6.1).")
			})
		}
	}
	judge(c.Program.Top)
	for _, r := range c.model.routes {
		judge(r.Trace)
	}
	judge(c.Program.Rest)
}}
