package guard_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/guard"
)

// An opaqueBank knows its users by a random identifier in a cookie.
type opaqueBank struct {
	*site
	cookie string
	logins int
}

func newOpaqueBank(t *testing.T, cookie string, change ...func(*guard.Config, *guard.Options)) *opaqueBank {
	t.Helper()
	b := &opaqueBank{newSite(t, change...), cookie, 0}
	known := map[string]bool{}
	in := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if c, err := r.Cookie(cookie); err != nil || !known[c.Value] {
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			next(w, r)
		}
	}
	give := func(w http.ResponseWriter) {
		b.logins++
		id := fmt.Sprint("identifier-", b.logins)
		known[id] = true
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: id, Path: "/", HttpOnly: true})
	}
	b.bank.mux.HandleFunc("POST /api/login", func(w http.ResponseWriter, _ *http.Request) {
		give(w)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"message":"welcome"}`)
	})
	b.bank.mux.HandleFunc("POST /enter", func(w http.ResponseWriter, _ *http.Request) { give(w) })
	b.bank.mux.HandleFunc("/slide", in(func(w http.ResponseWriter, _ *http.Request) { give(w) }))
	b.bank.mux.HandleFunc("POST /pay", in(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "paid") }))
	b.bank.mux.HandleFunc("GET /order", in(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ordered") }))
	b.bank.mux.HandleFunc("GET /leave", in(func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: cookie, Path: "/", MaxAge: -1})
	}))
	return b
}

// An API that keeps its sessions itself is guarded like one with tokens.
func TestASessionOfTheAPIsOwn(t *testing.T) {
	for _, cookie := range []string{"SESSIONID", "session_id", "sessionId", "wss_session", "__Host-session", "connect.sid", "PHPSESSID", "auth", "fastapiusersauth"} {
		t.Run(cookie, func(t *testing.T) {
			s := newOpaqueBank(t, cookie)
			w := serve(s.bank.Config.Handler, request("POST", "/api/login", "{}"))
			bare := w.Result().Cookies()[0]
			foreign := []string{"Origin", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
			if w := serve(s.bank.Config.Handler, request("GET", "/order", "", append(foreign, "Cookie", bare.String())...)); w.Body.String() != "ordered" {
				t.Fatalf("control: a link orders nothing: %d %s", w.Code, w.Body)
			}
			w = serve(s, request("POST", "/api/login", "{}"))
			if set := fmt.Sprint(w.Header()["Set-Cookie"]); strings.Contains(set, "identifier") {
				t.Fatalf("the browser gets the API's session: %s", set)
			}
			b := browserOf(t, w)
			if w := serve(s, b.request("POST", "/pay", "{}")); w.Code != 200 {
				t.Errorf("the honest page: %d %s", w.Code, w.Body)
			}
			if w := serve(s, b.request("GET", "/order", "")); w.Code != 200 {
				t.Errorf("the honest page: %d %s", w.Code, w.Body)
			}
			if w := serve(s, b.request("POST", "/pay", "{}", "X-CSRF-Token", "")); w.Code != 403 || code(t, w) != "csrf-token-missing" {
				t.Errorf("without a token: %d %s", w.Code, w.Body)
			}
			for _, site := range []string{"cross-site", "same-site"} {
				foreign[3] = site
				if w := serve(s, b.request("GET", "/order", "", append(foreign, "X-CSRF-Token", "")...)); w.Code != 401 {
					t.Errorf("a link from elsewhere (%s): %d %s", site, w.Code, w.Body)
				}
			}
			serve(s, b.request("GET", "/leave", ""))
			if w := serve(s, b.request("GET", "/.countersign/session", "")); w.Code != 401 {
				t.Errorf("after the API took its cookie back: %d", w.Code)
			}
		})
	}
}

// A new identifier is a new login only where users log in.
func TestASlidingSessionOfTheAPIsOwn(t *testing.T) {
	s := newOpaqueBank(t, "sid")
	b := browserOf(t, serve(s, request("POST", "/api/login", "{}")))
	for _, method := range []string{"GET", "POST"} {
		if set := serve(s, b.request(method, "/slide", "")).Header()["Set-Cookie"]; len(set) > 0 {
			t.Errorf("%s: the browser got %q", method, set)
		}
		if w := serve(s, b.request("POST", "/pay", "{}")); w.Code != 200 {
			t.Errorf("%s: the tab's token: %d %s", method, w.Code, w.Body)
		}
	}
	if c, err := s.bank.last().Cookie("sid"); err != nil || c.Value != "identifier-3" {
		t.Errorf("the API got %v %v, not the newest", c, err)
	}
	again := browserOf(t, serve(s, b.request("POST", "/api/login", "{}")))
	if again.cookie == b.cookie {
		t.Error("the session's identifier outlived a login")
	}
	if w := serve(s, b.request("POST", "/pay", "{}")); w.Code != 401 && w.Code != 403 {
		t.Errorf("the session before the login: %d", w.Code)
	}
}

// Which other cookies log in, the configuration says; the log says that it
// could.
func TestACookieThatTheConfigurationNames(t *testing.T) {
	s := newOpaqueBank(t, "ident")
	for range 2 {
		if w := serve(s, request("POST", "/enter", "{}")); !strings.Contains(fmt.Sprint(w.Header()["Set-Cookie"]), "ident=") {
			t.Fatalf("control: %v", w.Header())
		}
	}
	if n := strings.Count(s.log.String(), `login.cookies`); n != 1 || !strings.Contains(s.log.String(), `"cookie":"ident"`) {
		t.Errorf("the log says %d times: %s", n, s.log)
	}
	s = newOpaqueBank(t, "ident", func(c *guard.Config, _ *guard.Options) { c.Login.Cookies = []string{"ident"} })
	w := serve(s, request("POST", "/enter", "{}"))
	if set := fmt.Sprint(w.Header()["Set-Cookie"]); strings.Contains(set, "ident") || !strings.Contains(set, "__Host-Http-session") {
		t.Errorf("%s", set)
	}
	// One that the browser has all the same was tossed by a sibling domain.
	tossed := func(h http.Handler) int {
		return serve(h, request("GET", "/order", "", "Cookie", "ident=identifier-1")).Code
	}
	if got := tossed(s.bank.Config.Handler); got != 200 {
		t.Fatalf("control: %d", got)
	}
	if got := tossed(s); got != 401 {
		t.Errorf("a cookie from elsewhere logged in: %d", got)
	}
	for _, bad := range []string{"a b", "", "__Host-Http-session"} {
		c := configFor("http://127.0.0.1:1")
		c.Login.Cookies = []string{bad}
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), "login.cookies[0]") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The API's CSRF token in the answer of such a login is kept, and the page
// gets the guard's under its name, once.
func TestAnAnswerWithACSRFTokenAndASessionCookie(t *testing.T) {
	s := doubleSubmit(t, "X-CSRF-Token")
	s.bank.mux.HandleFunc("POST /api/login", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session_id", Value: "identifier", Path: "/", HttpOnly: true})
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"message":"welcome","csrf_token":"abc"}`)
	})
	s.bank.mux.HandleFunc("POST /fresh", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"csrf_token":"abc"}`)
	})
	w := serve(s, request("POST", "/api/login", "{}"))
	if n := strings.Count(w.Body.String(), "csrf_token"); n != 1 || strings.Contains(w.Body.String(), "abc") {
		t.Fatalf("%s", w.Body)
	}
	b := browserOf(t, w)
	b.cookie += "; bank_csrf=abc"
	serve(s, b.request("POST", "/page", "{}"))
	if got := s.bank.last().Header["X-Csrf-Token"]; len(got) != 1 || got[0] != "abc" {
		t.Errorf("the API got %q", got)
	}
	if w := serve(s, b.request("POST", "/fresh", "{}")); w.Body.String() != `{"csrf_token":"abc"}` {
		t.Errorf("an answer that is no login: %s", w.Body)
	}
}
