package actor_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/secret"
)

// door is an application of pages: without a session all of it leads to the
// login, and one session may be ended by the next.
type door struct {
	sessions int  // begun so far
	script   bool // asks htmx to go to the login
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/enter" {
		d.sessions++
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "0123456789abcdef" + strconv.Itoa(d.sessions), Path: "/"})
		http.Redirect(w, r, "/home", http.StatusSeeOther)
		return
	}
	c, err := r.Cookie("session")
	switch {
	case err == nil && c.Value == "0123456789abcdef"+strconv.Itoa(d.sessions) && r.URL.Path != "/closed":
		w.WriteHeader(http.StatusOK)
	case d.script:
		w.Header().Set("HX-Redirect", "/enter")
	default:
		http.Redirect(w, r, "/enter", http.StatusTemporaryRedirect)
	}
}

func visitor(t *testing.T, h http.Handler) (*actor.Actor, *url.URL) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	base, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	cl := client.New(client.Config{Target: base, Timeout: 10 * time.Second})
	t.Cleanup(cl.Close)
	return &actor.Actor{Account: actor.Account{Name: "alice", Password: secret.New("wonderland-7")}, Client: cl, Base: base, Redactor: &secret.Redactor{},
		Routes: []actor.Route{{Method: http.MethodPost, Path: "/enter", Encoding: actor.Form, UserField: "username", PassField: "password"}},
		Page:   func(http.Header, string, *url.URL) {}}, base
}

func TestASessionThatEndedLeadsToTheLogin(t *testing.T) {
	for name, d := range map[string]*door{"by a redirect": {}, "by a field for htmx": {script: true}} {
		a, base := visitor(t, d)
		if _, err := a.Login(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		get := func(path string) *client.Response {
			t.Helper()
			at := *base
			at.Path = path
			res, err := a.Do(t.Context(), &client.Request{Method: http.MethodGet, URL: &at, Header: http.Header{}})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return res
		}
		if res := get("/things"); a.AtDoor(res) || a.Logins() != 1 {
			t.Errorf("%s: control: %d after %d logins", name, res.Status, a.Logins())
		}
		d.sessions++ // somebody logs in elsewhere
		if res := get("/things"); a.AtDoor(res) || a.Logins() != 2 {
			t.Errorf("%s: the session ended: %d after %d logins", name, res.Status, a.Logins())
		}
		for range 3 {
			if res := get("/closed"); !a.AtDoor(res) || a.Logins() != 3 {
				t.Errorf("%s: closed to this account: %d after %d logins", name, res.Status, a.Logins())
			}
		}
	}
}

func TestOnlyTheLoginIsTheDoor(t *testing.T) {
	a, base := visitor(t, http.NotFoundHandler())
	for location, want := range map[string]bool{
		"/enter": true, "/enter?next=/x": true, "/auth/login": true, "/sign-in": true,
		"/": false, "/things": false, "/logins/history": false, "": false, "https://example.com/login": false,
	} {
		res := &client.Response{Status: http.StatusFound, Header: http.Header{"Location": {location}}, Request: &client.Request{URL: base.JoinPath("x")}}
		if got := a.AtDoor(res); got != want {
			t.Errorf("%q: %v", location, got)
		}
	}
}
