package guard_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/guard"
)

// An answer within a session may give a token for something else, such as the
// handshake of a WebSocket. It must not take the place of the session's.
func TestATokenForSomethingElseIsNoLogin(t *testing.T) {
	at := func(user string, in time.Duration) string {
		return sign(map[string]any{"sub": user, "exp": time.Now().Add(in).Unix(), "typ": "ws"})
	}
	for name, c := range map[string]struct {
		path, body string
		login      bool // it takes the session's place
	}{
		"a ticket of a minute":     {"/ws-token", `{"token":"` + at("alice", time.Minute) + `"}`, false},
		"it lives longer":          {"/switch", `{"token":"` + at("alice", 2*time.Hour) + `"}`, true},
		"it is another user's":     {"/impersonate", `{"token":"` + at("bob", time.Minute) + `"}`, true},
		"it is called access":      {"/switch", `{"access_token":"` + at("alice", time.Minute) + `"}`, true},
		"where users log in":       {"/v2/login", `{"token":"` + at("alice", time.Minute) + `"}`, true},
		"where tokens are renewed": {"/refresh", `{"token":"` + at("alice", time.Minute) + `"}`, true},
		"a refresh token with it":  {"/switch", `{"token":"` + at("alice", time.Minute) + `","refresh_token":"r"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			answer := func(s *site) {
				s.bank.mux.HandleFunc("POST "+c.path, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					fmt.Fprint(w, c.body)
				})
			}
			s := newSite(t)
			answer(s)
			b := s.login(t)
			serve(s, b.request("GET", "/page", ""))
			before := s.bank.last().Header.Get("Authorization")
			for range 2 {
				w := serve(s, b.request("POST", c.path, "{}"))
				if w.Code != 200 || hasJWT(w.Body.String()) {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
				if !c.login {
					continue
				}
				for _, k := range w.Result().Cookies() {
					b.cookie = k.Name + "=" + k.Value
				}
				serve(s, b.request("GET", "/page", ""))
				if after := s.bank.last().Header.Get("Authorization"); after == before || after == "" {
					t.Errorf("the session's token is %q as before", after)
				}
				return
			}
			serve(s, b.request("GET", "/page", ""))
			if after := s.bank.last().Header.Get("Authorization"); after != before {
				t.Errorf("the session's token was %s and is %s", before, after)
			}
			if w := serve(s, b.request("POST", "/transfer", "{}")); w.Code != 200 {
				t.Errorf("the tab's CSRF token: %d %s", w.Code, w.Body)
			}
			if n := strings.Count(s.log.String(), "login.bearer"); n != 1 {
				t.Errorf("the log says %d times what to do: %s", n, s.log)
			}
			s = newSite(t, func(cfg *guard.Config, _ *guard.Options) { cfg.Login.Bearer = []string{c.path} })
			answer(s)
			if w := serve(s, s.login(t).request("POST", c.path, "{}")); w.Body.String() != c.body {
				t.Errorf("with login.bearer: %s", w.Body)
			}
		})
	}
}
