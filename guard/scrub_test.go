package guard

import (
	"encoding/json"
	"strings"
	"testing"
)

const aJWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"

func TestScrub(t *testing.T) {
	for _, c := range []struct {
		in, out, access, refresh string
		every                    bool
	}{
		{`{"access_token":"opaque","token_type":"bearer"}`, `{"token_type":"bearer"}`, "opaque", "", false},
		{`{"data":{"tokens":{"access":"` + aJWT + `","refresh":"` + aJWT + `x"},"n":1.50}}`, `{"data":{"tokens":{},"n":1.50}}`, aJWT, aJWT + "x", false},
		{`{"a":1,"token":"Bearer ` + aJWT + `","b":[{"c":"d"}]}`, `{"a":1,"b":[{"c":"d"}]}`, aJWT, "", false},
		{`{"id_token":"` + aJWT + `y","access_token":"` + aJWT + `"}`, `{}`, aJWT, "", false},
		{`{"access_token":"x","odd":"` + aJWT + `"}`, `{}`, "x", "", false},
		{`{"access_token":"x","next":"/home?t=` + aJWT + `&u"}`, `{}`, "x", "", false},
		{`{"token":"a CSRF token, no JWT"}`, ``, "", "", false},
		{`{"invitation":"` + aJWT + `"}`, ``, "", "", false},
		{`{"invitation":"` + aJWT + `"}`, `{}`, aJWT, "", true},
		{`{"message":"Your token is ` + aJWT + `"}`, ``, "", "", false},
		{`{"message":"Your token is ` + aJWT + `","ok":true}`, `{"ok":true}`, aJWT, "", true},
		{`{"next":"/app#t=` + aJWT + `","access_token":"x"}`, `{}`, "x", "", true},
		{`{"a":{"b":{"c":{"d":{"access_token":"` + aJWT + `"}}}}}`, `{"a":{"b":{"c":{"d":{}}}}}`, aJWT, "", false},
		{`{"tokens":[1,{"access_token":"` + aJWT + `"},2]}`, `{"tokens":[1,{},2]}`, aJWT, "", false},
		{`[{"access_token":"x"},"` + aJWT + `",3]`, `[{},3]`, "x", "", false},
		{`{"token":{"value":"` + aJWT + `","type":"bearer"}}`, `{"token":{"type":"bearer"}}`, aJWT, "", false},
		{`{"refresh":{"token":"` + aJWT + `"},"access":{"token":"` + aJWT + `x"}}`, `{"refresh":{},"access":{}}`, aJWT + "x", aJWT, false},
		{`{"AccessToken":"x","Refresh-Token":"y"}`, `{}`, "x", "y", false},
		{`"` + aJWT + `"`, `{}`, aJWT, "", false},
		{`"x"`, ``, "", "", false},
		{"\xEF\xBB\xBF" + `{"access_token":"x","a":1}`, `{"a":1}`, "x", "", false},
	} {
		out, f, err := scrub([]byte(c.in), c.every, false)
		if err != nil || string(out) != c.out || f.access != c.access || f.refresh != c.refresh {
			t.Errorf("%s:\n%s %+v %v", c.in, out, f, err)
		}
	}
	for _, bad := range []string{``, `1`, `{`, `)]}\',{}`, strings.Repeat("[", 70) + strings.Repeat("]", 70), `{"a":1,"a":2}`, `{} {}`, `{"access_token":"x"}x`} {
		if out, _, err := scrub([]byte(bad), true, false); err == nil {
			t.Errorf("%s: %s", bad, out)
		}
	}
}

