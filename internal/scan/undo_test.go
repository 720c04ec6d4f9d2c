package scan_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
)

// club has one course, which a member joins once and leaves before joining it
// again.
type club struct {
	mu     sync.Mutex
	joined bool
	stuck  bool // who has joined cannot leave
}

const clubPaths = `"/kurse":{"get":{"responses":{"200":{"description":""}}}},
 "/kurse/{kurs_id}/beitritt":{"post":{"parameters":[{"name":"kurs_id","in":"path","required":true,"schema":{"type":"integer"}}],"responses":{"200":{"description":""}}}},
 "/kurse/{kurs_id}/austritt":{"post":{"parameters":[{"name":"kurs_id","in":"path","required":true,"schema":{"type":"integer"}}],"responses":{"200":{"description":""}}}},`

func (c *club) page(w http.ResponseWriter, r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	say := func(status int, v any) bool { return answer(w, status, v) }
	if r.URL.Path == "/openapi.json" {
		return say(200, json.RawMessage(strings.Replace(document, `"paths":{`, `"paths":{`+clubPaths, 1)))
	}
	if k, err := r.Cookie("session"); !strings.HasPrefix(r.URL.Path, "/kurse") || err != nil || k.Value != "0123456789abcdef" {
		return false // the small API says what to do
	}
	state := func() any { return map[string]any{"id": 7, "dabei": c.joined} }
	switch r.Method + " " + r.URL.Path {
	case "GET /kurse":
		return say(200, []any{state()})
	case "POST /kurse/7/beitritt":
		if c.joined {
			return say(409, map[string]any{"detail": "schon dabei"})
		}
		c.joined = true
		return say(200, state())
	case "POST /kurse/7/austritt":
		if !c.joined || c.stuck {
			return say(409, map[string]any{"detail": "nicht dabei"})
		}
		c.joined = false
		return say(200, state())
	}
	return say(404, map[string]any{"detail": "gibt es nicht"})
}

// There is one course, so each call after the first needs that the one before
// is taken back. The control is a club that nobody leaves.
func TestACallIsTakenBackBeforeTheNext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		club *club
		want finding.Outcome
	}{
		"who joined leaves": {&club{}, finding.Forged},
		"nobody leaves":     {&club{stuck: true}, finding.NotTested},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &small{attributes: "Secure; SameSite=None", page: c.club.page}
			r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
			seen := 0
			for _, v := range r.Verdicts {
				if v.Operation != "POST /kurse/{kurs_id}/beitritt" || v.Position != finding.CrossSite && v.Position != finding.SameSite || v.Shape != finding.Blob {
					continue
				}
				seen++
				if v.Verdict != c.want {
					t.Errorf("from %s as %s: %s, want %s (%s)", v.Position, v.Shape, v.Verdict, c.want, v.Reason)
				}
			}
			if seen != 2 {
				t.Errorf("%d verdicts", seen)
			}
		})
	}
}
