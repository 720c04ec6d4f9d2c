// Package cors_test measures CORS middleware, this project's beside rs/cors.
package cors_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	rs "github.com/rs/cors"

	"github.com/d710e0ae/countersign/bench/internal/discard"
	"github.com/d710e0ae/countersign/cors"
)

// origins are n allowed ones; the last is asked for, so that a list that is
// searched from its start shows.
func origins(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("https://app-%04d.partner.example", i)
	}
	return list
}

func request(method, origin string, pairs ...string) *http.Request {
	r := httptest.NewRequest(method, "https://api.example/accounts", nil)
	r.Header.Set("Origin", origin)
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Set(pairs[i], pairs[i+1])
	}
	return r
}

func BenchmarkCORS(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		list := origins(n)
		mw, err := cors.New(cors.Config{
			Origins: list, Credentials: true, Methods: []string{"PUT", "DELETE"},
			RequestHeaders: []string{"Authorization", "Content-Type"}, MaxAge: 600e9,
		})
		if err != nil {
			b.Fatal(err)
		}
		libs := []struct {
			name string
			h    http.Handler
		}{
			{"countersign", mw.Handler(discard.Handler)},
			{"rs", rs.New(rs.Options{
				AllowedOrigins: list, AllowCredentials: true, AllowedMethods: []string{"GET", "HEAD", "POST", "PUT", "DELETE"},
				AllowedHeaders: []string{"Authorization", "Content-Type"}, MaxAge: 600,
			}).Handler(discard.Handler)},
		}
		preflight := []string{"Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "authorization,content-type"}
		for _, c := range []struct {
			name    string
			r       *http.Request
			allowed bool
		}{
			{"actual", request("POST", list[n-1]), true},
			{"preflight", request("OPTIONS", list[n-1], preflight...), true},
			{"refused-preflight", request("OPTIONS", "https://evil.example", preflight...), false},
		} {
			for _, l := range libs {
				b.Run(fmt.Sprintf("case=%s/origins=%d/lib=%s", c.name, n, l.name), func(b *testing.B) {
					w := discard.New()
					b.ReportAllocs()
					for b.Loop() {
						w.Reset()
						l.h.ServeHTTP(w, c.r)
					}
					if got := w.Header()["Access-Control-Allow-Origin"] != nil; got != c.allowed {
						b.Fatalf("allowed: %t, want %t: this is not what was to be measured", got, c.allowed)
					}
				})
			}
		}
	}
}
