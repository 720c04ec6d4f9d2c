package actor

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// AtDoor reports whether an answer sends its caller to a login, as APIs with
// pages do where no session is: by a redirect, or, to htmx, by a field with
// which the script goes there (https://htmx.org/headers/hx-redirect/).
func (a *Actor) AtDoor(r *client.Response) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.atDoor(r)
}

func (a *Actor) atDoor(r *client.Response) bool {
	to := LeadsTo(r)
	if to == nil {
		return false
	}
	path := strings.TrimSuffix(to.Path, "/")
	base := strings.TrimSuffix(a.Base.Path, "/")
	is := func(o Route) bool {
		return path != "" && (path == strings.TrimSuffix(base+o.Path, "/") || o.Page != "" && path == strings.TrimSuffix(base+o.Page, "/"))
	}
	if slices.ContainsFunc(a.Routes, is) || a.route != nil && is(*a.route) {
		return true
	}
	last := strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])
	return slices.ContainsFunc([]string{"login", "log-in", "signin", "sign-in", "sign_in"}, func(w string) bool { return strings.Contains(last, w) })
}

// LeadsTo returns where an answer sends its caller, on the same target; nil
// where it does not.
func LeadsTo(r *client.Response) *url.URL {
	to := r.Header.Get("Hx-Redirect")
	if r.Status >= 300 && r.Status < 400 {
		to = r.Header.Get("Location")
	}
	loc, err := url.Parse(to)
	if to == "" || err != nil || r.Request == nil {
		return nil
	}
	next := r.Request.URL.ResolveReference(loc)
	if next.Host != r.Request.URL.Host {
		return nil
	}
	return next
}

// ended reports whether an answer says that there is no session: 401, or the
// way to the login. A logout sends there too, and takes the cookie away.
func (a *Actor) ended(r *client.Response) bool {
	switch {
	case r.Status == http.StatusUnauthorized:
		return true
	case a.creds.session() && slices.ContainsFunc(client.SetCookies(r), client.Cookie.Deleted):
		return false
	}
	return a.atDoor(r)
}
