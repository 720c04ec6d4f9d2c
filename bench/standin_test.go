package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const standInText = `{"paths":{
"/auth/login":{"post":{}},
"/a/boards":{"get":{},"post":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Board"}}}}}},
"/a/boards/{board_id}":{"get":{"parameters":[{"name":"board_id","schema":{"type":"string","format":"uuid"}}]},"put":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Board"}}}}},"delete":{}},
"/a/boards/{board_id}/cards":{"get":{},"post":{"requestBody":{"content":{"application/x-www-form-urlencoded":{"schema":{}}}}}},
"/a/boards/{board_id}/cards/{card_id}":{"delete":{}}},
"components":{"schemas":{"Board":{"required":["name"]}}}}`

// The stand-in is worth measuring against only if it keeps what is made,
// refuses who is not signed in, and knows no one else's things.
func TestStandInKeepsWhatIsMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "document.json")
	if err := os.WriteFile(file, []byte(standInText), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := newStandIn(file)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(session, method, path, kind, body string) (int, string, *http.Cookie) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		if session != "" {
			r.AddCookie(&http.Cookie{Name: "session", Value: session})
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		res := w.Result()
		text, _ := io.ReadAll(res.Body)
		for _, c := range res.Cookies() {
			return res.StatusCode, string(text), c
		}
		return res.StatusCode, string(text), nil
	}
	const js = "application/json"
	_, _, c := ask("", "POST", "/auth/login", js, `{"username":"alice","password":"alice-password-1"}`)
	_, _, other := ask("", "POST", "/auth/login", js, `{"username":"bob","password":"bob-password-2"}`)
	if c == nil || other == nil {
		t.Fatal("the login sets no cookie")
	}
	alice, bob := c.Value, other.Value
	board := "/a/boards/00000001-0000-4000-8000-000000000001"
	for _, tc := range []struct {
		session, method, path, kind, body string
		status                            int
		says                              string
	}{
		{"", "POST", "/a/boards", js, `{"name":"x"}`, 401, "Not authenticated"},
		{alice + "x", "GET", "/a/boards", "", "", 401, ""},
		{alice, "POST", "/a/boards", js, `{}`, 422, "field required"},
		{alice, "POST", "/a/boards", "text/plain", `{"name":"x"}`, 422, ""},
		{alice, "POST", "/a/boards", js, `{"name":"first"}`, 201, "first"},
		{alice, "GET", "/a/boards", "", "", 200, "first"},
		{bob, "GET", "/a/boards", "", "", 200, "[]"},
		{bob, "GET", board, "", "", 404, ""},
		{alice, "PUT", board, js, `{"name":"second"}`, 200, "second"},
		{alice, "POST", board + "/cards", "application/x-www-form-urlencoded", "title=t", 201, `"title":"t"`},
		{alice, "GET", board + "/cards", "", "", 200, `"title":"t"`},
		{alice, "DELETE", board, "", "", 204, ""},
		{alice, "GET", board, "", "", 404, ""},
		{alice, "DELETE", board + "/cards/102", "", "", 404, ""},
	} {
		status, text, _ := ask(tc.session, tc.method, tc.path, tc.kind, tc.body)
		if status != tc.status || !strings.Contains(text, tc.says) {
			t.Errorf("%s %s: %d %s, want %d %q", tc.method, tc.path, status, text, tc.status, tc.says)
		}
	}
}
