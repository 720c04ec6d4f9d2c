package guard_test

import (
	"testing"

	"github.com/d710e0ae/countersign/guard"
	"github.com/d710e0ae/countersign/internal/secret"
)

// Whatever origins cors takes, requests are served with them, and those that
// it allows may bear a token that the guard has no key for. A token is no
// cookie: no page sends one that it does not have.
func TestOriginsThatCORSAllows(t *testing.T) {
	for _, c := range []struct {
		listed, asks string
		status       int
	}{
		{"https://spa.example", "https://spa.example", 200},
		{"https://spa.example", "https://evil.test", 403},
		{"https://*.spa.example", "https://a.spa.example", 200},
		{"http://localhost:3000", "http://localhost:3000", 200}, // a page under development
		{"http://localhost:3000", "http://localhost:3001", 403},
		{"http://spa.example", "http://spa.example", 200},
		{"*", "https://anyone.test", 200},
	} {
		s := newSite(t, func(g *guard.Config, _ *guard.Options) {
			g.JWT.Secret = secret.Text{}
			g.CORS.Origins = []string{c.listed}
		})
		if w := serve(s, request("GET", "/page", "")); w.Code != 200 {
			t.Errorf("%s: control: the own page gets %d", c.listed, w.Code)
		}
		bearing := request("POST", "/page", "{}", "Origin", c.asks, "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer abc")
		if w := serve(s, bearing); w.Code != c.status {
			t.Errorf("%s: %s with a bearer gets %d", c.listed, c.asks, w.Code)
		}
		// What cors allows to read may not act for the user.
		b := s.login(t)
		if w := serve(s, b.request("POST", "/page", "{}", "Origin", c.asks, "Sec-Fetch-Site", "cross-site")); w.Code != 403 {
			t.Errorf("%s: %s with the session gets %d", c.listed, c.asks, w.Code)
		}
		if w := serve(s, b.request("POST", "/page", "{}", "Origin", c.asks, "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer abc")); w.Code != 403 {
			t.Errorf("%s: %s with the session and a junk bearer gets %d", c.listed, c.asks, w.Code)
		}
	}
}
