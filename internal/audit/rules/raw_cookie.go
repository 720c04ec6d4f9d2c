package rules

import (
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// rawCookie reads a Set-Cookie header that the program writes by hand, as far
// as its literal text says; nil where the call is none.
func (m *model) rawCookie(call *fastapi.Call) *cookie {
	if !setsRaw(call) {
		return nil
	}
	literal := pieces(call.Args.Pos[1], 0)
	name, rest, ok := strings.Cut(literal, "=")
	if !ok || !strings.Contains(rest, ";") {
		return nil
	}
	lower := strings.ToLower(rest)
	flag := func(on bool) *fastapi.Value { return &fastapi.Value{Kind: fastapi.Bool, Bool: on} }
	k := &cookie{call: call, name: strings.TrimSpace(name), secure: flag(strings.Contains(lower, "secure")), httpOnly: flag(strings.Contains(lower, "httponly")),
		sameSite: &fastapi.Value{Kind: fastapi.None}, deletes: strings.Contains(lower, "max-age=0")}
	for _, v := range []string{"lax", "strict", "none"} {
		if strings.Contains(lower, "samesite="+v) {
			k.sameSite = &fastapi.Value{Kind: fastapi.Str, Text: v}
		}
	}
	k.token = !k.deletes && !passingName.MatchString(k.name) && (m.credNames[k.name] || credentialName.MatchString(k.name))
	return k
}

// pieces joins the literal parts of a text that was put together.
func pieces(v *fastapi.Value, depth int) string {
	if v == nil || depth > 8 {
		return ""
	}
	if v.Kind == fastapi.Str || len(v.Elems) == 0 {
		return v.Text
	}
	var b strings.Builder
	for _, e := range v.Elems {
		b.WriteString(pieces(e, depth+1))
	}
	return b.String()
}