// Where it is asked for, a page finds something where it looks for a token.
func TestScrubLeavesThePlaceholder(t *testing.T) {
	const p = `"kept-by-countersign"`
	for in, want := range map[string]string{
		`{"access_token":"opaque","refresh_token":"r","a":1}`: `{"access_token":` + p + `,"refresh_token":` + p + `,"a":1}`,
		`{"data":{"token":"Bearer ` + aJWT + `"}}`:            `{"data":{"token":` + p + `}}`,
		`{"access_token":"x","next":"/home?t=` + aJWT + `"}`:  `{"access_token":` + p + `}`,
		`{"access_token":"x","csrf_token":"y"}`:               `{"access_token":` + p + `}`,
		`[{"access_token":"x"},"` + aJWT + `"]`:               `[{"access_token":` + p + `}]`,
		`"` + aJWT + `"`:                                      p,
	} {
		if out, _, err := scrub([]byte(in), false, true); err != nil || string(out) != want {
			t.Errorf("%s: %s %v", in, out, err)
		}
	}
}

// FuzzScrub: what comes out is JSON, and no token that was taken is in it.
func FuzzScrub(f *testing.F) {
	f.Add(`{"access_token":"`+aJWT+`","x":{"y":{"refresh_token":"z"}}}`, false, true)
	f.Add(`{"\u0061ccess_token":"opaque","t":1}`, false, false)
	f.Add(`[{"x":"`+aJWT+`"},"`+aJWT+`",[[1]]]`, true, true)
	f.Fuzz(func(t *testing.T, in string, every, leave bool) {
		out, found, err := scrub([]byte(in), every, leave)
		if err != nil || out == nil {
			return
		}
		var v any
		if err := json.Unmarshal(out, &v); err != nil {
			t.Fatalf("%q gives %q: %v", in, out, err)
		}
		if isJWT(found.access) && strings.Count(in, found.access) == 1 && strings.Contains(string(out), found.access) {
			t.Fatalf("%q leaves the token in %q", in, out)
		}
		if _, object := v.(map[string]any); !object {
			return
		}
		if _, err := withMember(out, "csrf_token", "t"); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFindJWT(t *testing.T) {
	for _, text := range []string{aJWT, "Bearer " + aJWT, `"` + aJWT + `"`, "%22" + aJWT + "%22", "j%3A" + aJWT, "/?t=" + aJWT + "&x", "eyey." + aJWT, aJWT + ".", "key_" + aJWT,
		"s%3A" + aJWT + ".c2lnbmF0dXJl", // a cookie that is signed once more, as Express does
		strings.Repeat("key.they.", 1000) + " " + aJWT} {
		if got := findJWT(text); got != aJWT {
			t.Errorf("%s: %q", text, got)
		}
	}
	encrypted := "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXY.dGV4dA.dGFn"
	if got := findJWT("t=" + encrypted + ";"); got != encrypted {
		t.Errorf("%s: %q", encrypted, got)
	}
	for _, text := range []string{"", "ey", "hey you", "eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.x", "eyJ4IjoxfQ.e30.x", strings.Repeat("ey.", 10_000)} {
		if got := findJWT(text); got != "" {
			t.Errorf("%.40s: %q", text, got)
		}
	}
}

func TestTokensRoundTrip(t *testing.T) {
	in := tokens{access: "a", refresh: "", csrf: "c", cookies: []tokenCookie{{"n", "v", "/"}, {"m", "w", ""}}}
	out, ok := decodeTokens(in.encode())
	if !ok || out.access != in.access || out.csrf != in.csrf || len(out.cookies) != 2 || out.cookies[1] != in.cookies[1] {
		t.Errorf("%+v %v", out, ok)
	}
	in.renewing = 1_800_000_000_000
	if out, ok := decodeTokens(in.encode()); !ok || out.renewing != in.renewing || out.access != in.access || len(out.cookies) != 2 {
		t.Errorf("%+v %v", out, ok)
	}
	for _, bad := range [][]byte{nil, {0}, {2}, {3, 0, 0, 0}, {2, 0x80}, {2, 1, 200}, {1, 200}, {1, 5, 'a'}} {
		if _, ok := decodeTokens(bad); ok {
			t.Errorf("%v is read", bad)
		}
	}
}
