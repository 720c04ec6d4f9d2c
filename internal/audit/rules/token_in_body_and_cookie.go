package rules

import (
	"fmt"
	"regexp"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

var bodyKey = regexp.MustCompile(`(?i)^(access_?|refresh_?|auth_?|id_?)?token$|^jwt$`)

var tokenInBodyAndCookie = Rule{"token-in-body-and-cookie", func(c *Context) {
	for _, r := range c.model.routes {
		for _, k := range c.model.cookies {
			if !k.token || k.value == nil || k.lib != nil || !r.holds(k.call) {
				continue
			}
			if on, known := truth(k.httpOnly); !known || !on {
				continue
			}
			for _, ret := range r.Returns {
				if key := handsOut(ret.Value, k.value, 0); key != "" {
					c.report(ret.At, fmt.Sprintf("%s sets the token in the HttpOnly cookie %q and hands the same token to script as %q: HttpOnly then protects nothing.", r.label(), k.name, key),
						related(k.call.At, "the cookie is set here"))
				}
			}
		}
	}
}}

func truth(v *fastapi.Value) (on, known bool) {
	if v == nil {
		return false, true
	}
	return v.Truth()
}

// handsOut returns the key under which an answer holds the token.
func handsOut(v, token *fastapi.Value, depth int) string {
	if v == nil || depth > 3 {
		return ""
	}
	key := ""
	v.Each(func(x *fastapi.Value) {
		check := func(name string, e *fastapi.Value) {
			if key == "" && bodyKey.MatchString(name) && same(e, token) {
				key = name
			}
		}
		switch x.Kind {
		case fastapi.Dict:
			for i, k := range x.Keys {
				if k != nil && k.Kind == fastapi.Str {
					check(k.Text, x.Elems[i])
				}
			}
		case fastapi.ObjectKind:
			for name, e := range x.Object.Args.Kw {
				check(name, e)
				if name == "content" && key == "" {
					key = handsOut(e, token, depth+1)
				}
			}
			for _, e := range x.Object.Args.Pos {
				if key == "" {
					key = handsOut(e, token, depth+1)
				}
			}
		}
	})
	return key
}

// same reports whether two values are one: the same call's result, or made of
// it.
func same(a, b *fastapi.Value) bool {
	if a == b {
		return true
	}
	found := false
	a.Each(func(x *fastapi.Value) {
		b.Each(func(y *fastapi.Value) {
			if x.Call != nil && x.Call == y.Call || attribute(x, y) {
				found = true
			}
			for _, e := range y.Elems { // "Bearer " + token
				if e == x || attribute(e, x) || e.Call != nil && e.Call == x.Call && y.Call == nil {
					found = true
				}
			}
		})
	})
	return found
}

// attribute reports whether both are the same attribute of one thing.
func attribute(x, y *fastapi.Value) bool {
	return x.Call == nil && y.Call == nil && x.Recv != nil && x.Recv == y.Recv && x.Method == y.Method
}
