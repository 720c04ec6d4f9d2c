package rules

import (
	"fmt"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/weakness"
)

var forgeableOperation = Rule{"forgeable-operation", func(c *Context) {
	c.libraryForgery()
	for _, r := range c.model.routes {
		if !r.unsafe() || !r.forgeable() {
			continue
		}
		for _, s := range r.credentials {
			same, by := c.model.sameSiteFor(s)
			f := c.report(s.At, forgeryMessage(r, s, same, by), r.reached(r.label()+" changes state on this cookie alone"))
			if f == nil {
				continue
			}
			if by != nil && len(f.Related) == 1 {
				f.Related = append(f.Related, related(by.call.At, "the cookie is set here"))
			}
			if same == "lax" || same == "strict" {
				f.Severity = weakness.Medium
			}
		}
	}
}}

func cookieName(s *fastapi.Source) string {
	switch {
	case s.Kind == fastapi.FromSession:
		return "the session cookie"
	case !settled(s.Name):
		return "a cookie"
	}
	return fmt.Sprintf("the cookie %q", s.Name)
}

func forgeryMessage(r *route, s *fastapi.Source, same string, by *cookie) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is authenticated by %s alone, and nothing in force for it checks a CSRF token, Origin, Fetch Metadata or a custom header. ", r.label(), cookieName(s))
	switch same {
	case "lax", "strict":
		how := "is " + strings.ToUpper(same[:1]) + same[1:]
		if by != nil && by.sameSite == nil {
			how += " by the framework's default"
		}
		fmt.Fprintf(&b, "SameSite %s; that does not stop a sibling subdomain or another port", how)
		if same == "lax" {
			b.WriteString(", nor a top-level GET")
		}
		b.WriteString(".")
	case "none":
		b.WriteString("SameSite=None sends the cookie along from every site.")
	case "":
		b.WriteString("The cookie is set without SameSite; browsers without a default of Lax, and Chromium for two minutes after it was set, send it along from every site.")
	default:
		b.WriteString("Where and with which SameSite the cookie is set does not show in this source.")
	}
	return b.String()
}

// libraryForgery judges libraries that read the cookie themselves.
func (c *Context) libraryForgery() {
	for _, x := range c.model.libraryCookies {
		if len(x.routes) == 0 && x.accounts.IsZero() || x.protected {
			continue
		}
		same, what := x.sameSite, "What "+x.library+" makes to change accounts"
		if len(x.routes) > 0 {
			what = x.routes[0].label()
		}
		msg := fmt.Sprintf("%s takes its token from a cookie by %s, whose protection against forgery is %s. ", what, x.library, x.why)
		if same == "lax" || same == "strict" {
			msg += "SameSite is " + same + "; that does not stop a sibling subdomain or another port."
		}
		if len(x.routes) == 0 {
			f := c.report(x.at, msg, related(x.accounts, "the routes are made here"))
			if f != nil && (same == "lax" || same == "strict") {
				f.Severity = weakness.Medium
			}
		}
		for _, r := range x.routes {
			f := c.report(x.at, msg, r.reached(r.label()+" changes state on this cookie alone"))
			if f != nil && (same == "lax" || same == "strict") {
				f.Severity = weakness.Medium
			}
		}
	}
}
