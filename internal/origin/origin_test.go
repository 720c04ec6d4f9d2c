package origin_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/internal/origin"
	"golang.org/x/net/publicsuffix"
)

func parse(t *testing.T, s string) origin.Origin {
	t.Helper()
	o, err := origin.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

var wellFormed = []string{
	"https://example.com", "http://example.com", "https://example.com:8443", "http://localhost", "http://localhost:3000",
	"http://127.0.0.1:8000", "http://[::1]:8000", "https://[2001:db8::1]", "http://[::ffff:7f00:1]", "https://xn--bcher-kva.example",
	"https://my_app.xn--bcher-kva.example", "https://r3---sn-a.xn--bcher-kva.example", "https://a-.xn--fa-hia.example:8443",
	"https://a_b.example.com", "https://a-b.c-d.example", "https://1.example", "https://example.com:65535", "http://example.com:443",
}

var ill = []string{
	"", " ", "example.com", "//example.com", "ftp://example.com", "file://", "ws://example.com", "javascript:alert(1)",
	"https://", "https:///", "https://example.com/", "https://example.com/path", "https://example.com?", "https://example.com#",
	"https://example.com:", "https://example.com:443", "http://example.com:80", "https://example.com:0", "https://example.com:08443",
	"https://example.com:65536", "https://example.com:123456", "https://example.com:8a", "HTTPS://example.com", "https://Example.com",
	"https://example.com.", "https://.example.com", "https://a..b", "https://evil@example.com", "https://u:p@example.com",
	"https://example.com,https://evil.test", "https://example.com https://evil.test", "https://exam\nple.com", "https://exam\x00ple.com",
	"https://bücher.example", "https://example.com\\", "https://*.example.com", "https://127.1", "https://0x7f000001", "https://2130706433",
	"https://256.1.1.1", "https://1.2.3.4.5", "http://[::1", "http://::1", "http://[0:0:0:0:0:0:0:1]", "http://[::1%25eth0]", "http://[::FFFF]",
	"http://[::ffff:127.0.0.1]", "http://[::1]x", "http://[]", "https://xn--a", "https://exa%6dple.com", "https://a.xn--example-.com",
	"https://" + strings.Repeat("a", 64) + ".com", "https://" + strings.Repeat("a.", 127) + "toolong", "https://example.com\t", "null ", "NULL",
}

func TestParse(t *testing.T) {
	for _, s := range wellFormed {
		o, err := origin.Parse(s)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if o.String() != s {
			t.Errorf("%q prints as %q", s, o)
		}
	}
	for _, s := range ill {
		var syntax *origin.SyntaxError
		if o, err := origin.Parse(s); err == nil || !errors.As(err, &syntax) {
			t.Errorf("%q was read as %q (%v)", s, o, err)
		}
	}
	if _, err := origin.Parse("null"); !errors.Is(err, origin.ErrNull) {
		t.Errorf("null: %v", err)
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	for _, s := range []string{"https://app.example.com:8443", "null", "https://evil@example.com", "https://example.com/"} {
		if n := testing.AllocsPerRun(100, func() { origin.Parse(s) }); n != 0 {
			t.Errorf("%q: %v allocations", s, n)
		}
	}
}

func TestOfHostHeader(t *testing.T) {
	want := parse(t, "https://example.com")
	for _, host := range []string{"example.com", "EXAMPLE.com", "example.com:443"} {
		if o, err := origin.Of("https", host); err != nil || o != want {
			t.Errorf("%q: %v, %v", host, o, err)
		}
	}
	if o, err := origin.Of("http", "example.com:443"); err != nil || o == want || o.Port() != 443 {
		t.Errorf("got %v, %v", o, err)
	}
	for _, bad := range []struct{ scheme, host string }{{"ftp", "example.com"}, {"", "example.com"}, {"https", ""}, {"https", "a b"}, {"https", "x@y"}, {"https", "example.com/"}, {"https", "example.com:"}} {
		if o, err := origin.Of(bad.scheme, bad.host); err == nil {
			t.Errorf("%v was read as %v", bad, o)
		}
	}
}

func TestSameSite(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"https://a.example.com", "https://b.example.com", true},
		{"https://example.com", "https://example.com:8443", true},
		{"https://example.com", "http://example.com", false},
		{"https://a.github.io", "https://b.github.io", false},
		{"https://example.co.uk", "https://other.co.uk", false},
		{"http://127.0.0.1:1", "http://127.0.0.1:2", true},
		{"http://127.0.0.1", "http://127.0.0.2", false},
		{"http://localhost:1", "http://localhost:2", true},
		{"http://localhost", "http://127.0.0.1", false},
		{"http://bank.test", "http://attacker.test", false},
		{"http://a.bank.test", "http://bank.test", true},
		{"http://[::1]:1", "http://[::1]:2", true},
		{"http://1.0.0.1", "http://2.0.0.1", false},
	} {
		if got := parse(t, c.a).SameSite(parse(t, c.b)); got != c.want {
			t.Errorf("%s, %s: %v", c.a, c.b, got)
		}
	}
	if (origin.Origin{}).SameSite(origin.Origin{}) {
		t.Error("no origin is same site with nothing")
	}
}

