package rules

import (
	"fmt"
	"slices"
)

var mixedCredentials = Rule{"mixed-credentials", func(c *Context) {
	for _, r := range c.model.routes {
		// Where a check stands before the cookie, it reaches no further than it
		// would alone; and what only reads has nothing to be reached.
		if r.header == nil || !r.forgeable() || !r.unsafe() {
			continue
		}
		for i, s := range r.credentials {
			if i > 0 && !slices.Contains(r.mixed, s.At) {
				continue
			}
			c.report(s.At, fmt.Sprintf("%s takes its token from the Authorization header or from %s: with the cookie, browsers reach what was built for headers.", r.label(), cookieName(s)),
				related(r.header.At, "the header is read here"), r.reached(r.label()))
		}
	}
	for _, x := range c.model.libraryCookies {
		if x.headers && len(x.routes) > 0 {
			c.report(x.on, fmt.Sprintf("%s takes its token from the Authorization header or from a cookie, by %s: with the cookie, browsers reach what was built for headers.", x.routes[0].label(), x.library),
				related(x.routes[0].At, x.routes[0].label()))
		}
	}
}}
