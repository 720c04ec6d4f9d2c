package rules

import (
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// A libraryCookie is a library's own authentication by cookie, as configured.
type libraryCookie struct {
	library   string
	on        fastapi.Place // what turns cookies on
	at        fastapi.Place // that, or what turns the check off
	why       string
	protected bool
	sameSite  string
	headers   bool          // the library takes the token from a header as well
	readers   []*route      // whose token the library reads
	routes    []*route      // those of them that can be forged where it checks nothing
	accounts  fastapi.Place // where the library makes such routes itself
}

// reads notes the routes whose token the library reads.
func (x *libraryCookie) reads(routes []*route, does func(*route) bool) {
	for _, r := range routes {
		if !does(r) {
			continue
		}
		x.readers = append(x.readers, r)
		if r.unsafe() && r.mustHeader == nil && len(r.guards) == 0 {
			x.routes = append(x.routes, r)
		}
	}
}

// libraryCookies finds fastapi-users transports, fastapi-login managers and
// the configurations of fastapi-jwt-auth, its forks and AuthX.
func (m *model) findLibraryCookies(c *Context) []libraryCookie {
	var out []libraryCookie
	for _, k := range m.cookies {
		if k.lib != nil && k.lib.Class == "CookieTransport" {
			x := libraryCookie{library: "fastapi-users", on: k.call.At, at: k.call.At, why: "none", sameSite: k.sameSiteOf()}
			x.reads(m.routes, func(r *route) bool { return r.depends("current_user") })
			x.accounts = m.changesAccounts(k.call.At)
			out = append(out, x)
		}
	}
	for _, call := range m.calls {
		if call.Name != "fastapi_login.LoginManager" {
			continue
		}
		if v := call.Args.Get("use_cookie", 3); v == nil || off(v, false) {
			continue
		}
		x := libraryCookie{library: "fastapi-login", on: call.At, at: call.At, why: "none", sameSite: "lax"}
		if v := call.Args.Get("use_header", 4); v == nil || !off(v, true) {
			x.headers = true
		}
		x.reads(m.routes, func(r *route) bool { return r.depends("LoginManager") })
		out = append(out, x)
	}
	for _, cfg := range m.configs {
		if !cfg.cookies {
			continue
		}
		x := libraryCookie{library: cfg.library, on: cfg.locationAt, at: cfg.locationAt, protected: cfg.csrf, sameSite: cfg.sameSite, why: "turned off"}
		if !cfg.csrf && !cfg.csrfAt.IsZero() {
			x.at = cfg.csrfAt
		}
		x.headers = cfg.headers
		x.reads(m.routes, func(r *route) bool { return r.calls(cfg.names...) })
		out = append(out, x)
	}
	return out
}

// changesAccounts returns where a library makes routes that change accounts, of
// whoever a credential tells that was made at a place; zero where it makes none,
// or where something is checked that may be in force for them too.
func (m *model) changesAccounts(credential fastapi.Place) fastapi.Place {
	if slices.ContainsFunc(m.routes, func(r *route) bool { return len(r.guards) > 0 }) {
		return fastapi.Place{}
	}
	for _, call := range m.calls {
		for _, l := range m.libs {
			for _, ar := range l.AccountRouters {
				if call.Name == ar.Call && call.Recv != nil && call.Recv.Kind == fastapi.ObjectKind && holds(call.Recv.Object.Args.Get(ar.Backends.Name, ar.Backends.Pos), credential, 0) {
					return call.At
				}
			}
		}
	}
	return fastapi.Place{}
}

// holds reports whether a value has in it, or was made with, an object that was
// made at a place.
func holds(v *fastapi.Value, at fastapi.Place, depth int) bool {
	if v == nil || depth > 4 {
		return false
	}
	found := false
	within := func(list ...*fastapi.Value) {
		found = found || slices.ContainsFunc(list, func(e *fastapi.Value) bool { return holds(e, at, depth+1) })
	}
	v.Each(func(x *fastapi.Value) {
		within(x.Elems...)
		if x.Kind != fastapi.ObjectKind {
			return
		}
		found = found || x.Object.At == at
		within(x.Object.Args.Pos...)
		for _, name := range sortedNames(x.Object.Args.Kw) {
			within(x.Object.Args.Kw[name])
		}
	})
	return found
}

// depends reports whether a dependency that a library made is in force.
func (r *route) depends(name string) bool {
	return slices.ContainsFunc(r.called, func(k *meaning) bool { return strings.HasPrefix(k.name, "depends:") && strings.Contains(k.name, name) })
}

func (r *route) calls(names ...string) bool {
	return slices.ContainsFunc(r.called, func(k *meaning) bool { return slices.Contains(names, strings.TrimPrefix(tail(k.name), "depends:")) })
}

// A config is the settings object of a library that keeps tokens itself.
type config struct {
	library            string
	names              []string
	cookies, csrf      bool
	headers            bool
	locationAt, csrfAt fastapi.Place
	sameSite           string
	secret             *fastapi.Value
	secure             *fastapi.Value
	secureDefault      bool
	sameSiteValue      *fastapi.Value
	cookieNames        []*fastapi.Value // as far as settings say them, of cookies that the library sets
}

func (m *model) findConfigs(c *Context) []config {
	var out []config
	for _, set := range c.Program.ConfigFields() {
		for _, l := range m.libs {
			if l.Config == nil || strings.HasSuffix(l.Name, "fastapi-jwt-auth") && l.Name != "fastapi-jwt-auth" {
				continue
			}
			k := l.Config
			loc := set[k.Location]
			if loc == nil && set[k.Secret] == nil {
				continue
			}
			x := config{library: l.Name, names: k.Dependencies, csrf: k.CSRFDefault, sameSite: k.SameSiteDefault, secret: set[k.Secret], secure: set[k.Secure], secureDefault: k.SecureDefault, sameSiteValue: set[k.SameSite]}
			if loc != nil {
				x.locationAt = loc.At
				for _, e := range loc.Elems {
					x.cookies = x.cookies || text(e) == "cookies"
					x.headers = x.headers || text(e) == "headers"
				}
				if text(loc) == "cookies" {
					x.cookies = true
				}
			}
			if v := set[k.CSRF]; v != nil {
				if t, known := v.Truth(); known {
					x.csrf, x.csrfAt = t, v.At
				}
			}
			for _, n := range []struct{ field, sets string }{{k.AccessName, "set_access_cookies"}, {k.RefreshName, "set_refresh_cookies"}} {
				if v := set[n.field]; v != nil && slices.ContainsFunc(m.calls, func(call *fastapi.Call) bool { return tail(call.Name) == n.sets }) {
					x.cookieNames = append(x.cookieNames, v)
				}
			}
			if v := set[k.SameSite]; v != nil {
				x.sameSite = strings.ToLower(text(v))
			}
			out = append(out, x)
		}
	}
	return out
}