func TestIsLoopback(t *testing.T) {
	for s, want := range map[string]bool{
		"http://localhost": true, "http://a.localhost": true, "http://127.0.0.1": true, "http://127.9.9.9": true, "http://[::1]": true,
		"http://localhost.evil.test": false, "http://127.0.0.1.evil.test": false, "http://10.0.0.1": false, "http://notlocalhost": false,
	} {
		if got := parse(t, s).IsLoopback(); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern  string
		admits   []string
		excludes []string
	}{
		{"https://example.com", []string{"https://example.com"},
			[]string{"http://example.com", "https://example.com:8443", "https://a.example.com", "https://example.com.attacker.test", "https://attackerexample.com"}},
		{"https://*.example.com", []string{"https://a.example.com", "https://a.b.example.com"},
			[]string{"https://example.com", "http://a.example.com", "https://a.example.com:8443", "https://a.example.com.attacker.test", "https://attackerexample.com", "https://aexample.com"}},
		{"https://*.example.com:8443", []string{"https://a.example.com:8443"}, []string{"https://a.example.com"}},
	} {
		p, err := origin.ParsePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if p.String() != c.pattern {
			t.Errorf("%s prints as %s", c.pattern, p)
		}
		set := origin.NewSet(p)
		for _, s := range c.admits {
			if !set.Contains(s) {
				t.Errorf("%s does not admit %s", c.pattern, s)
			}
		}
		for _, s := range c.excludes {
			if set.Contains(s) {
				t.Errorf("%s admits %s", c.pattern, s)
			}
		}
	}
}

func TestPatternsThatAreMistakes(t *testing.T) {
	for s, code := range map[string]cfgerrors.Code{
		"*": cfgerrors.Dangerous, "null": cfgerrors.Dangerous, "https://*.com": cfgerrors.Dangerous, "https://*.co.uk": cfgerrors.Dangerous,
		"https://*.github.io": cfgerrors.Dangerous, "example.com": cfgerrors.Malformed, "https://a*.example.com": cfgerrors.Malformed,
		"https://*.*.example.com": cfgerrors.Malformed, "HTTPS://Example.com": cfgerrors.Malformed, "https://Example.com": cfgerrors.NeverWorks,
		"https://example.com/": cfgerrors.NeverWorks, "https://example.com:443": cfgerrors.NeverWorks, "http://*.127.0.0.1": cfgerrors.NeverWorks,
		"https://*.localhost": cfgerrors.Dangerous,
	} {
		_, err := origin.ParsePattern(s)
		var e *cfgerrors.Error
		if !errors.As(err, &e) || e.Code != code || e.Instead == "" {
			t.Errorf("%q: %v, want %s", s, err, code)
		}
	}
}

// TestTwoPatternsAdmitNoThird is GHSA-vhxv-fg4m-p2w8.
func TestTwoPatternsAdmitNoThird(t *testing.T) {
	var set []origin.Pattern
	for _, s := range []string{"https://*.example.com", "https://example.com.evil.test", "https://foo.com"} {
		p, err := origin.ParsePattern(s)
		if err != nil {
			t.Fatal(err)
		}
		set = append(set, p)
	}
	for _, s := range []string{"https://a.foo.com", "https://a.example.com.evil.test", "https://evil.test", "https://example.com"} {
		if origin.NewSet(set...).Contains(s) {
			t.Errorf("admits %s", s)
		}
	}
	if (origin.Set{}).Contains("https://foo.com") {
		t.Error("the zero Set admits something")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range append(wellFormed, ill...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := origin.Parse(s)
		if slowly, err2 := origin.ParseInFull(s); slowly != o || (err == nil) != (err2 == nil) {
			t.Fatalf("%q is read as %v (%v) for speed, and as %v (%v) in full", s, o, err, slowly, err2)
		}
		if err != nil {
			return
		}
		if o.String() != s {
			t.Fatalf("%q prints as %q", s, o)
		}
		same, err := origin.Of(o.Scheme(), strings.ToUpper(o.HostPort()))
		if err != nil || same != o {
			t.Fatalf("%q as a Host header is %v (%v)", s, same, err)
		}
		if strings.ContainsAny(s, "@/?#\\ \t,") != strings.Contains(s, "//") {
			t.Fatalf("%q was accepted", s)
		}
	})
}

// FuzzPattern: no pattern admits an origin of another registrable domain.
func FuzzPattern(f *testing.F) {
	for _, p := range []string{"https://*.example.com", "https://example.com", "http://*.a.co.uk", "https://*.xn--p1ai"} {
		for _, s := range wellFormed {
			f.Add(p, s)
		}
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		p, err := origin.ParsePattern(pattern)
		if err != nil {
			return
		}
		o, err := origin.Parse(s)
		if err != nil || !origin.NewSet(p).Contains(s) {
			return
		}
		if !p.Wildcard() {
			if p.Origin() != o {
				t.Fatalf("%s admits %s", p, o)
			}
			return
		}
		if o.Scheme() != p.Origin().Scheme() || o.Port() != p.Origin().Port() || !strings.HasSuffix(o.Host(), "."+p.Origin().Host()) {
			t.Fatalf("%s admits %s", p, o)
		}
		if suffix, _ := publicsuffix.PublicSuffix(p.Origin().Host()); suffix == p.Origin().Host() {
			t.Fatalf("%s stands for a public suffix", p)
		}
	})
}

func BenchmarkContains(b *testing.B) {
	for _, n := range []int{1, 1000} {
		var patterns []origin.Pattern
		for i := range n {
			p, err := origin.ParsePattern("https://a" + strings.Repeat("x", i%50) + ".example" + string(rune('a'+i/50%26)) + ".com")
			if err != nil {
				b.Fatal(err)
			}
			patterns = append(patterns, p)
		}
		set := origin.NewSet(patterns...)
		b.Run("origins="+map[int]string{1: "1", 1000: "1000"}[n], func(b *testing.B) {
			text := patterns[len(patterns)-1].String()
			for b.Loop() {
				if !set.Contains(text) {
					b.Fatal("missing")
				}
			}
		})
	}
}
