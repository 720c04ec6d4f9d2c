package scan_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan"
)

// open is an API that anyone may join, and that knows nobody at first.
type open struct {
	mu     sync.Mutex
	people map[string]string
	notes  map[string][]string
}

const openDocument = `{"openapi":"3.1.0","info":{"title":"Open","version":"1"},"paths":{
 "/register":{"post":{"requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["email","password","full_name"],
   "properties":{"email":{"type":"string","format":"email"},"password":{"type":"string","minLength":8},"full_name":{"type":"string"}}}}}},"responses":{"201":{"description":""}}}},
 "/login":{"post":{"requestBody":{"required":true,"content":{"application/x-www-form-urlencoded":{"schema":{"type":"object","required":["username","password"],
   "properties":{"username":{"type":"string"},"password":{"type":"string"}}}}}},"responses":{"200":{"description":""}}}},
 "/notes":{"get":{"responses":{"200":{"description":""}}},
  "post":{"requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}}}}},"responses":{"201":{"description":""}}}}}}`

func (o *open) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	say := func(status int, v any) { answer(w, status, v) }
	var in map[string]string
	switch r.Method + r.URL.Path {
	case "GET/openapi.json":
		_, _ = io.WriteString(w, openDocument)
		return
	case "POST/register":
		if json.NewDecoder(r.Body).Decode(&in) != nil || !strings.Contains(in["email"], "@") || len(in["password"]) < 8 || o.people[in["email"]] != "" {
			say(422, map[string]any{"detail": []any{map[string]any{"loc": []string{"body", "email"}, "msg": "already registered", "type": "value_error"}}})
			return
		}
		o.people[in["email"]] = in["password"]
		say(201, map[string]any{"email": in["email"]})
		return
	case "POST/login":
		if name := r.PostFormValue("username"); o.people[name] != "" && o.people[name] == r.PostFormValue("password") {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "session-of-" + name, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode})
			say(200, map[string]any{"ok": true})
			return
		}
		say(401, map[string]any{"detail": "wrong"})
		return
	}
	c, err := r.Cookie("session")
	if err != nil || o.people[strings.TrimPrefix(c.Value, "session-of-")] == "" {
		say(401, map[string]any{"detail": "Not authenticated"})
		return
	}
	switch r.Method + r.URL.Path {
	case "GET/notes":
		say(200, o.notes[c.Value])
	case "POST/notes":
		if ct := r.Header.Get("Content-Type"); ct != "" && ct != "application/json" || json.NewDecoder(r.Body).Decode(&in) != nil || in["text"] == "" {
			say(422, map[string]any{"detail": "body"})
			return
		}
		o.notes[c.Value] = append(o.notes[c.Value], in["text"])
		say(201, map[string]any{"text": in["text"]})
	default:
		say(404, map[string]any{"detail": "Not Found"})
	}
}

func TestTheScanRegistersWhereAnyoneMay(t *testing.T) {
	api := &open{people: map[string]string{}, notes: map[string][]string{}}
	r := run(t, scan.Config{Target: serve(t, api)})
	if find(r, "forgeable-operation", "POST /notes") == nil {
		t.Errorf("the forgery was not found among:\n%s", list(r))
	}
	if !strings.Contains(strings.Join(r.Notes, " "), "the scan registered") || len(api.people) < 2 {
		t.Errorf("%d accounts, and the notes are %q", len(api.people), r.Notes)
	}
	for _, password := range api.people {
		noSecrets(t, r, password, "session-of-")
	}
}

func TestTheScanRegistersNobodyUnasked(t *testing.T) {
	for name, cfg := range map[string]scan.Config{
		"read-only": {ReadOnly: true},
		"excluded":  {Exclude: []string{"POST /register"}},
	} {
		api := &open{people: map[string]string{}, notes: map[string][]string{}}
		cfg.Target, cfg.Browser = serve(t, api), "off"
		r, err := scan.Run(t.Context(), cfg)
		if err == nil || r == nil || len(api.people) != 0 {
			t.Errorf("%s: %v, %d accounts", name, err, len(api.people))
		}
	}
}
