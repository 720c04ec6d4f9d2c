package scan_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan"
)

const askPaths = `"/notes/search":{"post":{"operationId":"search","responses":{"200":{"description":""}}}},
 "/auth/ws-token":{"post":{"operationId":"ticket","responses":{"200":{"description":""}}}},
 "/notes/seal":{"post":{"operationId":"seal","responses":{"200":{"description":""}}}},`

// A POST that is called a search, and moves nothing, changes no state; nor does
// one that answers with a signed token. The controls are a search that is kept,
// a token that is kept in a list, and a POST by another name.
func TestAPOSTThatOnlyAsksChangesNothing(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLXRlc3Q"
	for name, keeps := range map[string]bool{"keeps nothing": false, "keeps all": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &small{attributes: "SameSite=Lax"}
			n := 0
			s.page = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/openapi.json" {
					return answer(w, 200, json.RawMessage(strings.Replace(document, `"paths":{`, `"paths":{`+askPaths, 1)))
				}
				if k, err := r.Cookie("session"); r.URL.Path == "/login" || err != nil || k.Value != "0123456789abcdef" {
					return false
				}
				switch r.Method + " " + r.URL.Path {
				case "GET /me":
					return answer(w, 200, map[string]any{"username": "alice", "asked": n})
				case "POST /notes/search":
					if keeps {
						n++
					}
					return answer(w, 200, map[string]any{"notes": []any{}})
				case "POST /auth/ws-token":
					if keeps {
						return answer(w, 200, map[string]any{"token": jwt, "id": 7})
					}
					return answer(w, 200, map[string]any{"token": jwt, "token_type": "ws"})
				case "POST /notes/seal":
					return answer(w, 200, map[string]any{"ok": true})
				}
				return false
			}
			r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
			want := map[string]bool{"POST /notes/search": keeps, "POST /auth/ws-token": keeps, "POST /notes/seal": true}
			for _, o := range r.Operations {
				changes, asked := want[o.String()]
				if !asked {
					continue
				}
				if delete(want, o.String()); !o.Exercised || o.ChangesState != changes {
					t.Errorf("%s: exercised %v, changes state %v", o, o.Exercised, o.ChangesState)
				}
				if found := find(r, "forgeable-from-sibling", o.String()) != nil; found != changes {
					t.Errorf("%s: forgeable %v", o, found)
				}
			}
			if len(want) > 0 {
				t.Errorf("not in the report: %v", want)
			}
		})
	}
}

// An API that checks tokens lets its refresh pass without one: what that gives
// is the victim's own session. The control does the same under another name.
func TestARefreshThatAsksForNoTokenIgnoresNone(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/refresh": false, "/rename": true} {
		s := &small{attributes: "SameSite=Lax"}
		s.page = func(w http.ResponseWriter, r *http.Request) bool {
			switch r.URL.Path {
			case "/openapi.json":
				return answer(w, 200, json.RawMessage(strings.Replace(document, `"paths":{`, `"paths":{"`+path+`":{"post":{"responses":{"200":{"description":""}}}},`, 1)))
			case "/me":
				http.SetCookie(w, &http.Cookie{Name: "csrftoken", Value: "of-this-session", Path: "/"})
				return false
			case "/name":
				if r.Header.Get("X-CSRFToken") != "of-this-session" {
					return answer(w, 403, map[string]any{"detail": "CSRF"})
				}
				return false
			case path:
				if k, err := r.Cookie("session"); err != nil || k.Value != "0123456789abcdef" {
					return answer(w, 401, map[string]any{"detail": "Not authenticated"})
				}
				w.Header().Set("Set-Cookie", "session=0123456789abcdef; Path=/; HttpOnly; SameSite=Lax")
				return answer(w, 200, map[string]any{"ok": true})
			}
			return false
		}
		r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
		if got := find(r, "csrf-token-ignored", "POST "+path) != nil; got != want {
			t.Errorf("%s: reported %v, want %v; all:\n%s", path, got, want, list(r))
		}
		if find(r, "forgeable-from-sibling", "POST "+path) == nil {
			t.Errorf("%s: the forgery was not found", path)
		}
	}
}
