package guard_test

import (
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/guard"
)

// Over HTTP/2, net/http takes any text for a method and spaces in a path; what
// the guard wrote of them was a request line of the client's own (CWE-444).
func TestAttack_70_RequestLinesAreNotTheClients(t *testing.T) {
	for _, mode := range []string{"enforce", "report"} {
		s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.Mode = mode })
		if w := serve(s, request("GET", "/page", "")); w.Code != 200 {
			t.Fatalf("%s: control: %d", mode, w.Code)
		}
		before := s.bank.requests()
		for _, c := range []struct{ method, target string }{
			{"GET /admin HTTP/1.1", "/page"}, {"GET\r\nX:", "/page"}, {"GE(T", "/page"}, {"GET ", "/page"}, {"G\x00T", "/page"}, {"G\u00C9T", "/page"},
			{"GET", "/a HTTP/1.1"}, {"GET", "/a b"}, {"GET", "/a\r\nX: y"}, {"GET", "/a#b"}, {"GET", "*"}, {"GET", "page"}, {"GET", "/a\x7F"},
			{"TRACE", "/page"}, {"CONNECT", "bank.example:443"}, {"CONNECT", ""}, {"TRACK", "/page"}, {"PRI", "/page"},
		} {
			r := request("GET", "/page", "")
			r.Method, r.RequestURI = c.method, c.target
			if c.target == "" {
				r.URL.Path = ""
			}
			if w := serve(s, r); w.Code != 400 && w.Code != 405 {
				t.Errorf("%s: %q %q: %d %s", mode, c.method, c.target, w.Code, w.Body)
			}
		}
		if s.bank.requests() != before {
			t.Errorf("%s: the API got %q %q", mode, s.bank.last().Method, s.bank.last().RequestURI)
		}
	}
}

// RFC 9110, section 9.3.7.
func TestOptionsOfTheServer(t *testing.T) {
	s := newSite(t)
	for host, want := range map[string]int{ownHost: 204, "evil.test": 403} {
		r := request("OPTIONS", "/", "")
		r.RequestURI, r.URL.Path, r.Host = "*", "*", host
		if w := serve(s, r); w.Code != want || want == 204 && w.Header().Get("Allow") == "" {
			t.Errorf("%s: %d %v", host, w.Code, w.Header())
		}
	}
	if s.bank.requests() != 0 {
		t.Errorf("the API got %q", s.bank.last().RequestURI)
	}
}

// RFC 9112, section 3.2.2.
func TestTheAbsoluteForm(t *testing.T) {
	s := newSite(t)
	for target, want := range map[string]string{
		"https://bank.example/page?q=1": "/page?q=1", "HTTPS://bank.example": "/", "https://bank.example?next=/admin": "/?next=/admin",
	} {
		r := request("GET", "/", "")
		r.RequestURI = target
		if w := serve(s, r); w.Code != 200 || s.bank.last().RequestURI != want {
			t.Errorf("%s: %d, the API got %q", target, w.Code, s.bank.last().RequestURI)
		}
	}
	before := s.bank.requests()
	for _, target := range []string{"https:///page", "https://user@bank.example/page", "ftp://bank.example/page", "http://bank.example/page", "https://evil.test/page", "https:page", "https:/page", "://bank.example/page", "https://bank.example:443/page"} {
		r := request("GET", "/", "")
		r.RequestURI = target
		if w := serve(s, r); w.Code != 400 {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	r := request("GET", "/", "")
	r.RequestURI, r.ProtoMajor = "https://bank.example/page", 2
	if w := serve(s, r); w.Code != 400 {
		t.Errorf("over HTTP/2: %d", w.Code)
	}
	// net/http keeps a Host field beside :authority.
	r = request("GET", "/", "")
	r.Header.Set("Host", "evil.test")
	if w := serve(s, r); w.Code != 400 || !strings.Contains(w.Body.String(), "malformed-host") {
		t.Errorf("two hosts: %d %s", w.Code, w.Body)
	}
	if s.bank.requests() != before {
		t.Errorf("the API got %q", s.bank.last().RequestURI)
	}
}
