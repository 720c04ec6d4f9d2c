package client_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

func set(t *testing.T, from string, lines ...string) []client.Cookie {
	t.Helper()
	u, err := url.Parse(from)
	if err != nil {
		t.Fatal(err)
	}
	return client.SetCookies(&client.Response{Request: &client.Request{URL: u}, Header: http.Header{"Set-Cookie": lines}, At: time.Unix(1_700_000_000, 0)})
}

func TestRefusedCookies(t *testing.T) {
	for _, tc := range []struct {
		from, line string
		refused    bool
	}{
		{"http://127.0.0.1:8000/", "a=b; Secure", false}, // loopback is trustworthy
		{"http://api.localhost/", "a=b; Secure", false},
		{"http://api.test/", "a=b; Secure", true},
		{"https://api.test/", "a=b; Secure", false},
		{"https://api.test/", "a=b; SameSite=None", true},
		{"https://api.test/", "a=b; SameSite=None; Secure", false},
		{"https://api.test/", "a=b; Domain=other.test", true},
		{"https://api.test/", "a=b; Domain=.api.test", false},
		{"https://www.api.test/", "a=b; Domain=api.test", false},
		{"https://api.test/", "__Host-a=b; Secure; Path=/", false},
		{"https://api.test/", "__Host-a=b; Path=/", true},
		{"https://api.test/", "__host-a=b; Secure; Path=/x", true},
		{"https://api.test/", "__Host-a=b; Secure; Path=/; Domain=api.test", true},
		{"https://api.test/", "__Secure-a=b", true},
		{"https://api.test/", "a=b; Secure; SameSite=None; Partitioned", false},
	} {
		cs := set(t, tc.from, tc.line)
		if len(cs) != 1 {
			t.Errorf("%s: %d cookies", tc.line, len(cs))
			continue
		}
		u, _ := url.Parse(tc.from)
		if why := cs[0].Refused(u.Scheme); (why != "") != tc.refused {
			t.Errorf("%s from %s: refused %q, want %v", tc.line, tc.from, why, tc.refused)
		}
	}
}

func TestJarSendsWhatMatches(t *testing.T) {
	jar := client.NewJar(set(t, "http://127.0.0.1/auth/login", "deep=1; Path=/api/v1", "root=2; Path=/", "here=3", `q="x y"; Path=/`, "gone=; Max-Age=0; Path=/")...)
	for path, want := range map[string]string{
		"/api/v1/x":  `deep=1; root=2; q="x y"`,
		"/api/v1":    `deep=1; root=2; q="x y"`,
		"/api/v10":   `root=2; q="x y"`,
		"/auth/me":   `here=3; root=2; q="x y"`,
		"/elsewhere": `root=2; q="x y"`,
	} {
		if got := jar.Header(&url.URL{Scheme: "http", Host: "127.0.0.1", Path: path}); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if got := jar.Header(&url.URL{Scheme: "http", Host: "127.0.0.2", Path: "/"}); got != "" {
		t.Errorf("another host gets %q", got)
	}
}

func TestADeletionTakesTheCookieAway(t *testing.T) {
	for _, line := range []string{"a=; Max-Age=0; Path=/", "a=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"} {
		jar := client.NewJar(set(t, "http://127.0.0.1/", "a=1; Path=/")...)
		for _, c := range set(t, "http://127.0.0.1/", line) {
			jar.Put(c)
		}
		if n := len(jar.Cookies()); n != 0 {
			t.Errorf("%s leaves %d cookies", line, n)
		}
	}
}

func TestJarsOfProbesAreApart(t *testing.T) {
	jar := client.NewJar(set(t, "http://127.0.0.1/", "a=1; Path=/")...)
	clone := jar.Clone()
	for _, c := range set(t, "http://127.0.0.1/", "a=2; Path=/", "b=3; Path=/") {
		clone.Put(c)
	}
	if c, _ := jar.Get("a"); c.Value != "1" || len(jar.Cookies()) != 1 {
		t.Errorf("the clone changed its origin: %v", jar.Cookies())
	}
}
