package target_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/guard/internal/target"
)

var table = []struct {
	raw, want string
	err       error
}{
	{"/", "/", nil},
	{"/a/b", "/a/b", nil},
	{"/a/b/", "/a/b/", nil},
	{"/a?b=c&d=%2f..", "/a?b=c&d=%2f..", nil},
	{"/a?", "/a?", nil},
	{"/%61dmin", "/admin", nil},
	{"/caf%c3%a9", "/caf%C3%A9", nil},
	{"/100%25", "/100%25", nil},
	{"/a%20b", "/a%20b", nil},
	{"/@a:b,c", "/@a:b,c", nil},
	{"", "", target.ErrForm},
	{"*", "", target.ErrForm},
	{"http://evil.test/", "", target.ErrForm},
	{"//evil.test", "", target.ErrEmpty},
	{"/public/../admin", "", target.ErrDots},
	{"/public/./admin", "", target.ErrDots},
	{"/public/..", "", target.ErrDots},
	{"/public/%2e%2e/admin", "", target.ErrDots},
	{"/public/.%2E/admin", "", target.ErrDots},
	{"/public%2fadmin", "", target.ErrHidden},
	{"/public%5cadmin", "", target.ErrHidden},
	{"/public\\admin", "", target.ErrCharacter},
	{"/a//b", "", target.ErrEmpty},
	{"/a;x=1/b", "", target.ErrCharacter},
	{"/a%3bx=1", "", target.ErrHidden},
	{"/a%00", "", target.ErrHidden},
	{"/a%0d%0aX:y", "", target.ErrHidden},
	{"/a%23b", "", target.ErrHidden},
	{"/a%3fb", "", target.ErrHidden},
	{"/a%252e", "", target.ErrHidden},
	{"/a#b", "", target.ErrCharacter},
	{"/a%", "", target.ErrEscape},
	{"/a%4", "", target.ErrEscape},
	{"/a%zz", "", target.ErrEscape},
	{"/%c0%ae%c0%ae/", "", target.ErrUTF8},
	{"/a\x80", "", target.ErrCharacter},
	{"/a{b}", "", target.ErrCharacter},
	{"/a?b#c", "", target.ErrQuery},
	{"/a?b c", "", target.ErrQuery},
	{"/a?" + strings.Repeat("x=1&", 1000), "", target.ErrTooMany},
}

func TestParse(t *testing.T) {
	for _, c := range table {
		got, err := target.Parse(c.raw)
		if !errors.Is(err, c.err) {
			t.Errorf("%q: error %v, want %v", c.raw, err, c.err)
		}
		if err == nil && got.String() != c.want {
			t.Errorf("%q: %q, want %q", c.raw, got, c.want)
		}
	}
}

// FuzzParse: what is accepted is its own canonical spelling, and has nothing
// in it that a router would treat specially.
func FuzzParse(f *testing.F) {
	for _, c := range table {
		f.Add(c.raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := target.Parse(raw)
		if err != nil {
			return
		}
		again, err := target.Parse(got.String())
		if err != nil || again != got {
			t.Fatalf("%q: %+v, and again %+v, %v", raw, got, again, err)
		}
		for _, bad := range []string{"/../", "/./", "//", "\\", ";", "\x00", "#", "?"} {
			if strings.Contains(got.Path+"/", bad) && !(bad == "//" && strings.HasSuffix(got.Path, "/")) {
				t.Fatalf("%q: the path %q contains %q", raw, got.Path, bad)
			}
		}
	})
}
