package rules

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// A form of another site can submit what takes a form, or a body whose type the
// program does not look at: request.json() parses text/plain too. What FastAPI
// itself takes as JSON a form cannot send.
var loginForgeable = Rule{"login-forgeable", func(c *Context) {
	for _, r := range c.model.routes {
		if c.callbackForgeable(r) {
			continue
		}
		if r.Method != "POST" && r.Method != "GET" || len(r.guards) > 0 || r.answers || r.mustHeader != nil || r.asks {
			continue
		}
		if !r.is.login && !signUpWord.MatchString(r.name()) && (!r.is.entry || registerWord.MatchString(r.name())) || r.onlyRenews() || r.is.logout {
			continue
		}
		if !r.form {
			c.bodyForgeable(r)
			continue
		}
		if what, at, how := c.model.authenticatesBy(r); what != "" {
			c.report(r.At, fmt.Sprintf("%s takes a form, or a body of any type. %s, which it sets, authenticates; a form on another site can log the victim in as the attacker, whatever SameSite says.", r.label(), what),
				related(at, how))
		}
	}
	c.loginRouters(func(call *fastapi.Call, library string) {
		c.report(call.At, "The login that "+library+" makes here takes a form and sets a cookie, which authenticates; a form on another site can log the victim in as the attacker, whatever SameSite says.")
	})
}}

// bodyForgeable reports a login that takes JSON which a FastAPI parses that asks
// for no Content-Type: fetch sends a Blob of no type without a preflight. The
// answer to such a request sets no cookie but one with SameSite=None (RFC 6265bis,
// storage model).
func (c *Context) bodyForgeable(r *route) {
	if !c.LaxBodies || !r.json || r.Method != "POST" {
		return
	}
	for _, k := range c.model.cookiesOf(r) {
		if c.model.logsIn(k) && k.sameSiteOf() == "none" {
			c.report(r.At, fmt.Sprintf("%s takes JSON, which the FastAPI that is pinned here parses without a Content-Type too. %s, which it sets with SameSite=None, authenticates; a page of another site can log the victim in as the attacker.", r.label(), k.label()),
				related(k.call.At, "the cookie is set here"))
			return
		}
	}
}

// callbackForgeable reports the callback of an OAuth flow that takes the code of
// any link: RFC 6749, section 10.12, and RFC 9700, section 2.1, demand that it
// belongs to a flow which the same browser began.
func (c *Context) callbackForgeable(r *route) bool {
	if !r.anyFlow || len(r.guards) > 0 || r.answers || r.mustHeader != nil || r.is.logout || r.onlyRenews() {
		return false
	}
	what, at, how := c.model.begins(r)
	if what == "" {
		return false
	}
	c.report(r.At, fmt.Sprintf("%s takes an authorization code and asks for no state that this browser keeps. %s, which it sets, authenticates; a link with the attacker's code logs the victim in as the attacker, whatever SameSite says.", r.label(), what),
		related(at, how))
	return true
}

var (
	// entryWord are further names of routes that log someone in.
	entryWord = wordsOf("oauth -auth _auth /auth session otp 2fa mfa sso")
	// passwordWord are names of what a login asks for; in the query a form can
	// send it too.
	passwordWord = regexp.MustCompile(`(?i)passw|^pwd$|passcode|^pin$`)
	// signUpWord are names of routes that make an account; one that logs it in at
	// once is a login as good as any.
	signUpWord   = regexp.MustCompile(`(?i)regist(er|ration)|sign[-_]?up`)
	registerWord = regexp.MustCompile(`(?i)regist|sign[-_]?up|callback`)
)

// onlyRenews reports whether the route says that it renews what a login gave; a
// login may say what tokens it gives.
func (r *route) onlyRenews() bool {
	return refreshWord.MatchString(r.Path) || r.is.refresh && !loginWord.MatchString(r.Path)
}

// asksForCredential reports whether the route is for those who are logged in
// already. A login that looks who asks, to show it, and refuses no one for
// that is for everyone.
func (r *route) asksForCredential() bool {
	if len(r.credentials) == 0 || !r.is.login {
		return len(r.credentials) > 0
	}
	return r.asksWho()
}

// asksWho reports whether the route refuses whom no credential shows to be
// logged in.
func (r *route) asksWho() bool {
	return slices.ContainsFunc(r.credentials, func(s *fastapi.Source) bool {
		return s.Required || slices.ContainsFunc(r.Trace.Refusals, func(ref *fastapi.Refusal) bool {
			return !ref.Present && slices.ContainsFunc(ref.Sources, func(t *fastapi.Source) bool { return t.Kind == s.Kind && t.Name == s.Name })
		})
	})
}

// authenticatesBy returns what authenticates the browser from now on that the
// route answers, a cookie or what it keeps in the session, and where it sets it.
func (m *model) authenticatesBy(r *route) (what string, at fastapi.Place, how string) {
	for _, k := range m.cookiesOf(r) {
		if m.logsIn(k) {
			return k.label(), k.call.At, "the cookie is set here"
		}
	}
	if call, ok := m.entersSession(r); ok {
		return fmt.Sprintf("The session's %q", text(call.Args.Get("", 0))), call.At, "the session is written here"
	}
	return "", fastapi.Place{}, ""
}

// logsIn reports whether a cookie is one that authenticates who logged in. What
// every visitor is given, by middleware, is no login's own.
func (m *model) logsIn(k *cookie) bool {
	return !k.deletes && !m.forAnyone(k) && (m.credNames[k.name] || k.token && m.cookiesRead[k.name])
}

// entersSession returns the call by which a route writes into the session who is
// logged in. Where no route is seen to ask for what the session holds, a login
// that takes a password says it by the name of what it writes.
func (m *model) entersSession(r *route) (*fastapi.Call, bool) {
	believed := len(m.sessionKeys) == 0 && r.is.login && r.password && !r.is.logout
	for _, call := range r.Trace.Calls {
		if call.InDependency || call.Name != "request.session.__setitem__" {
			continue
		}
		if key := text(call.Args.Get("", 0)); m.sessionKeys[key] || believed && accountKey.MatchString(key) && !passingName.MatchString(key) {
			return call, true
		}
	}
	return nil, false
}

// forAnyone reports whether middleware or a dependency sets a cookie where it
// does so for others too than who logs in.
func (m *model) forAnyone(k *cookie) bool { return k.call.InDependency && m.anyVisitor[k.call.At] }

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
