//go:build !race

// The race detector makes sync.Pool forget at random, so that allocations
// cannot be counted under it.

package csrf_test

import (
	"net/http"
	"testing"

	"github.com/d710e0ae/countersign/csrf"
)

func TestCheckDoesNotAllocate(t *testing.T) {
	p := protection(t, func(c *csrf.Config) {
		c.Session = func(*http.Request) csrf.Session { return csrf.Session{ID: "alice", Ambient: true} }
	})
	for name, r := range map[string]*http.Request{
		"accepted": request("POST", "/", own, sameO, cookie, "X-CSRF-Token: "+token(t, p, "alice")),
		"refused":  request("POST", "/", evil, cross, cookie),
		"safe":     request("GET", "/", cookie),
	} {
		if n := testing.AllocsPerRun(100, func() { p.Check(r) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
