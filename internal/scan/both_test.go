package scan_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
)

const bothPaths = `"/blacklist":{"put":{"responses":{"204":{"description":""}}}},
 "/members/{member_id}/promote":{"post":{"parameters":[{"name":"member_id","in":"path","required":true,"schema":{"type":"integer"}}],"responses":{"204":{"description":""}}}},
 "/members":{"get":{"responses":{"200":{"description":""}}}},`

// both is an API of which one operation wants the cookie and the header
// together, and another works once.
func both(w http.ResponseWriter, r *http.Request, promoted *atomic.Bool) bool {
	if r.URL.Path == "/openapi.json" {
		return answer(w, 200, json.RawMessage(strings.Replace(document, `"paths":{`, `"paths":{`+bothPaths, 1)))
	}
	if r.URL.Path == "/login" {
		w.Header().Set("Set-Cookie", "session=0123456789abcdef; Path=/; HttpOnly; SameSite=Lax")
		return answer(w, 200, map[string]any{"access_token": "token-0123456789abcdef", "token_type": "bearer"})
	}
	c, err := r.Cookie("session")
	cookie, header := err == nil && c.Value == "0123456789abcdef", r.Header.Get("Authorization") == "Bearer token-0123456789abcdef"
	switch {
	case r.URL.Path == "/blacklist" && cookie && header:
		w.WriteHeader(204)
		return true
	case r.URL.Path == "/blacklist" && cookie:
		return answer(w, 500, map[string]any{"detail": "oops"})
	case r.URL.Path == "/blacklist":
		return answer(w, 403, map[string]any{"detail": "Not authenticated"})
	case !cookie && !header:
		return answer(w, 401, map[string]any{"detail": "Not authenticated"})
	case r.URL.Path == "/members":
		return answer(w, 200, []any{map[string]any{"id": 7, "role": "member"}})
	case r.URL.Path == "/members/7/promote" && !promoted.Swap(true):
		w.WriteHeader(204)
		return true
	case strings.HasPrefix(r.URL.Path, "/members/"):
		return answer(w, 403, map[string]any{"detail": "no member any more"})
	case r.URL.Path == "/me":
		return answer(w, 200, map[string]any{"username": "alice"})
	}
	return answer(w, 404, map[string]any{"detail": "Not Found"})
}

// What wants the cookie and the header together no browser forges; and what
// worked once still tells whom it asks in, without a word on what it reads.
func TestCredentialsOfWhatNoneAloneOpens(t *testing.T) {
	t.Parallel()
	promoted := &atomic.Bool{}
	s := &small{page: func(w http.ResponseWriter, r *http.Request) bool { return both(w, r, promoted) }}
	r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
	want := map[string]finding.Credential{"PUT /blacklist": finding.CredentialBearer, "POST /members/{member_id}/promote": finding.CredentialEither}
	for _, o := range r.Operations {
		name := o.Method + " " + o.Path
		if c, ok := want[name]; ok && c != o.Credential {
			t.Errorf("%s: %s, want %s (%s)", name, o.Credential, c, o.Reason)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not reported: %v", want)
	}
	for _, v := range r.Verdicts {
		if v.Operation == "POST /members/{member_id}/promote" && v.By == finding.ByContentType {
			t.Errorf("%s from %s: %s", v.Shape, v.Position, v.Reason)
		}
		if v.Operation == "PUT /blacklist" && v.Position == finding.SameSite && v.Verdict != finding.Blocked {
			t.Errorf("%s: %s (%s)", v.Shape, v.Verdict, v.Reason)
		}
	}
}
