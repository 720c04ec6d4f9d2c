package rules

import (
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// loginRouters visits the calls by which a library makes a login and a logout
// whose credential is a cookie, where nothing checks requests for forgery.
func (c *Context) loginRouters(visit func(call *fastapi.Call, library string)) {
	if slices.ContainsFunc(c.model.routes, func(r *route) bool { return len(r.guards) > 0 }) {
		return // the check may be in force for the library's routes too
	}
	for _, call := range c.model.calls {
		for _, l := range c.model.libs {
			for _, lr := range l.LoginRouters {
				if call.Name == lr.Call && keepsIn(get(call, lr.Backend), lr.Cookie, 0) {
					visit(call, l.Name)
				}
			}
		}
	}
}

// keepsIn reports whether an object was made with one of a class of that name.
func keepsIn(v *fastapi.Value, class string, depth int) bool {
	if v == nil || depth > 2 {
		return false
	}
	found := false
	v.Each(func(x *fastapi.Value) {
		if x.Kind != fastapi.ObjectKind {
			return
		}
		found = found || tail(x.Object.Qual) == class
		for _, name := range sortedNames(x.Object.Args.Kw) {
			found = found || keepsIn(x.Object.Args.Kw[name], class, depth+1)
		}
		for _, a := range x.Object.Args.Pos {
			found = found || keepsIn(a, class, depth+1)
		}
	})
	return found
}
