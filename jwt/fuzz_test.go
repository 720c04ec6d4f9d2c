package jwt_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"

	"github.com/d710e0ae/countersign/jwt"
)

// seeds are tokens of every kind, good and bad, beside those that the tests
// above name.
func seeds(f *testing.F) {
	for _, header := range []string{goodHeader, `{"alg":"HS256"}`, `{"alg":"none"}`, `{"alg":"HS256","crit":[],"typ":"JWT"}`, `{"alg":"HS256","typ":"JWT","b64":false}`, `{"alg":"HS256","alg":"HS256"}`, `null`} {
		for _, claims := range []string{goodClaims, `{"iss":"bank","aud":["a","api"],"exp":1767323645.5,"nbf":0,"jti":"\u0041"}`, `{"exp":"1"}`, `{"exp":1e400}`, `[]`, `{"EXP":1,"exp":2}`, ` {}`} {
			f.Add(header, claims, "")
			f.Add(header, claims, "\n")
			f.Add(header, claims, "=")
		}
	}
}

// FuzzVerify signs any header and claims with the right key, so that nothing
// but their text can be why they are refused, and holds what is accepted to
// what a token is.
func FuzzVerify(f *testing.F) {
	seeds(f)
	key, err := jwt.NewHMACKey(jwt.HS256, secret)
	if err != nil {
		f.Fatal(err)
	}
	v := newVerifier(f, func(c *jwt.VerifierConfig) { c.MaxCached = 4 })
	f.Fuzz(func(t *testing.T, header, claims, tail string) {
		token, err := jwt.SignRaw(key, []byte(header), []byte(claims))
		if err != nil {
			t.Fatal(err)
		}
		token += tail
		got, err := v.Verify(context.Background(), token)
		again, err2 := v.Verify(context.Background(), token)
		if (err == nil) != (err2 == nil) || err == nil && got.Issuer != again.Issuer {
			t.Fatalf("the cache changes the verdict: %v, then %v", err, err2)
		}
		if err != nil {
			return
		}
		parts := strings.Split(token, ".")
		if len(parts) != 3 || tail != "" {
			t.Fatalf("accepted %q", token)
		}
		for _, p := range parts {
			b, err := base64.RawURLEncoding.DecodeString(p)
			if err != nil || base64.RawURLEncoding.EncodeToString(b) != p {
				t.Fatalf("%q is not the one text of its bytes", p)
			}
		}
		var h struct {
			Alg  string `json:"alg"`
			Crit any    `json:"crit"`
			B64  any    `json:"b64"`
		}
		if json.Unmarshal([]byte(header), &h) != nil || h.Alg != "HS256" || h.Crit != nil || h.B64 != nil && h.B64 != true {
			t.Fatalf("accepted the header %q", header)
		}
		var c map[string]any
		if json.Unmarshal([]byte(claims), &c) != nil || c["iss"] != "bank" {
			t.Fatalf("accepted the claims %q", claims)
		}
		if exp, ok := c["exp"].(float64); !ok || exp <= float64(now.Unix()) {
			t.Fatalf("accepted the age of %q", claims)
		}
		if string(got.Payload()) != claims {
			t.Fatalf("%q became %q", claims, got.Payload())
		}
	})
}

// FuzzAgainstGoJose holds that what go-jose refuses of a signed token, for
// its form or its claims, is refused here. The converse does not hold, and
// need not: we refuse duplicate members that it passes over, texts that are
// not canonical, times beyond the calendar, and nesting.
func FuzzAgainstGoJose(f *testing.F) {
	seeds(f)
	v := newVerifier(f, func(c *jwt.VerifierConfig) { c.InsecureAnyType = true })
	f.Fuzz(func(t *testing.T, header, claims, tail string) {
		token := macOf(secret, b64(header), b64(claims)) + tail
		_, ours := v.Verify(context.Background(), token)
		if ours != nil {
			return
		}
		parsed, err := josejwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
		if err != nil {
			t.Fatalf("go-jose refuses the form of %q: %v", token, err)
		}
		var c josejwt.Claims
		if err := parsed.Claims(secret, &c); err != nil {
			t.Fatalf("go-jose refuses the signature or claims of %q: %v", token, err)
		}
		if err := c.ValidateWithLeeway(josejwt.Expected{Issuer: "bank", AnyAudience: josejwt.Audience{"api"}, Time: now}, 0); err != nil {
			t.Fatalf("go-jose refuses %q: %v", claims, err)
		}
	})
}

// FuzzText gives the verifier any text: what is accepted bears the right MAC
// over its own first two segments.
func FuzzText(f *testing.F) {
	good := macOf(secret, b64(goodHeader), b64(goodClaims))
	for _, s := range []string{good, good + ".", good[1:], good[:len(good)-1], "", "..", strings.Repeat(".", 100), "a.b.c", good + "\n"} {
		f.Add(s)
	}
	v := newVerifier(f, nil)
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := v.Verify(context.Background(), token); err != nil {
			return
		}
		dot := strings.LastIndexByte(token, '.')
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(token[:dot]))
		if base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != token[dot+1:] {
			t.Fatalf("accepted %q", token)
		}
	})
}

// FuzzParseJWK holds that a key that is accepted says what it is for, and
// that what is written of it reads back the same.
func FuzzParseJWK(f *testing.F) {
	for _, s := range []string{
		`{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`,
		`{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		`{"kty":"EC","crv":"P-256","alg":"ES256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","use":"sig"}`,
		`{"kty":"oct","alg":"HS256","k":"AA"}`, `{"kty":"RSA","alg":"RS256","n":"AQ","e":"AQAB"}`, `{}`, `[]`, `{"kty":"oct","kty":"oct"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := jwt.ParseJWK(data)
		if err != nil {
			return
		}
		write := k.PublicJWK
		if k.CanSign() {
			write = k.PrivateJWK
		}
		text, err := write()
		if err != nil {
			t.Fatalf("%s is read as %v, and cannot be written: %v", data, k, err)
		}
		again, err := jwt.ParseJWK(text)
		if err != nil || again.Algorithm() != k.Algorithm() || again.ID() != k.ID() || again.CanSign() != k.CanSign() {
			t.Fatalf("%s became %s, %v", data, text, err)
		}
	})
}

// FuzzBearer holds that a token that is taken is a word of its header.
func FuzzBearer(f *testing.F) {
	for _, s := range []string{"Bearer a", "bearer a.b.c", "Bearer  a", "Basic a", "Bearer a b", "Bearer\ta", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := &http.Request{Header: http.Header{"Authorization": {value}}}
		token, err := jwt.Bearer(r)
		if err == nil && (!strings.EqualFold(value, "Bearer "+token) || strings.ContainsAny(token, " \t\r\n,;\"") || token == "") {
			t.Fatalf("%q gives %q", value, token)
		}
	})
}
