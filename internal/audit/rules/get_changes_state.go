package rules

import (
	"fmt"
	"strings"
)

var getChangesState = Rule{"get-changes-state", func(c *Context) {
	for _, r := range c.model.routes {
		if r.Method != "GET" || !r.forgeable() && !c.model.libraryCookie(r) {
			continue
		}
		if r.is.logout || r.is.refresh || r.is.login || strings.Contains(r.name(), "callback") {
			continue
		}
		if r.bearsOwnToken() || r.calls("authorize_access_token", "fetch_token") {
			continue
		}
		if r.changes == "" {
			continue
		}
		c.report(r.At, fmt.Sprintf("%s changes state (%s) and is authenticated by a cookie: SameSite=Lax lets a top-level GET from any site through.", r.label(), r.changes),
			related(r.changeAt, "the state changes here"))
	}
}}

func (m *model) libraryCookie(r *route) bool {
	for _, x := range m.libraryCookies {
		if x.library == "fastapi-users" && r.depends("current_user") && r.mustHeader == nil {
			return true
		}
	}
	return false
}
