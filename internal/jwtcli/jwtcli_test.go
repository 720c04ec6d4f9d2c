package jwtcli_test

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/internal/jwtcli"
	"github.com/d710e0ae/countersign/jwt"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func clock() time.Time { return now }

func issue(t *testing.T, k *jwt.Key, extra any) string {
	t.Helper()
	i, err := jwt.NewIssuer(jwt.IssuerConfig{Key: k, Issuer: "bank", Audience: "api", Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	token, err := i.Issue("alice", extra)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAKeyOfEachAlgorithmIsMadeReadAndUsed(t *testing.T) {
	for _, alg := range jwt.Algorithms() {
		var text strings.Builder
		if err := jwtcli.Keygen(&text, alg); err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		key, err := jwt.ParseJWK([]byte(text.String()))
		if err != nil || key.ID() == "" || key.Algorithm() != alg {
			t.Errorf("%s: %v, %v", alg, key, err)
			continue
		}
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := jwtcli.ReadKeyFile(path, alg)
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		var out strings.Builder
		if err := jwtcli.Verify(context.Background(), &out, issue(t, key, nil), jwtcli.VerifyOptions{Keys: keys, Clock: clock}); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		if !strings.Contains(out.String(), `"sub": "alice"`) {
			t.Errorf("%s: wrote %s", alg, out.String())
		}
	}
	if err := jwtcli.Keygen(new(strings.Builder), "none"); err == nil {
		t.Error("made a key for none")
	}
}

func TestKeyFiles(t *testing.T) {
	raw := "a secret of thirty-two bytes, yes"
	k := base64.RawURLEncoding.EncodeToString([]byte(raw))
	for name, c := range map[string]struct {
		text string
		alg  jwt.Algorithm
		good bool
	}{
		"raw":                        {raw, jwt.HS256, true},
		"raw with a line break":      {raw + "\n", jwt.HS256, true},
		"raw with CRLF":              {raw + "\r\n", jwt.HS256, true},
		"raw without algorithm":      {raw, "", false},
		"short":                      {"short", jwt.HS256, false},
		"empty":                      {"", jwt.HS256, false},
		"unknown algorithm":          {raw, "hs256", false},
		"JWK":                        {`{"kty":"oct","alg":"HS256","k":"` + k + `"}`, "", true},
		"JWK without alg":            {`{"kty":"oct","k":"` + k + `"}`, "", false},
		"JWK told its alg":           {`{"kty":"oct","k":"` + k + `"}`, jwt.HS256, true},
		"JWK of another alg":         {`{"kty":"oct","alg":"HS256","k":"` + k + `"}`, jwt.HS384, false},
		"JWKS":                       {`{"keys":[{"kty":"oct","alg":"HS256","k":"` + k + `"}]}`, "", true},
		"PEM without algorithm":      {"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n", "", false},
		"PEM":                        {"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n", jwt.EdDSA, true},
		"PEM as secret":              {"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n", jwt.HS256, false},
		"PEM with something behind":  {"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\nx", jwt.EdDSA, false},
		"a secret that looks like {": {"{not json, but long enough to be a secret", jwt.HS256, true},
	} {
		keys, err := jwtcli.ParseKeys([]byte(c.text), c.alg)
		if (err == nil) != c.good || (keys != nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			n := 0
			for range cfgerrors.All(err) {
				n++
			}
			if n == 0 {
				t.Errorf("%s: %v is no configuration error", name, err)
			}
			if strings.Contains(err.Error(), raw) || strings.Contains(err.Error(), k) {
				t.Errorf("%s: %v shows the secret", name, err)
			}
		}
	}
	if _, err := jwtcli.ReadKeyFile(filepath.Join(t.TempDir(), "none"), jwt.HS256); err == nil {
		t.Error("read a file that is not there")
	}
}

func TestRefusalsAreOneLine(t *testing.T) {
	key, err := jwt.NewHMACKey(jwt.HS256, []byte("a secret of thirty-two bytes, yes"))
	if err != nil {
		t.Fatal(err)
	}
	token := issue(t, key, nil)
	for name, c := range map[string]struct {
		token string
		o     jwtcli.VerifyOptions
		want  string
	}{
		"expired":      {token, jwtcli.VerifyOptions{Clock: func() time.Time { return now.Add(time.Hour) }}, "its time is over"},
		"issuer":       {token, jwtcli.VerifyOptions{Issuer: "shop", Clock: clock}, "the issuer is another"},
		"audience":     {token, jwtcli.VerifyOptions{Audience: "web", Clock: clock}, "it is for another audience"},
		"type":         {token, jwtcli.VerifyOptions{Type: "at+jwt", Clock: clock}, "it is of another type"},
		"changed":      {token[:len(token)-2] + "AA", jwtcli.VerifyOptions{Clock: clock}, ""},
		"not a token":  {"x", jwtcli.VerifyOptions{Clock: clock}, "it does not have three segments"},
		"with a space": {token + " ", jwtcli.VerifyOptions{Clock: clock}, "a segment is not canonical base64url"},
	} {
		c.o.Keys = key
		var out strings.Builder
		err := jwtcli.Verify(context.Background(), &out, c.token, c.o)
		var refusal *jwtcli.Refusal
		if !errors.As(err, &refusal) || strings.Contains(refusal.Reason, "\n") || c.want != "" && refusal.Reason != c.want || out.Len() > 0 {
			t.Errorf("%s: %v, wrote %q", name, err, out.String())
		}
	}
	if err := jwtcli.Verify(context.Background(), new(strings.Builder), token, jwtcli.VerifyOptions{Keys: key, Leeway: time.Hour}); err == nil || errors.As(err, new(*jwtcli.Refusal)) {
		t.Errorf("a leeway of an hour: %v", err)
	}
}

func TestInspectSaysThatNothingIsVerifiedAndPrintsSafely(t *testing.T) {
	part := base64.RawURLEncoding.EncodeToString
	token := part([]byte(`{"alg":"none"}`)) + "." + part([]byte(`{"sub":"ü\u202e`+"\u009b"+`31m😀","exp":1767323100}`)) + "."
	var out strings.Builder
	if err := jwtcli.Inspect(&out, token, now); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Not verified", `"alg": "none"`, `\u00fc`, `\u202e`, `\u009b31m`, `\ud83d\ude00`, "exp: 2026-01-02T03:05:00Z (in 55s)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	for _, r := range out.String() {
		if r != '\n' && (r < ' ' || r > '~') {
			t.Errorf("%q reaches the terminal", r)
		}
	}
	out.Reset()
	if err := jwtcli.Inspect(&out, part([]byte("\x1b[31m"))+"."+part([]byte{0, 0xFF})+".", now); err != nil || strings.ContainsRune(out.String(), '\x1b') {
		t.Errorf("%v, wrote %q", err, out.String())
	}
	if err := jwtcli.Inspect(&out, "x", now); !errors.As(err, new(*jwtcli.Refusal)) {
		t.Errorf("not a token: %v", err)
	}
}

func TestReadToken(t *testing.T) {
	for in, want := range map[string]string{"a.b.c": "a.b.c", "a.b.c\n": "a.b.c", "a.b.c\r\n": "a.b.c", " a.b.c \n": " a.b.c ", "a\n\n": "a\n"} {
		if got, err := jwtcli.ReadToken(strings.NewReader(in)); got != want || err != nil {
			t.Errorf("%q is read as %q, %v", in, got, err)
		}
	}
	if _, err := jwtcli.ReadToken(strings.NewReader(strings.Repeat("x", 2<<20))); !errors.As(err, new(*jwtcli.Refusal)) {
		t.Errorf("2 MiB: %v", err)
	}
	if _, err := jwtcli.ReadToken(strings.NewReader("\n")); err == nil {
		t.Error("nothing was read as a token")
	}
}
