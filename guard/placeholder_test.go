package guard_test

import (
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/guard"
)

// A page that keeps a token in its storage, and shows its login again as long
// as it has none, finds a word there and bears it.
func TestAPageThatLooksForItsToken(t *testing.T) {
	const word = "kept-by-countersign"
	enter := func(s *site, leaves bool) browser {
		t.Helper()
		w := serve(s, request("POST", "/login", `{}`))
		if has := strings.Contains(w.Body.String(), `"access_token":"`+word+`"`); has != leaves || hasJWT(w.Body.String()) {
			t.Fatalf("%s", w.Body)
		}
		return browserOf(t, w)
	}
	enter(newSite(t), false)
	for _, verifies := range []bool{true, false} {
		s := newSite(t, func(c *guard.Config, _ *guard.Options) {
			c.Login.Placeholder = true
			if !verifies {
				c.JWT.Secret = guard.DefaultConfig().JWT.Secret
			}
		})
		b := enter(s, true)
		if w := serve(s, b.request("POST", "/transfer", "{}", "Authorization", "Bearer "+word)); w.Code != 200 {
			t.Errorf("the page: %d %s", w.Code, w.Body)
		}
		if w := serve(s, b.request("POST", "/transfer", "{}", "Authorization", "Bearer "+word, "X-CSRF-Token", "")); w.Code != 403 {
			t.Errorf("without a CSRF token: %d %s", w.Code, w.Body)
		}
		if w := serve(s, request("POST", "/transfer", "{}", "Authorization", "Bearer "+word)); w.Code != 401 {
			t.Errorf("without a session: %d %s", w.Code, w.Body)
		}
	}
}
