package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

var logoutForgeable = Rule{"logout-forgeable", func(c *Context) {
	for _, r := range c.model.routes {
		if !r.is.logout || len(r.guards) > 0 || r.mustHeader != nil {
			continue
		}
		const message = "%s ends the session of whoever's browser sends it, and nothing checks where the request was made."
		if !r.ended.IsZero() && r.forgeable() {
			c.report(r.At, fmt.Sprintf(message, r.label()), related(r.ended, "the session ends here"))
		}
		for _, call := range r.Trace.Calls {
			name := ""
			switch tail(call.Name) {
			case "delete_cookie", "unset_jwt_cookies", "unset_access_cookies", "unset_cookies":
				if v := call.Args.Get("key", 0); v != nil {
					name = fastapi.CookieName(v)
				}
			case "set_cookie":
				if k := c.model.setCookie(call); k.deletes {
					name = k.name
				} else {
					continue
				}
			case "clear":
				if call.Name != "request.session.clear" {
					continue
				}
				name = "session"
			case "pop", "__setitem__":
				if !c.model.forgets(call) {
					continue
				}
				name = "session"
			default:
				if f := c.model.meaningOf(call).frontend; !ends(call) && (f == nil || tail(call.Name) != f.Detach) {
					continue
				}
				c.report(r.At, fmt.Sprintf(message, r.label()),
					related(call.At, "the session of the cookie ends here"))
				continue
			}
			if passingName.MatchString(name) {
				continue
			}
			c.report(r.At, fmt.Sprintf(message, r.label()),
				related(call.At, "the cookie is removed here"))
			break
		}
	}
	c.loginRouters(func(call *fastapi.Call, library string) {
		c.report(call.At, "The logout that "+library+" makes here ends the session of whoever's browser sends it, and nothing checks where the request was made.")
	})
}}

// forgets reports whether a call takes out of the session who is logged in.
func (m *model) forgets(call *fastapi.Call) bool {
	switch call.Name {
	case "request.session.pop":
	case "request.session.__setitem__":
		if len(call.Args.Pos) < 2 || call.Args.Pos[1].Kind != fastapi.None {
			return false
		}
	default:
		return false
	}
	key := text(call.Args.Get("", 0))
	return m.sessionKeys[key] || credentialName.MatchString(key) && !passingName.MatchString(key)
}

// endsBy reports whether what a logout calls ends the session on whose cookie it
// runs, by the name of the helper that does it or of the library's method.
func endsBy(call *fastapi.Call) bool {
	if call.InDependency || call.Fn == nil {
		return false
	}
	if outWord.MatchString(tail(call.Name)) && !strings.HasPrefix(call.Name, "?") {
		return true
	}
	return slices.ContainsFunc(callNames(call)[:len(call.Chain)], func(name string) bool {
		return outWord.MatchString(name) || endWord.MatchString(name)
	})
}

// outWord are names of what ends a session, or begins to at an identity provider.
var outWord = regexp.MustCompile(`(?i)^_*a?(log|sign)_?out(_\w+)?$|^(terminate|destroy|end|revoke|invalidate)_\w*(session|token)s?$`)

var endWord = regexp.MustCompile(`(?i)^(a?delete|remove|revoke|destroy|invalidate|end|kill|drop|blacklist|blocklist)(_?(session|token|key|one|by_\w+))*$`)

// ends reports whether a call takes a session back on the server's side, by
// what a cookie says.
func ends(call *fastapi.Call) bool {
	if call.Aside || !endWord.MatchString(tail(call.Name)) {
		return false
	}
	return slices.ContainsFunc(call.Args.Pos, func(a *fastapi.Value) bool {
		return slices.ContainsFunc(a.AllSources(), func(s *fastapi.Source) bool {
			return s.Kind == fastapi.FromCookie && !passingName.MatchString(s.Name)
		})
	})
}
