package csrf_test

import (
	"net/http"
	"testing"

	"github.com/d710e0ae/countersign/csrf"
)

func BenchmarkCheck(b *testing.B) {
	origins, err := csrf.New(csrf.Config{PublicOrigin: "https://bank.example"})
	if err != nil {
		b.Fatal(err)
	}
	full := protection(b, func(c *csrf.Config) {
		c.Session = func(*http.Request) csrf.Session { return csrf.Session{ID: "alice", Ambient: true} }
	})
	for _, c := range []struct {
		name string
		p    interface{ Check(*http.Request) error }
		r    *http.Request
	}{
		{"origins/accepted", origins, request("POST", "/", own, sameO, cookie)},
		{"origins/accepted-by-origin", origins, request("POST", "/", own, cookie)},
		{"origins/refused", origins, request("POST", "/", evil, cross, cookie)},
		{"origins/safe", origins, request("GET", "/", cookie)},
		{"token/accepted", full, request("POST", "/", own, sameO, cookie, "X-CSRF-Token: "+token(b, full, "alice"))},
		{"std/accepted", http.NewCrossOriginProtection(), request("POST", "/", own, sameO, cookie)},
		{"std/accepted-by-origin", http.NewCrossOriginProtection(), request("POST", "/", own, cookie)},
		{"std/refused", http.NewCrossOriginProtection(), request("POST", "/", evil, cross, cookie)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.p.Check(c.r)
			}
		})
	}
}
