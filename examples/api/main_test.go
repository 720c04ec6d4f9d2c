package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const credentialsJSON = `{"Username": "alice", "Password": "wonderland"}`

// A client sends requests, with headers given as name and value in turn.
type client func(method, path, body string, headers ...string) *httptest.ResponseRecorder

func newClient(t *testing.T) client {
	h, err := newAPI([]byte(strings.Repeat("s", 32)), []byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	return func(method, path, body string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, ownOrigin+path, strings.NewReader(body))
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
}

func member(t *testing.T, w *httptest.ResponseRecorder, name string) string {
	t.Helper()
	var m map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || m[name] == "" {
		t.Fatalf("no %s: %d %s", name, w.Code, w.Body)
	}
	return m[name]
}

func TestPagesOfTheApplicationHoldASession(t *testing.T) {
	send := newClient(t)
	app := []string{"Origin", appOrigin, "Sec-Fetch-Site", "same-site"}
	with := func(headers ...string) []string { return append(app[:len(app):len(app)], headers...) }

	preflight := send("OPTIONS", "/payments", "", "Origin", appOrigin, "Access-Control-Request-Method", "POST",
		"Access-Control-Request-Headers", "content-type,idempotency-key,x-csrf-token")
	if preflight.Code != http.StatusNoContent || preflight.Header().Get("Access-Control-Allow-Credentials") != "true" {
		t.Fatalf("the preflight: %d %v", preflight.Code, preflight.Header())
	}
	login := send("POST", "/login", credentialsJSON, app...)
	if len(login.Result().Cookies()) != 1 {
		t.Fatalf("the login: %d %s", login.Code, login.Body)
	}
	cookie := login.Result().Cookies()[0].String()
	cookie, _, _ = strings.Cut(cookie, ";")
	member(t, login, "csrf_token")
	token := member(t, send("GET", "/csrf", "", with("Cookie", cookie)...), "csrf_token") // as after a reload

	pay := func(headers ...string) *httptest.ResponseRecorder {
		return send("POST", "/payments", `{"amount": 5}`, append(headers, "Cookie", cookie, "Idempotency-Key", `"one"`)...)
	}
	first := member(t, pay(with("X-CSRF-Token", token)...), "receipt")
	if again := member(t, pay(with("X-CSRF-Token", token)...), "receipt"); again != first {
		t.Error("a repetition paid twice")
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"no token":                       pay(app...),
		"a page of another origin":       pay("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "X-CSRF-Token", token),
		"it asks for the token":          send("GET", "/csrf", "", "Cookie", cookie, "Origin", "https://evil.example"),
		"no token, and another's scheme": pay(with("Authorization", "Basic YTpi")...),
	} {
		if w.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := pay(with("Authorization", "Bearer x")...); w.Code != http.StatusUnauthorized {
		t.Errorf("a junk token beside the cookie: %d", w.Code)
	}
}

func TestProgramsBearAToken(t *testing.T) {
	send := newClient(t)
	bearer := "Bearer " + member(t, send("POST", "/token", credentialsJSON), "access_token")
	if who := member(t, send("GET", "/me", "", "Authorization", bearer), "user"); who != "alice" {
		t.Errorf("the token is of %s", who)
	}
	first := member(t, send("POST", "/payments", "", "Authorization", bearer, "Idempotency-Key", `"one"`), "receipt")
	if again := member(t, send("POST", "/payments", "", "Authorization", bearer, "Idempotency-Key", `"one"`), "receipt"); again != first {
		t.Error("a repetition paid twice")
	}
	for name, c := range map[string]struct {
		w    *httptest.ResponseRecorder
		want int
	}{
		"no key":        {send("POST", "/payments", "", "Authorization", bearer), http.StatusBadRequest},
		"no token":      {send("POST", "/payments", "", "Idempotency-Key", `"two"`), http.StatusUnauthorized},
		"changed token": {send("GET", "/me", "", "Authorization", bearer[:len(bearer)-4]+"AAAA"), http.StatusUnauthorized},
	} {
		if c.w.Code != c.want {
			t.Errorf("%s: %d %s", name, c.w.Code, c.w.Body)
		}
	}
}
