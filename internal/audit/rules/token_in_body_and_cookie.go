package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

var bodyKey = regexp.MustCompile(`(?i)^(access|refresh|auth|id|session|bearer|user)?_?(token|jwt|cookie)$|^(access|refresh|bearer|sid|session)$|^(session|auth|api)_?(id|key)$`)

var tokenInBodyAndCookie = Rule{"token-in-body-and-cookie", func(c *Context) {
	reported := map[*pysrc.FuncDef]bool{}
	for _, r := range c.model.routes {
		for _, k := range c.model.cookiesOf(r) {
			if !k.token || k.value == nil || k.lib != nil {
				continue
			}
			if on, known := truth(k.httpOnly); !known || !on {
				continue
			}
			for _, ret := range r.Returns {
				key := handsOut(ret.Value, k.value, 0)
				if key == "" || c.model.apart(k.call, ret) {
					continue
				}
				at, other := answered(ret), related(k.call.At, "the cookie is set here")
				if helper := answeredBy(k.call, ret); helper != nil {
					// One helper makes the whole answer, for whichever route.
					if reported[helper] {
						continue
					}
					reported[helper] = true
					at, other = k.call.At, related(ret.At, r.label()+" answers with it")
				}
				c.report(at, fmt.Sprintf("%s sets the token in the HttpOnly cookie %q and hands the same token to script as %q: HttpOnly then protects nothing.", r.label(), k.name, key), other)
			}
		}
	}
}}

// answered returns where a handler makes its answer: where it returns it, or
// where it made a response that it fits out before.
func answered(ret fastapi.Return) fastapi.Place {
	v := ret.Value
	if v.Kind != fastapi.ObjectKind || !strings.HasPrefix(v.Object.Qual, "starlette.") || ret.Fn == nil || ret.Fn.Decl == nil {
		return ret.At
	}
	if at := v.Object.At; within(at, fastapi.Place{File: ret.At.File, Span: ret.Fn.Decl.Range()}) && at.Start().Line < ret.At.Start().Line {
		return at
	}
	return ret.At
}

// answeredBy returns the function in which a cookie is set, where a handler
// returns what that function makes; nil where the handler makes its answer
// itself.
func answeredBy(call *fastapi.Call, ret fastapi.Return) *pysrc.FuncDef {
	if call.Fn == nil || call.Fn.Decl == nil || ret.Fn == nil || call.Fn.Decl == ret.Fn.Decl || writtenToken.MatchString(ret.At.File.Text(ret.At.Span)) {
		return nil
	}
	if slices.ContainsFunc(call.Chain, func(p fastapi.Place) bool { return within(p, ret.At) }) {
		return call.Fn.Decl
	}
	return nil
}

// writtenToken matches a token that an answer names in so many words.
var writtenToken = regexp.MustCompile(`(?i)token["']\s*:|token\s*=[^=]`)

func within(p, outer fastapi.Place) bool {
	return p.File == outer.File && outer.Span.Start <= p.Span.Start && p.Span.End <= outer.Span.End
}

// apart reports whether a call stands in a branch that ends before a return
// of the same handler, so that no request meets both.
func (m *model) apart(call *fastapi.Call, ret fastapi.Return) bool {
	if ret.Fn == nil || ret.Fn.Decl == nil {
		return false
	}
	// Where in the handler the call is made, or the helper that makes it.
	at := call.At
	for _, p := range call.Chain {
		if within(p, fastapi.Place{File: ret.At.File, Span: ret.Fn.Decl.Range()}) {
			at = p
			break
		}
	}
	return m.neverBoth(at, ret.At, ret.Fn.Decl)
}

func truth(v *fastapi.Value) (on, known bool) {
	if v == nil {
		return false, true
	}
	return v.Truth()
}

// handsOut returns the key under which an answer holds the token.
func handsOut(v, token *fastapi.Value, depth int) string {
	if v == nil || depth > 4 {
		return ""
	}
	key := ""
	v.Each(func(x *fastapi.Value) {
		if key == "" && takenFrom(token, x) {
			key = "token"
		}
		check := func(name string, e *fastapi.Value) {
			switch {
			case key != "" || e == nil:
			case bodyKey.MatchString(name) && same(e, token):
				key = name
			default:
				key = handsOut(e, token, depth+1)
			}
		}
		switch x.Kind {
		case fastapi.Unknown:
			if x.Call == nil || key != "" || !serializes.MatchString(tail(x.Call.Name)) {
				return
			}
			for _, e := range append(x.Call.Args.Pos[:len(x.Call.Args.Pos):len(x.Call.Args.Pos)], x.Call.Recv) {
				if key == "" {
					key = handsOut(e, token, depth+1)
				}
			}
		case fastapi.Dict:
			for i, k := range x.Keys {
				if k != nil && k.Kind == fastapi.Str {
					check(k.Text, x.Elems[i])
				}
			}
		case fastapi.ObjectKind:
			for _, name := range sortedNames(x.Object.Args.Kw) {
				check(name, x.Object.Args.Kw[name])
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

// serializes matches what turns an object into the text of an answer.
var serializes = regexp.MustCompile(`^(model_dump_json|json|to_json|dumps|jsonable_encoder|encode)$`)

func sortedNames(m map[string]*fastapi.Value) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// takenFrom reports whether the token was taken out of v and left in it.
func takenFrom(token, v *fastapi.Value) bool {
	if v.Kind != fastapi.Unknown || v.Call == nil && v.Recv == nil && v.Of == nil {
		return false
	}
	found := false
	token.Each(func(t *fastapi.Value) {
		for _, from := range []*fastapi.Value{t.Of, getFrom(t)} {
			if from != nil && (from == v || from.Call != nil && from.Call == v.Call) {
				found = true
			}
		}
	})
	return found
}

// getFrom returns the receiver of the get that made v.
func getFrom(v *fastapi.Value) *fastapi.Value {
	if v.Call != nil && tail(v.Call.Name) == "get" {
		return v.Call.Recv
	}
	return nil
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
	for range 4 {
		if x.Call != nil || y.Call != nil || x.Recv == nil || y.Recv == nil || x.Method != y.Method {
			return false
		}
		if x, y = x.Recv, y.Recv; x == y || x.Call != nil && x.Call == y.Call || x.Object != nil && x.Object == y.Object {
			return true
		}
	}
	return false
}
