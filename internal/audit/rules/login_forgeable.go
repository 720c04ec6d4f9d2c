package rules

import (
	"fmt"
	"regexp"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// A form of another site can submit what takes a form, or a body whose type the
// program does not look at: request.json() parses text/plain too. What FastAPI
// itself takes as JSON a form cannot send.
var loginForgeable = Rule{"login-forgeable", func(c *Context) {
	for _, r := range c.model.routes {
		if r.Method != "POST" && r.Method != "GET" || len(r.guards) > 0 || r.answers || r.mustHeader != nil || len(r.credentials) > 0 {
			continue
		}
		if !loginWord.MatchString(r.name()) && (!entryWord.MatchString(r.name()) || registerWord.MatchString(r.name())) || refreshWord.MatchString(r.name()) || logoutWord.MatchString(r.name()) {
			continue
		}
		form := false
		for _, s := range r.Trace.Reads {
			form = form || s.Kind == fastapi.FromForm || s.Kind == fastapi.FromBody && s.Name == "" && within(s.At, r.bodyOf())
		}
		if !form {
			continue
		}
		for _, k := range c.model.cookiesOf(r) {
			if k.deletes || !c.model.credNames[k.name] {
				continue
			}
			c.report(r.At, fmt.Sprintf("%s takes a form, or a body of any type. %s, which it sets, authenticates; a form on another site can log the victim in as the attacker, whatever SameSite says.", r.label(), k.label()),
				related(k.call.At, "the cookie is set here"))
			break
		}
	}
	c.loginRouters(func(call *fastapi.Call, library string) {
		c.report(call.At, "The login that "+library+" makes here takes a form and sets a cookie, which authenticates; a form on another site can log the victim in as the attacker, whatever SameSite says.")
	})
}}

var (
	// entryWord are further names of routes that log someone in.
	entryWord    = regexp.MustCompile(`(?i)oauth|[-_/]auth|session|otp|2fa|mfa|sso`)
	registerWord = regexp.MustCompile(`(?i)regist|sign[-_]?up|callback`)
)

// cookiesOf returns the cookies that the route sets.
func (m *model) cookiesOf(r *route) []*cookie {
	var out []*cookie
	for _, call := range r.Trace.Calls {
		out = append(out, m.cookiesBy[call]...)
	}
	return out
}

// bodyOf returns where the handler stands.
func (r *route) bodyOf() fastapi.Place {
	if r.Handler.Kind != fastapi.Func || r.Handler.Fn.Decl == nil {
		return fastapi.Place{}
	}
	return fastapi.Place{File: r.Handler.Fn.Module.File, Span: r.Handler.Fn.Decl.Range()}
}
