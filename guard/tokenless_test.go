package guard

import "testing"

var answers = []struct {
	text string
	none bool
}{
	{`{"account":"DE02120300000000202051","balance":"1041.50","currency":"EUR","owner":"alice"}`, true},
	{`{"status":"ok","monkey":"money","keys":[1,2.5e10]}`, true},
	{``, true},
	{`{"access_token":"x"}`, false},
	{`{"ACCESS-TO_KEN":"x"}`, false},
	{`{"refreshToken":"x"}`, false},
	{`{"refreshTo-_-K-_e-_N":"x"}`, false},
	{`{"access\u005ftoken":"x"}`, false},
	{`{"acce` + "\u017f" + `stoken":"x"}`, false},
	{`{"access_to` + "\u212a" + `en":"x"}`, false},
	{`{"t":"eyJhbGciOiJub25lIn0.e30."}`, false},
	{`{"t":"Bearer eyJhbGciOiJub25lIn0.e30."}`, false},
	{`{"t":"\u0065yJhbGciOiJub25lIn0.e30."}`, false},
	{`{"a":{"jwt":"eyJhbGciOiJub25lIn0.e30.x"}}`, false},
	{`"eyJhbGciOiJub25lIn0.e30.x"`, false},
}

func TestTokenless(t *testing.T) {
	for _, c := range answers {
		if got := tokenless([]byte(c.text)); got != c.none {
			t.Errorf("%s: %v", c.text, got)
		}
	}
}

// FuzzTokenless: where it says that there is nothing, scrub finds nothing.
func FuzzTokenless(f *testing.F) {
	for _, c := range answers {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !tokenless([]byte(text)) {
			return
		}
		if clean, found, err := scrub([]byte(text), false, false); err == nil && (clean != nil || found.access != "" || found.refresh != "") {
			t.Fatalf("%q: scrub finds %+v", text, found)
		}
		if jwt := findJWT(text); jwt != "" {
			t.Fatalf("%q has %q", text, jwt)
		}
	})
}
