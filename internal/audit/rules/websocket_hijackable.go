package rules

import "fmt"

var websocketHijackable = Rule{"websocket-hijackable", func(c *Context) {
	for _, r := range c.model.routes {
		if r.Method != "WEBSOCKET" || !r.forgeable() {
			continue
		}
		s := r.credentials[0]
		c.report(r.At, fmt.Sprintf("The WebSocket %s opens on %s alone and its Origin is not checked: CORS does not apply to the handshake, so a page of any origin that the cookie reaches can converse as the victim.", r.Path, cookieName(s)),
			related(s.At, "the cookie is read here"))
	}
}}
