package scan_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
)

const sealPath = `"/seal":{"post":{"operationId":"seal","responses":{"200":{"description":""}}}},`

// Nobody gets the seal, but who is turned away before that is told shows what
// checks stand there. The control has none: nothing shows that it can be
// forged, nor that it cannot.
func TestWhatStopsAForgeryShowsWithoutASuccess(t *testing.T) {
	t.Parallel()
	foreign := func(r *http.Request) bool {
		return r.Header.Get("Origin") != "" && r.Header.Get("Origin") != "http://"+r.Host
	}
	bare := func(r *http.Request) bool { return r.Header.Get("X-CSRFToken") != "of-this-session" }
	for name, tc := range map[string]struct {
		stops  func(*http.Request) bool
		status int
		want   finding.Outcome
		by     finding.By
	}{
		"a check of the origin":                {foreign, 409, finding.Blocked, finding.ByOrigin},
		"a check of a token":                   {bare, 409, finding.Blocked, finding.ByToken},
		"a token, and a service that is down":  {bare, 503, finding.Blocked, finding.ByToken},
		"a token, and a right that is missing": {bare, 403, finding.Blocked, finding.ByToken},
		"none":                                 {func(*http.Request) bool { return false }, 409, finding.NotTested, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &small{attributes: "SameSite=Lax"}
			asked := 0
			s.page = func(w http.ResponseWriter, r *http.Request) bool {
				switch r.URL.Path {
				case "/openapi.json":
					return answer(w, 200, json.RawMessage(strings.Replace(document, `"paths":{`, `"paths":{`+sealPath, 1)))
				case "/me":
					http.SetCookie(w, &http.Cookie{Name: "csrftoken", Value: "of-this-session", Path: "/"})
					return false
				case "/seal":
				default:
					return false
				}
				asked++
				switch k, err := r.Cookie("session"); {
				case err != nil || k.Value != "0123456789abcdef":
					return answer(w, 401, map[string]any{"detail": "Not authenticated"})
				case tc.stops(r):
					return answer(w, 403, map[string]any{"detail": "stopped at the door"})
				case asked < 3:
					return answer(w, tc.status, map[string]any{"detail": "the seal is being made"})
				}
				return answer(w, tc.status, map[string]any{"detail": "somebody else has got the seal already"}) // it has moved meanwhile
			}
			r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
			if v := verdict(t, r, "POST /seal", finding.CrossSite, finding.Form); v.By != finding.BySameSite {
				t.Errorf("from another site: %s by %q (%s)", v.Verdict, v.By, v.Reason)
			}
			for _, shape := range []finding.Shape{finding.Form, finding.Blob} {
				if v := verdict(t, r, "POST /seal", finding.SameSite, shape); v.Verdict != tc.want || v.By != tc.by {
					t.Errorf("as %s: %s by %q, want %s by %q (%s)", shape, v.Verdict, v.By, tc.want, tc.by, v.Reason)
				}
			}
		})
	}
}

const votePath = `"/vote":{"put":{"operationId":"vote","requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object",
	"required":["choice"],"properties":{"choice":{"type":"string"}}}}}},"responses":{"200":{"description":""}}}},`

// A PUT has no shape in which its body could be tried as another type: that it
// is never taken says no more than what browsers hold back.
func TestAPutWhoseBodyIsNeverTaken(t *testing.T) {
	t.Parallel()
	s := &small{attributes: "SameSite=Lax"}
	s.page = func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/openapi.json":
			return answer(w, 200, json.RawMessage(strings.Replace(document, `"paths":{`, `"paths":{`+votePath, 1)))
		case "/vote":
		default:
			return false
		}
		if k, err := r.Cookie("session"); err != nil || k.Value != "0123456789abcdef" {
			return answer(w, 401, map[string]any{"detail": "Not authenticated"})
		}
		return answer(w, 422, map[string]any{"detail": map[string]any{"code": "wrong_choice"}})
	}
	r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
	if v := verdict(t, r, "PUT /vote", finding.CrossSite, finding.JSONCORS); v.By != finding.ByPreflight {
		t.Errorf("as json-cors: %s by %q (%s)", v.Verdict, v.By, v.Reason)
	}
	if v := verdict(t, r, "PUT /vote", finding.SameSite, finding.Override); v.Verdict == finding.Forged {
		t.Errorf("as override: %s (%s)", v.Verdict, v.Reason)
	}
}
