package attack

import (
	"strings"
	"testing"
	"time"
)

func TestForgedTokensAreWhatTheySay(t *testing.T) {
	claims := map[string]any{"sub": "alice", "exp": float64(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Unix())}
	token := hs("HS256", map[string]any{"typ": "JWT"}, claims, []byte("s3cret-of-the-server"))
	j, err := parseJWS(token)
	if err != nil {
		t.Fatal(err)
	}
	if !j.signedBy([]byte("s3cret-of-the-server")) || j.signedBy([]byte("secret")) || j.alg() != "HS256" {
		t.Error("the signature is not told from another")
	}
	if exp, ok := j.when("exp"); !ok || exp.UTC().Year() != 2030 {
		t.Errorf("exp is %v, %v", exp, ok)
	}
	changed, ok := j.resigned()
	if !ok || changed == token || len(changed) != len(token) || !strings.HasPrefix(changed, j.raw[0]+"."+j.raw[1]+".") {
		t.Errorf("resigned is %q", changed)
	}
	if c, err := parseJWS(changed); err != nil || c.signedBy([]byte("s3cret-of-the-server")) {
		t.Error("the changed signature still verifies")
	}
	for _, u := range j.unsigned() {
		n, err := parseJWS(u)
		if err != nil || !strings.EqualFold(n.alg(), "none") || n.raw[2] != "" || n.claims["sub"] != "alice" {
			t.Errorf("unsigned is %q (%v)", u, err)
		}
	}
}

func TestWellKnownSecretsAreFound(t *testing.T) {
	for _, secret := range []string{"secret", "changeme", "your-256-bit-secret", "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", "pet-shop-secret"} {
		j, err := parseJWS(hs("HS512", map[string]any{}, map[string]any{"sub": "a"}, []byte(secret)))
		if err != nil {
			t.Fatal(err)
		}
		target := &Target{Title: "Pet Shop", Base: at(t, "http://127.0.0.1")}
		got, from, err := target.crack(t.Context(), j)
		if err != nil || string(got) != secret || from == "" {
			t.Errorf("%s: got %q from %q, %v", secret, got, from, err)
		}
	}
	strong, _ := parseJWS(hs("HS256", map[string]any{}, map[string]any{"sub": "a"}, []byte("u8Zk2nQ7xW1vLr5tYp9sGd3fHj6bNm4c")))
	if got, _, err := (&Target{Title: "Pet Shop", Base: at(t, "http://127.0.0.1")}).crack(t.Context(), strong); got != nil || err != nil {
		t.Errorf("a strong secret was found: %q, %v", got, err)
	}
}

func FuzzParseJWS(f *testing.F) {
	for _, s := range []string{"", "a.b.c", "e30.e30.", hs("HS256", map[string]any{}, map[string]any{"sub": "x"}, []byte("k")), "....", "eyJhbGciOjF9.e30.x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		j, err := parseJWS(token)
		if err != nil {
			return
		}
		if strings.Join(j.raw[:], ".") != token {
			t.Errorf("%q is not what was read", token)
		}
		j.alg()
		j.when("exp")
		j.signedBy([]byte("k"))
		if changed, ok := j.resigned(); ok && changed == token {
			t.Errorf("%q was not changed", token)
		}
	})
}
