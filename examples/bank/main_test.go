package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/csrf"
)

const origin = "http://localhost:8080"

func TestTheOwnPageTransfersOnceAndAForeignPageNever(t *testing.T) {
	h, err := newBank(origin, []byte(strings.Repeat("k", csrf.MinKey)))
	if err != nil {
		t.Fatal(err)
	}
	var cookie *http.Cookie
	send := func(method, path, from, token, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, origin+path, strings.NewReader(body))
		r.Header.Set("Origin", from)
		r.Header.Set("Idempotency-Key", `"one-and-the-same"`)
		if token != "" {
			r.Header.Set(csrf.DefaultHeader, token)
		}
		if cookie != nil {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	credentials := `{"Username": "alice", "Password": "wonderland"}`
	if w := send("POST", "/login", "https://evil.example", "", credentials); w.Code != http.StatusForbidden {
		t.Errorf("a foreign page's login is answered %d", w.Code)
	}
	w := send("POST", "/login", origin, "", credentials)
	if w.Code != http.StatusNoContent || len(w.Result().Cookies()) != 1 {
		t.Fatalf("the login is answered %d", w.Code)
	}
	cookie = w.Result().Cookies()[0]
	var given struct {
		Token string `json:"csrf_token"`
	}
	if err := json.Unmarshal(send("GET", "/csrf", origin, "", "").Body.Bytes(), &given); err != nil || given.Token == "" {
		t.Fatalf("no token: %v", err)
	}
	for _, c := range []struct {
		what, from, token string
		want              int
	}{
		{"a foreign page", "https://evil.example", "", http.StatusForbidden},
		{"a foreign page that knows the token", "https://evil.example", given.Token, http.StatusForbidden},
		{"the own page without the token", origin, "", http.StatusForbidden},
		{"the own page", origin, given.Token, http.StatusOK},
		{"its repetition", origin, given.Token, http.StatusOK},
	} {
		if w := send("POST", "/transfer", c.from, c.token, ""); w.Code != c.want {
			t.Errorf("%s: answered %d, want %d", c.what, w.Code, c.want)
		}
	}
	if got := strings.TrimSpace(send("GET", "/balance", origin, "", "").Body.String()); got != "90" {
		t.Errorf("the balance is %s, want 90: one transfer of 10", got)
	}
	if w := send("POST", "/logout", origin, given.Token, ""); w.Code != http.StatusNoContent {
		t.Errorf("the logout is answered %d", w.Code)
	}
	if w := send("GET", "/balance", origin, "", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("after it the balance is answered %d", w.Code)
	}
}
