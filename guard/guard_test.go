package guard_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestALoginHidesTheTokenAndTheSessionWorks(t *testing.T) {
	s := newSite(t)
	w := serve(s, request("POST", "/login", `{"username":"alice"}`))
	body := w.Body.String()
	if w.Code != 200 || strings.Contains(body, "access_token") || hasJWT(body) || !strings.Contains(body, `"csrf_token":"`) || !strings.Contains(body, `"user":{"name":"alice"}`) {
		t.Fatalf("login answered %d %s", w.Code, body)
	}
	var names []string
	for _, c := range w.Result().Cookies() {
		names = append(names, c.Name)
		if c.Name == "__Host-Http-session" && (!c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "") {
			t.Errorf("the session cookie is %v", c)
		}
	}
	if strings.Join(names, " ") != "theme __Host-Http-session" && strings.Join(names, " ") != "__Host-Http-session theme" {
		t.Errorf("cookies set: %v", names)
	}
	b := s.login(t)
	if w := serve(s, b.request("GET", "/me", "")); w.Code != 200 || w.Body.String() != `{"username":"alice"}` {
		t.Fatalf("GET /me: %d %s", w.Code, w.Body)
	}
	r := s.bank.last()
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer eyJ") || strings.Contains(r.Header.Get("Cookie"), "__Host") || !strings.Contains(r.Header.Get("Cookie"), "access_token=eyJ") {
		t.Errorf("the API got %v", r.Header)
	}
	if w := serve(s, b.request("POST", "/transfer", `{"to":"bob"}`)); w.Code != 200 || s.bank.transfers() != 1 {
		t.Fatalf("POST /transfer: %d %s", w.Code, w.Body)
	}
	w = serve(s, b.request("GET", "/.countersign/csrf", ""))
	if w.Code != 200 || !strings.Contains(w.Body.String(), "csrf_token") || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("csrf: %d %s", w.Code, w.Body)
	}
	if w := serve(s, b.request("GET", "/.countersign/session", "")); w.Code != 200 || !strings.Contains(w.Body.String(), `"user":"alice"`) {
		t.Fatalf("session: %d %s", w.Code, w.Body)
	}
	if w := serve(s, b.request("POST", "/.countersign/logout", "")); w.Code != 204 || w.Header().Get("Clear-Site-Data") == "" {
		t.Fatalf("logout: %d %s", w.Code, w.Body)
	}
	if w := serve(s, b.request("GET", "/me", "")); w.Code != 401 {
		t.Fatalf("after logout GET /me: %d", w.Code)
	}
	// The client script asks before each login: that is no refusal to look at.
	for _, path := range []string{"/.countersign/csrf", "/.countersign/session"} {
		if w := serve(s, request("GET", path, "")); w.Code != 401 || code(t, w) != "no-session" || strings.Contains(s.log.String(), "no-session") {
			t.Errorf("%s: %d %s", path, w.Code, s.log)
		}
	}
	if serve(s, request("GET", "/.countersign/csrf", "", "Origin", "https://evil.test")); !strings.Contains(s.log.String(), "cross-origin") {
		t.Error("a foreign page's question is not in the log")
	}
}
