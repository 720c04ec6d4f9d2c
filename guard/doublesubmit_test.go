package guard_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/guard"
)

// doubleSubmit is a bank that compares a header with a cookie of its own, from
// before the login on.
func doubleSubmit(t *testing.T, header string, change ...func(*guard.Config, *guard.Options)) *site {
	t.Helper()
	s := newSite(t, change...)
	check := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c, err := r.Cookie("bank_csrf")
			if err != nil || c.Value == "" || r.Header.Get(header) != c.Value || len(r.Header.Values(header)) != 1 {
				http.Error(w, "the bank's own check", http.StatusForbidden)
				return
			}
			next(w, r)
		}
	}
	s.bank.mux.HandleFunc("POST /enter", check(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q}`, tokenFor("alice"))
	}))
	s.bank.mux.HandleFunc("POST /pay", check(s.bank.authenticated(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "paid") })))
	return s
}

// An API's own double submit goes on behind the guard, and the guard's token
// does not stand in for it.
func TestTheAPIsOwnDoubleSubmit(t *testing.T) {
	for _, header := range []string{"X-CSRF-Token", "X-XSRF-TOKEN"} {
		t.Run(header, func(t *testing.T) {
			s := doubleSubmit(t, header)
			const own = "bank_csrf=abc"
			if w := serve(s, request("POST", "/enter", "{}", "Cookie", own)); w.Code != 403 || !strings.Contains(w.Body.String(), "bank's own") {
				t.Fatalf("control: the bank's check does not check: %d %s", w.Code, w.Body)
			}
			b := logIn(t, s, request("POST", "/enter", "{}", "Cookie", own, header, "abc"))
			b.cookie += "; " + own
			theirs := "X-Countersign-Api-Token" // as the client script sends it
			if header != "X-CSRF-Token" {
				theirs = header
			}
			if w := serve(s, b.request("POST", "/pay", "{}", theirs, "abc")); w.Code != 200 {
				t.Errorf("the honest page: %d %s", w.Code, w.Body)
			}
			for name, r := range map[string]*http.Request{
				"the guard's token alone":   b.request("POST", "/pay", "{}"),
				"another's":                 b.request("POST", "/pay", "{}", theirs, "abd"),
				"the bank's token alone":    b.request("POST", "/pay", "{}", "X-CSRF-Token", "", theirs, "abc"),
				"in the place of the other": b.request("POST", "/pay", "{}", "X-CSRF-Token", "abc", theirs, "abc"),
				"another origin":            b.request("POST", "/pay", "{}", theirs, "abc", "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"),
			} {
				if w := serve(s, r); w.Code != 403 {
					t.Errorf("%s: %d %s", name, w.Code, w.Body)
				}
			}
		})
	}
}

// Report mode must break nothing: what the page sends is the API's then, and
// the guard vouches for nothing that it has not checked.
func TestReportModeLeavesTheAPIsOwnDoubleSubmit(t *testing.T) {
	s := doubleSubmit(t, "X-CSRF-Token", func(c *guard.Config, _ *guard.Options) { c.Mode = "report" })
	const own = "bank_csrf=abc"
	b := logIn(t, s, request("POST", "/enter", "{}", "Cookie", own, "X-CSRF-Token", "abc"))
	b.cookie += "; " + own
	if w := serve(s, b.request("POST", "/pay", "{}", "X-CSRF-Token", "abc")); w.Code != 200 {
		t.Errorf("a page without the client script: %d %s", w.Code, w.Body)
	}
	if w := serve(s, b.request("POST", "/pay", "{}", "X-CSRF-Token", "", "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site")); w.Code != 403 {
		t.Errorf("forged: %d %s", w.Code, w.Body)
	}
	s.bank.mux.HandleFunc("POST /given", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"csrf_token":"abc"}`, tokenFor("alice"))
	})
	b = logIn(t, s, request("POST", "/given", "{}"))
	b.cookie += "; " + own
	if w := serve(s, b.request("POST", "/pay", "{}")); w.Code != 200 {
		t.Fatalf("control: the token of the login's answer: %d %s", w.Code, w.Body)
	}
	if w := serve(s, b.request("POST", "/pay", "{}", "X-CSRF-Token", "")); w.Code != 403 {
		t.Errorf("the guard gave the bank's token to a request that it would refuse: %d %s", w.Code, w.Body)
	}
}
