package attack

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

func at(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// What Chromium 156 was seen to do with each cookie, by position and shape.
func TestTravels(t *testing.T) {
	type sent struct{ nav, post, fetch string } // "", "yes", "fresh"
	for _, tc := range []struct {
		attributes string
		pos        finding.Position
		want       sent
	}{
		{"SameSite=None; Secure", finding.CrossSite, sent{"yes", "yes", "yes"}},
		{"SameSite=None; Secure; Partitioned", finding.CrossSite, sent{"yes", "yes", ""}},
		{"SameSite=None", finding.CrossSite, sent{}}, // not stored
		{"", finding.CrossSite, sent{"yes", "fresh", ""}},
		{"SameSite=bogus", finding.CrossSite, sent{"yes", "fresh", ""}},
		{"SameSite=Lax", finding.CrossSite, sent{"yes", "", ""}},
		{"SameSite=Strict", finding.CrossSite, sent{}},
		{"SameSite=Lax", finding.Null, sent{"yes", "", ""}},
		{"SameSite=Strict", finding.SameSite, sent{"yes", "yes", "yes"}},
		{"", finding.SameSite, sent{"yes", "yes", "yes"}},
	} {
		target := at(t, "http://127.0.0.1:8000")
		cs := client.SetCookies(&client.Response{Request: &client.Request{URL: target}, Header: http.Header{"Set-Cookie": {"a=b; " + tc.attributes}}})
		for shape, want := range map[finding.Shape]string{finding.Navigate: tc.want.nav, finding.Form: tc.want.post, finding.Blob: tc.want.fetch, finding.JSONCORS: tc.want.fetch, finding.Image: tc.want.fetch} {
			tr := Travels(cs[0], tc.pos, shape, target)
			got := ""
			if tr.Sent {
				got = "yes"
				if tr.Fresh {
					got = "fresh"
				}
			}
			if got != want {
				t.Errorf("%q from %s as %s: got %q, want %q", tc.attributes, tc.pos, shape, got, want)
			}
			if !tr.Sent && tr.By == "" || tr.Why == "" {
				t.Errorf("%q from %s as %s: no reason given: %+v", tc.attributes, tc.pos, shape, tr)
			}
		}
	}
}

func TestOriginsOfPositions(t *testing.T) {
	for _, tc := range []struct {
		target string
		pos    finding.Position
		want   string
		exists bool
	}{
		{"http://127.0.0.1:8000", finding.CrossSite, "http://127.0.0.1.attacker.example", true},
		{"http://localhost:8000", finding.CrossSite, "http://localhost.attacker.example", true},
		{"https://api.shop.co.uk", finding.CrossSite, "https://api.shop.co.uk.attacker-shop.co.uk", true},
		{"http://[::1]:8000", finding.CrossSite, "http://attacker.example", true},
		{"http://127.0.0.1:8000", finding.SameSite, "http://127.0.0.1:9", true},
		{"http://localhost:8000", finding.SameSite, "http://localhost:9", true},
		{"http://[::1]:8000", finding.SameSite, "http://[::1]:9", true},
		{"https://api.example.co.uk", finding.SameSite, "https://sibling.example.co.uk", true},
		{"https://api.example.com", finding.Insecure, "http://api.example.com", true},
		{"http://api.example.com", finding.Insecure, "http://api.example.com", false},
		{"https://api.example.com", finding.Null, "null", true},
	} {
		got, exists := Origin(tc.pos, at(t, tc.target))
		if got != tc.want || exists != tc.exists {
			t.Errorf("%s at %s: got %q, %v; want %q, %v", tc.pos, tc.target, got, exists, tc.want, tc.exists)
		}
	}
}

func TestPagesSendWhatBrowsersSend(t *testing.T) {
	target := at(t, "http://127.0.0.1:8000/transfer")
	for _, tc := range []struct {
		shape                                   finding.Shape
		pos                                     finding.Position
		method                                  string
		origin, referer, site, mode, dest, upgr string
	}{
		{finding.Form, finding.CrossSite, "POST", "http://127.0.0.1.attacker.example", "http://127.0.0.1.attacker.example/", "cross-site", "navigate", "document", "1"},
		{finding.Form, finding.Null, "POST", "null", "", "cross-site", "navigate", "document", "1"},
		{finding.Blob, finding.SameSite, "POST", "http://127.0.0.1:9", "http://127.0.0.1:9/", "same-site", "no-cors", "empty", ""},
		{finding.JSONCORS, finding.CrossSite, "PUT", "http://127.0.0.1.attacker.example", "http://127.0.0.1.attacker.example/", "cross-site", "cors", "empty", ""},
		{finding.Navigate, finding.CrossSite, "GET", "", "http://127.0.0.1.attacker.example/", "cross-site", "navigate", "document", "1"},
		{finding.Image, finding.CrossSite, "GET", "", "http://127.0.0.1.attacker.example/", "cross-site", "no-cors", "image", ""},
	} {
		h := http.Header{}
		dress(h, tc.pos, tc.shape, tc.method, target)
		got := []string{h.Get("Origin"), h.Get("Referer"), h.Get("Sec-Fetch-Site"), h.Get("Sec-Fetch-Mode"), h.Get("Sec-Fetch-Dest"), h.Get("Upgrade-Insecure-Requests")}
		for i, want := range []string{tc.origin, tc.referer, tc.site, tc.mode, tc.dest, tc.upgr} {
			if got[i] != want {
				t.Errorf("%s from %s: got %q", tc.shape, tc.pos, got)
				break
			}
		}
	}
	h := http.Header{}
	dress(h, finding.CrossSite, finding.Form, "POST", at(t, "http://api.example.com/"))
	if h.Get("Sec-Fetch-Site") != "" {
		t.Error("Fetch Metadata goes to a plain-http host that is no loopback")
	}
}

func TestPreflightIsJudgedAsFetchSays(t *testing.T) {
	ok := []string{"Access-Control-Allow-Origin", "http://127.0.0.1.attacker.example", "Access-Control-Allow-Credentials", "true", "Access-Control-Allow-Methods", "PUT, DELETE", "Access-Control-Allow-Headers", "X-A, Content-Type"}
	swap := func(name, value string) []string {
		out := append([]string{}, ok...)
		for i := 0; i < len(out); i += 2 {
			if out[i] == name {
				out[i+1] = value
			}
		}
		return out
	}
	for _, tc := range []struct {
		name    string
		status  int
		fields  []string
		method  string
		allowed bool
	}{
		{"all as it should be", 200, ok, "PUT", true},
		{"no content", 204, ok, "PUT", true},
		{"refused with the right fields (Starlette says Allow-Credentials to refused origins)", 400, ok, "PUT", false},
		{"star with credentials", 200, swap("Access-Control-Allow-Origin", "*"), "PUT", false},
		{"another origin", 200, swap("Access-Control-Allow-Origin", "https://app.example.com"), "PUT", false},
		{"no credentials", 200, swap("Access-Control-Allow-Credentials", "false"), "PUT", false},
		{"credentials in upper case", 200, swap("Access-Control-Allow-Credentials", "TRUE"), "PUT", false},
		{"method not listed", 200, ok, "PATCH", false},
		{"method star with credentials", 200, swap("Access-Control-Allow-Methods", "*"), "PUT", false},
		{"POST needs no listing", 200, ok, "POST", true},
		{"header star with credentials", 200, swap("Access-Control-Allow-Headers", "*"), "PUT", false},
	} {
		h := http.Header{}
		for i := 0; i < len(tc.fields); i += 2 {
			h.Add(tc.fields[i], tc.fields[i+1])
		}
		req := preflightRequest(at(t, "http://127.0.0.1:8000/x"), tc.method, []string{"content-type"}, finding.CrossSite)
		if got := judgePreflight(&client.Response{Request: req, Status: tc.status, Header: h}, tc.method, []string{"content-type"}); got.Allowed != tc.allowed {
			t.Errorf("%s: got %+v", tc.name, got)
		}
	}
}
