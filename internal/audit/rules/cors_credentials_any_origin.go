package rules

import (
	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

var corsCredentialsAnyOrigin = Rule{"cors-credentials-any-origin", func(c *Context) {
	for _, p := range c.policies() {
		if !p.credentials {
			continue
		}
		if any, how := p.anyOrigin(); any {
			c.report(p.at, "CORS admits every origin ("+how+") with credentials: Starlette answers a request that has a Cookie with that request's own origin, so any site can read what the victim may read.")
			continue
		}
		if p.origins != nil {
			p.origins.Each(func(v *fastapi.Value) {
				for _, e := range v.Elems {
					if v.Kind == fastapi.List && text(e) == "null" {
						c.report(p.at, `CORS admits the origin "null" with credentials, which every sandboxed frame and data: page has.`)
					}
				}
			})
		}
	}
}}
