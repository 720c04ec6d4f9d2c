package guard

import (
	"encoding/json"
	"strings"
	"testing"
)

const aJWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"

func TestScrub(t *testing.T) {
	for _, c := range []struct{ in, out, access, refresh string }{
		{`{"access_token":"opaque","token_type":"bearer"}`, `{"token_type":"bearer"}`, "opaque", ""},
		{`{"data":{"tokens":{"access":"` + aJWT + `","refresh":"` + aJWT + `x"},"n":1.50}}`, `{"data":{"tokens":{},"n":1.50}}`, aJWT, aJWT + "x"},
		{`{"a":1,"token":"Bearer ` + aJWT + `","b":[{"c":"d"}]}`, `{"a":1,"b":[{"c":"d"}]}`, aJWT, ""},
		{`{"id_token":"` + aJWT + `y","access_token":"` + aJWT + `"}`, `{}`, aJWT, ""},
		{`{"access_token":"x","odd":"` + aJWT + `"}`, `{}`, "x", ""},
		{`{"token":"a CSRF token, no JWT"}`, ``, "", ""},
		{`{"invitation":"` + aJWT + `"}`, ``, "", ""},
	} {
		out, f, err := scrub([]byte(c.in))
		if err != nil || string(out) != c.out || f.access != c.access || f.refresh != c.refresh {
			t.Errorf("%s:\n%s %+v %v", c.in, out, f, err)
		}
	}
	for _, bad := range []string{``, `[]`, `"x"`, `{`, `{"a":1,"a":2}`, `{} {}`, `{"access_token":"x"}x`} {
		if out, _, err := scrub([]byte(bad)); err == nil {
			t.Errorf("%s: %s", bad, out)
		}
	}
}

// FuzzScrub: what comes out is JSON, and no token that was taken is in it.
func FuzzScrub(f *testing.F) {
	f.Add(`{"access_token":"` + aJWT + `","x":{"y":{"refresh_token":"z"}}}`)
	f.Add(`{"\u0061ccess_token":"opaque","t":1}`)
	f.Fuzz(func(t *testing.T, in string) {
		out, found, err := scrub([]byte(in))
		if err != nil || out == nil {
			return
		}
		var v map[string]any
		if err := json.Unmarshal(out, &v); err != nil {
			t.Fatalf("%q gives %q: %v", in, out, err)
		}
		if isJWT(found.access) && strings.Count(in, found.access) == 1 && strings.Contains(string(out), found.access) {
			t.Fatalf("%q leaves the token in %q", in, out)
		}
		if _, err := withMember(out, "csrf_token", "t"); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTokensRoundTrip(t *testing.T) {
	in := tokens{access: "a", refresh: "", csrf: "c", cookies: []tokenCookie{{"n", "v", "/"}, {"m", "w", ""}}}
	out, ok := decodeTokens(in.encode())
	if !ok || out.access != in.access || out.csrf != in.csrf || len(out.cookies) != 2 || out.cookies[1] != in.cookies[1] {
		t.Errorf("%+v %v", out, ok)
	}
	for _, bad := range [][]byte{nil, {0}, {2, 0, 0, 0}, {1, 200}, {1, 5, 'a'}} {
		if _, ok := decodeTokens(bad); ok {
			t.Errorf("%v is read", bad)
		}
	}
}
