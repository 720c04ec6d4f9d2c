package rules

import (
	"fmt"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// A form of another site can submit what takes a form, or query parameters on
// POST; a JSON body it cannot send and have cookies set.
var loginForgeable = Rule{"login-forgeable", func(c *Context) {
	for _, r := range c.model.routes {
		if r.Method != "POST" && r.Method != "GET" || len(r.guards) > 0 || r.mustHeader != nil || len(r.credentials) > 0 {
			continue
		}
		if !loginWord.MatchString(r.name()) || refreshWord.MatchString(r.name()) || logoutWord.MatchString(r.name()) {
			continue
		}
		form := false
		for _, s := range r.Trace.Reads {
			form = form || s.Kind == fastapi.FromForm
		}
		if !form {
			continue
		}
		for _, k := range c.model.cookies {
			if k.deletes || !c.model.credNames[k.name] || !r.holds(k.call) {
				continue
			}
			c.report(r.At, fmt.Sprintf("%s takes a form and sets the cookie %q, which authenticates; a form on another site can log the victim in as the attacker, whatever SameSite says.", r.label(), k.name),
				related(k.call.At, "the cookie is set here"))
			break
		}
	}
}}

// holds reports whether the route makes that call.
func (r *route) holds(call *fastapi.Call) bool {
	for _, x := range r.Trace.Calls {
		if x == call {
			return true
		}
	}
	return false
}
