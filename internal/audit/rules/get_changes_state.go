package rules

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

var getChangesState = Rule{"get-changes-state", func(c *Context) {
	for _, r := range c.model.routes {
		if r.Method != "GET" || !r.forgeable() && !c.model.libraryCookie(r) {
			continue
		}
		if n := r.name(); logoutWord.MatchString(n) || refreshWord.MatchString(n) || loginWord.MatchString(n) || strings.Contains(n, "callback") {
			continue
		}
		at, what := r.writes()
		if what == "" {
			continue
		}
		c.report(r.At, fmt.Sprintf("%s changes state (%s) and is authenticated by a cookie: SameSite=Lax lets a top-level GET from any site through.", r.label(), what),
			related(at, "the state changes here"))
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

var (
	sqlWrite  = regexp.MustCompile(`(?i)^\s*(INSERT|UPDATE|DELETE|REPLACE|MERGE|TRUNCATE)\b`)
	storeName = regexp.MustCompile(`(?i)(^|[._])(db|session|conn|connection|uow|database|cursor|sess|async_session|tx|transaction)$`)
)

// writes finds where a handler, and not what runs before it, changes state.
func (r *route) writes() (fastapi.Place, string) {
	for _, call := range r.Trace.Calls {
		if call.InDependency {
			continue
		}
		switch m := tail(call.Name); m {
		case "commit":
			if storeName.MatchString(call.Text) {
				return call.At, call.Text + ".commit()"
			}
		case "insert_one", "insert_many", "update_one", "update_many", "delete_one", "delete_many", "replace_one", "find_one_and_update", "find_one_and_delete", "find_one_and_replace", "bulk_write":
			return call.At, m
		case "execute":
			for _, a := range call.Args.Pos {
				if sqlWrite.MatchString(text(a)) {
					return call.At, "an SQL " + strings.ToUpper(strings.Fields(text(a))[0])
				}
				sql := false
				a.Each(func(x *fastapi.Value) {
					for _, e := range x.Elems {
						sql = sql || sqlWrite.MatchString(text(e))
					}
				})
				if sql {
					return call.At, "an SQL write"
				}
			}
		case "send_message", "sendmail", "send_email":
			return call.At, "mail is sent"
		}
	}
	return fastapi.Place{}, ""
}
