package rules

var corsAnyOrigin = Rule{"cors-any-origin", func(c *Context) {
	for _, p := range c.policies() {
		if any, how := p.anyOrigin(); any && !p.credentials {
			c.report(p.at, "CORS admits every origin ("+how+"), without credentials: only what needs no login can be read.")
		}
	}
}}
