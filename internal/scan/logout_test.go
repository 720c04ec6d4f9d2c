package scan_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
)

const logoutPath = `"/logout":{"post":{"operationId":"logout","responses":{"200":{"description":""}}}},`

// leaving is a small API with a logout that takes the cookie away, and with
// ends the session too.
func leaving(ends bool) *small {
	s := &small{attributes: "SameSite=Lax"}
	over := false
	s.page = func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/openapi.json":
			return answer(w, 200, json.RawMessage(strings.Replace(document, `"paths":{`, `"paths":{`+logoutPath, 1)))
		case "/login":
			over = false
			return false
		case "/logout":
			over = ends
			w.Header().Set("Set-Cookie", "session=; Path=/; Max-Age=0")
			return answer(w, 200, map[string]any{"detail": "goodbye"})
		}
		if over {
			return answer(w, 401, map[string]any{"detail": "Not authenticated"})
		}
		return false
	}
	return s
}

// A session that a logout leaves alive serves the next one: the login is asked
// no more often than before. The control ends its sessions, and has it be.
func TestASessionThatOutlivesItsLogoutIsUsedAgain(t *testing.T) {
	t.Parallel()
	logins := map[bool]int32{}
	for _, ends := range []bool{false, true} {
		s := leaving(ends)
		r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
		if find(r, "logout-forgeable", "POST /logout") == nil {
			t.Errorf("ends %v: the forgery was not found among:\n%s", ends, list(r))
		}
		logins[ends] = s.logins.Load()
	}
	if few := logins[false]; logins[true] < few+4 {
		t.Errorf("logged in %d times where sessions live on, %d times where they end", few, logins[true])
	}
}

func TestALogoutThatNoSessionIsLeftForSaysSo(t *testing.T) {
	t.Parallel()
	s := leaving(true)
	inner, over := s.page, false
	s.page = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/login" && s.logins.Load() > 0:
			over = true // and nobody comes in any more
			w.Header().Set("Retry-After", "3600")
			return answer(w, 429, map[string]any{"detail": "too many"})
		case over && r.URL.Path != "/openapi.json":
			return answer(w, 401, map[string]any{"detail": "Not authenticated"})
		}
		return inner(w, r)
	}
	r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
	for _, o := range r.Operations {
		if o.String() == "POST /logout" && (o.Exercised || !strings.Contains(o.Reason, "no session is left")) {
			t.Errorf("exercised %v, %q", o.Exercised, o.Reason)
		}
	}
	if v := verdict(t, r, "POST /logout", finding.SameSite, finding.Form); v.Verdict != finding.NotTested || !strings.Contains(v.Reason, "no session is left") {
		t.Errorf("%s: %q", v.Verdict, v.Reason)
	}
}
