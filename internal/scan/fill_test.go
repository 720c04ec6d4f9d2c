package scan_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
)

// shop sells what is in the cart, and empties it. Each of its orders can be
// paid for once, and each crate moved to where it is not.
type shop struct {
	mu     sync.Mutex
	cart   int
	orders int
	crates []float64 // the depots in which they are
	stuck  bool      // nothing gets into the cart
}

const shopPaths = `"/orders":{"post":{"responses":{"201":{"description":""}}}},
 "/cart/items":{"post":{"requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["quantity"],"properties":{"quantity":{"type":"integer"}}}}}},"responses":{"201":{"description":""}}}},
 "/depots":{"get":{"responses":{"200":{"description":"","content":{"application/json":{"schema":{"type":"array","items":{"type":"object","properties":{"id":{"type":"integer"},"name":{"type":"string"}}}}}}}}}},
 "/crates":{"post":{"requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["depot_id"],"properties":{"depot_id":{"type":"integer"}}}}}},"responses":{"201":{"description":""}}}},
 "/crates/{crate_id}/move":{"post":{"parameters":[{"name":"crate_id","in":"path","required":true,"schema":{"type":"integer"}}],
  "requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["depot_id"],"properties":{"depot_id":{"type":"integer"}}}}}},"responses":{"200":{"description":""}}}},`

func (s *shop) page(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	say := func(status int, v any) bool { return answer(w, status, v) }
	no := func(status int, why string) bool { return say(status, map[string]any{"detail": why}) }
	if r.URL.Path == "/openapi.json" {
		return say(200, json.RawMessage(strings.Replace(document, `"paths":{`, `"paths":{`+shopPaths, 1)))
	}
	shops := r.URL.Path == "/orders" || r.URL.Path == "/cart/items" || r.URL.Path == "/depots" || strings.HasPrefix(r.URL.Path, "/crates")
	if c, err := r.Cookie("session"); !shops || err != nil || c.Value != "0123456789abcdef" {
		return false // the small API says what to do
	}
	var in struct {
		Quantity int
		Depot    float64 `json:"depot_id"`
	}
	if ct := r.Header.Get("Content-Type"); r.Method == http.MethodPost && r.URL.Path != "/orders" && (ct != "" && ct != "application/json" || json.NewDecoder(r.Body).Decode(&in) != nil) {
		return no(422, "body")
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /orders":
		if s.cart == 0 {
			return no(400, "Cart is empty")
		}
		s.cart = 0
		s.orders++
		return say(201, map[string]any{"id": s.orders, "total": 5})
	case "POST /cart/items":
		if !s.stuck {
			s.cart++
		}
		return say(201, map[string]any{"quantity": in.Quantity})
	case "GET /depots":
		return say(200, []any{map[string]any{"id": 41, "name": "North"}, map[string]any{"id": 42, "name": "South"}})
	case "POST /crates":
		if in.Depot != 41 && in.Depot != 42 {
			return no(400, "Unknown depot")
		}
		s.crates = append(s.crates, in.Depot)
		return say(201, map[string]any{"id": len(s.crates), "depot_id": in.Depot})
	}
	var n int
	if _, err := fmt.Sscanf(r.URL.Path, "/crates/%d/move", &n); err != nil || n < 1 || n > len(s.crates) {
		return no(404, "Not Found")
	}
	switch {
	case in.Depot != 41 && in.Depot != 42:
		return no(400, "Unknown depot")
	case s.crates[n-1] == in.Depot:
		return no(400, "It is already there")
	}
	s.crates[n-1] = in.Depot
	return say(200, map[string]any{"id": n, "depot_id": in.Depot})
}

// An order uses the cart up, and a crate is not moved to where it is: each
// forged call needs a state of its own. The control is a cart that nothing
// fills, where no order can be placed.
func TestEachCallFindsTheStateThatItNeeds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		shop   *shop
		forged []string
	}{
		"the cart is filled":  {&shop{}, []string{"POST /orders", "POST /crates/{crate_id}/move"}},
		"nothing fills it up": {&shop{stuck: true}, []string{"POST /crates/{crate_id}/move"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &small{attributes: "Secure; SameSite=None", page: c.shop.page}
			r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
			for _, op := range []string{"POST /orders", "POST /crates/{crate_id}/move"} {
				want := finding.NotTested
				for _, f := range c.forged {
					if f == op {
						want = finding.Forged
					}
				}
				seen := 0
				for _, v := range r.Verdicts {
					if v.Operation != op || v.Position != finding.CrossSite && v.Position != finding.SameSite || v.Shape != finding.Blob {
						continue
					}
					seen++
					if v.Verdict != want {
						t.Errorf("%s from %s as %s: %s, want %s (%s)", op, v.Position, v.Shape, v.Verdict, want, v.Reason)
					}
				}
				if seen != 2 {
					t.Errorf("%s: %d verdicts", op, seen)
				}
			}
		})
	}
}
