package guard_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/guard"
)

// An application of plain forms: no script puts a token into a header.
func TestFormsOfTheSitesOwnPages(t *testing.T) {
	const urlencoded = "application/x-www-form-urlencoded"
	form := func(b browser, header ...string) *http.Request {
		return b.request("POST", "/transfer", "to=bob&amount=1", append([]string{"Content-Type", urlencoded, "X-CSRF-Token", "", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, header...)...)
	}
	without := newSite(t)
	if w := serve(without, form(without.login(t))); w.Code != 403 || code(t, w) != "csrf-token-missing" {
		t.Errorf("unless it is asked for: %d %s", w.Code, w.Body)
	}
	if !strings.Contains(without.log.String(), "csrf.forms") {
		t.Errorf("the log does not say what to do: %s", without.log)
	}
	s := newSite(t, func(c *guard.Config, _ *guard.Options) {
		c.CSRF.Forms, c.CSRF.TrustedOrigins = true, []string{"https://app.example.org"}
	})
	b := s.login(t)
	for _, kind := range []string{urlencoded, "multipart/form-data; boundary=x", "text/plain", "Application/X-WWW-Form-URLencoded; charset=utf-8"} {
		if w := serve(s, form(b, "Content-Type", kind)); w.Code != 200 {
			t.Errorf("%s: %d %s", kind, w.Code, w.Body)
		}
	}
	control := s.bank.transfers()
	if control != 4 {
		t.Fatalf("control: %d transfers", control)
	}
	for name, r := range map[string]*http.Request{
		"another site":             form(b, "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"),
		"a sibling":                form(b, "Origin", "https://www.bank.example", "Sec-Fetch-Site", "same-site"),
		"a sandboxed frame":        form(b, "Origin", "null", "Sec-Fetch-Site", "cross-site"),
		"own origin, other site":   form(b, "Sec-Fetch-Site", "cross-site"),
		"other origin, own site":   form(b, "Origin", "https://evil.test"),
		"a trusted origin":         form(b, "Origin", "https://app.example.org", "Sec-Fetch-Site", "cross-site"),
		"no Origin":                form(b, "Origin", ""),
		"no Fetch Metadata":        form(b, "Sec-Fetch-Site", ""),
		"typed by hand":            form(b, "Origin", "", "Sec-Fetch-Site", "none"),
		"a script":                 form(b, "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"),
		"JSON":                     form(b, "Content-Type", "application/json"),
		"no type, as a Blob":       form(b, "Content-Type", ""),
		"another session's token":  form(b, "X-CSRF-Token", s.login(t).csrf),
		"a token that is none":     form(b, "X-CSRF-Token", "x"),
		"another method":           b.request("PUT", "/transfer", "a=b", "Content-Type", urlencoded, "X-CSRF-Token", "", "Sec-Fetch-Mode", "navigate"),
		"mode in another spelling": form(b, "Sec-Fetch-Mode", "Navigate"),
	} {
		if w := serve(s, r); w.Code != 403 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	twice := form(b)
	twice.Header["Sec-Fetch-Mode"] = []string{"navigate", "navigate"}
	if w := serve(s, twice); w.Code != 403 {
		t.Errorf("twice: %d", w.Code)
	}
	if n := s.bank.transfers(); n != control {
		t.Errorf("%d transfers were forged", n-control)
	}
}
