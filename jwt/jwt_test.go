package jwt_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/jwt"
)

var (
	now    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	secret = []byte("0123456789abcdef0123456789abcdef")
)

func clock() time.Time { return now }

func hmacKey(t testing.TB) *jwt.Key {
	t.Helper()
	k, err := jwt.NewHMACKey(jwt.HS256, secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newVerifier(t testing.TB, change func(*jwt.VerifierConfig)) *jwt.Verifier {
	t.Helper()
	cfg := jwt.VerifierConfig{Keys: hmacKey(t), Issuer: "bank", Audience: "api", Clock: clock}
	if change != nil {
		change(&cfg)
	}
	v, err := jwt.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func issue(t testing.TB, change func(*jwt.IssuerConfig), extra any) string {
	t.Helper()
	cfg := jwt.IssuerConfig{Key: hmacKey(t), Issuer: "bank", Audience: "api", Clock: clock}
	if change != nil {
		change(&cfg)
	}
	i, err := jwt.NewIssuer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	token, err := i.Issue("alice", extra)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestIssuedTokensVerify(t *testing.T) {
	token := issue(t, nil, map[string]any{"role": "admin"})
	got, err := newVerifier(t, nil).Verify(context.Background(), token)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Role string `json:"role"`
	}
	if err := got.Claims(&claims); err != nil || claims.Role != "admin" {
		t.Errorf("claims %+v, %v", claims, err)
	}
	if got.Subject != "alice" || got.Issuer != "bank" || got.ID == "" || !got.Expiry.Equal(now.Add(15*time.Minute)) {
		t.Errorf("token %+v", got)
	}
}

func TestExtraClaimsDoNotReplaceTheIssuersOwn(t *testing.T) {
	i, err := jwt.NewIssuer(jwt.IssuerConfig{Key: hmacKey(t), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	if token, err := i.Issue("alice", map[string]any{"exp": 99999999999}); err == nil {
		t.Errorf("issued %s", token)
	}
}

func TestAgeIsToldApart(t *testing.T) {
	token := issue(t, nil, nil)
	late := newVerifier(t, func(c *jwt.VerifierConfig) { c.Clock = func() time.Time { return now.Add(15 * time.Minute) } })
	if _, err := late.Verify(context.Background(), token); !errors.Is(err, jwt.ErrExpired) || errors.Is(err, jwt.ErrInvalid) {
		t.Errorf("on the second: %v", err)
	}
	lenient := newVerifier(t, func(c *jwt.VerifierConfig) {
		c.Leeway = time.Minute
		c.Clock = func() time.Time { return now.Add(15 * time.Minute) }
	})
	if _, err := lenient.Verify(context.Background(), token); err != nil {
		t.Errorf("within the leeway: %v", err)
	}
	// A bad signature is invalid, expired or not.
	if _, err := late.Verify(context.Background(), token[:len(token)-4]+"AAAA"); errors.Is(err, jwt.ErrExpired) || !errors.Is(err, jwt.ErrInvalid) {
		t.Errorf("changed and expired: %v", err)
	}
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign makes a token of any text, with the right key, so that only the text
// can be why it is refused.
func sign(t testing.TB, header, payload string) string {
	t.Helper()
	token, err := jwt.SignRaw(hmacKey(t), []byte(header), []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

const (
	goodHeader = `{"alg":"HS256","typ":"JWT"}`
	goodClaims = `{"iss":"bank","aud":"api","sub":"alice","exp":1767323645}`
)

func TestRefusals(t *testing.T) {
	good := sign(t, goodHeader, goodClaims)
	if _, err := newVerifier(t, nil).Verify(context.Background(), good); err != nil {
		t.Fatalf("the control is refused: %v", err)
	}
	parts := strings.Split(good, ".")
	flip := func(s string) string { // another text of the same bytes, where a decoder is lax
		last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", s[len(s)-1])
		return s[:len(s)-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last^1])
	}
	claims := func(c string) string { return sign(t, goodHeader, c) }
	with := func(h string) string { return sign(t, h, goodClaims) }
	for name, token := range map[string]string{
		"43 none":                         b64(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + ".",
		"43 none with a signature":        b64(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"43 NonE":                         with(`{"alg":"NonE","typ":"JWT"}`),
		"43 empty alg":                    with(`{"alg":"","typ":"JWT"}`),
		"43 no alg":                       with(`{"typ":"JWT"}`),
		"43 another algorithm":            with(`{"alg":"HS512","typ":"JWT"}`),
		"45 unknown crit":                 with(`{"alg":"HS256","typ":"JWT","crit":["x"],"x":1}`),
		"45 empty crit":                   with(`{"alg":"HS256","typ":"JWT","crit":[]}`),
		"45 crit of an absent member":     with(`{"alg":"HS256","typ":"JWT","crit":["exp"]}`),
		"45 crit null":                    with(`{"alg":"HS256","typ":"JWT","crit":null}`),
		"45 b64 false":                    with(`{"alg":"HS256","typ":"JWT","b64":false}`),
		"45 b64 false with crit":          with(`{"alg":"HS256","typ":"JWT","b64":false,"crit":["b64"]}`),
		"46 alg twice":                    with(`{"alg":"HS256","typ":"JWT","alg":"none"}`),
		"46 exp twice":                    claims(`{"iss":"bank","aud":"api","exp":1,"exp":1767323645}`),
		"46 sub twice":                    claims(`{"iss":"bank","aud":"api","exp":1767323645,"sub":"a","sub":"b"}`),
		"46 EXP beside an expired exp":    claims(`{"iss":"bank","aud":"api","exp":1,"EXP":1767323645}`),
		"46 EXP alone":                    claims(`{"iss":"bank","aud":"api","EXP":1767323645}`),
		"46 aud a number":                 claims(`{"iss":"bank","aud":1,"exp":1767323645}`),
		"46 aud an object":                claims(`{"iss":"bank","aud":{"api":1},"exp":1767323645}`),
		"46 aud with a number":            claims(`{"iss":"bank","aud":["api",1],"exp":1767323645}`),
		"46 exp a text":                   claims(`{"iss":"bank","aud":"api","exp":"1767323645"}`),
		"46 exp null":                     claims(`{"iss":"bank","aud":"api","exp":null}`),
		"46 exp negative":                 claims(`{"iss":"bank","aud":"api","exp":-1}`),
		"46 exp NaN":                      claims(`{"iss":"bank","aud":"api","exp":NaN}`),
		"46 exp 1e400":                    claims(`{"iss":"bank","aud":"api","exp":1e400}`),
		"46 exp beyond int64":             claims(`{"iss":"bank","aud":"api","exp":99999999999999999999}`),
		"46 nbf a text":                   claims(`{"iss":"bank","aud":"api","exp":1767323645,"nbf":"0"}`),
		"46 iss a list":                   claims(`{"iss":["bank"],"aud":"api","exp":1767323645}`),
		"46 sub a number":                 claims(`{"iss":"bank","aud":"api","exp":1767323645,"sub":1}`),
		"47 line break in the signature":  parts[0] + "." + parts[1] + "." + parts[2][:5] + "\n" + parts[2][5:],
		"47 line break in the header":     parts[0][:5] + "\n" + parts[0][5:] + "." + parts[1] + "." + parts[2],
		"47 padding":                      good + "=",
		"47 unused bits of the signature": parts[0] + "." + parts[1] + "." + flip(parts[2]),
		"47 unused bits of the header":    flip(parts[0]) + "." + parts[1] + "." + parts[2],
		"47 standard alphabet":            parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]) + "+",
		"48 leading space":                " " + good,
		"48 trailing space":               good + " ",
		"48 trailing line break":          good + "\n",
		"48 trailing object":              claims(goodClaims + `{}`),
		"48 space around the claims":      claims(" " + goodClaims + " "),
		"48 a fourth segment":             good + ".x",
		"48 five segments":                good + ".x.y",
		"48 JSON serialization":           `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"48 a JWE's header":               with(`{"alg":"HS256","typ":"JWT","enc":"A256GCM"}`),
		"49 an ID token's type":           with(`{"alg":"HS256","typ":"id+jwt"}`),
		"50 jwk is not followed":          sign(t, `{"alg":"EdDSA","typ":"JWT","jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}`, goodClaims),
		"51 a megabyte of kid":            with(`{"alg":"HS256","typ":"JWT","kid":"` + strings.Repeat("k", 4000) + `"}`),
		"53 no exp":                       claims(`{"iss":"bank","aud":"api"}`),
		"53 no aud":                       claims(`{"iss":"bank","exp":1767323645}`),
		"53 no iss":                       claims(`{"aud":"api","exp":1767323645}`),
		"53 other aud":                    claims(`{"iss":"bank","aud":["other"],"exp":1767323645}`),
		"53 other iss":                    claims(`{"iss":"bank ","aud":"api","exp":1767323645}`),
		"54 a million dots":               strings.Repeat(".", 1_000_000),
		"54 dots within the limit":        strings.Repeat(".", 4000),
		"55 a mebibyte":                   sign(t, goodHeader, `{"iss":"bank","aud":"api","exp":1767323645,"x":"`+strings.Repeat("x", 1<<20)+`"}`),
		"58 not UTF-8":                    claims("{\"iss\":\"bank\",\"aud\":\"api\",\"exp\":1767323645,\"x\":\"\xff\"}"),
		"58 BOM":                          claims("\xef\xbb\xbf" + goodClaims),
		"58 depth":                        claims(`{"iss":"bank","aud":"api","exp":1767323645,"x":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}`),
		"empty":                           "",
		"dots":                            "..",
		"claims null":                     claims(`null`),
		"claims a list":                   claims(`[]`),
		"header null":                     with(`null`),
		"changed claims":                  parts[0] + "." + b64(strings.Replace(goodClaims, "alice", "mallo", 1)) + "." + parts[2],
		"no signature":                    parts[0] + "." + parts[1] + ".",
		"half a signature":                parts[0] + "." + parts[1] + "." + parts[2][:20],
		"not yet":                         claims(`{"iss":"bank","aud":"api","exp":1767323645,"nbf":1767323644}`),
	} {
		for kind, v := range map[string]*jwt.Verifier{"plain": newVerifier(t, nil), "cached": newVerifier(t, func(c *jwt.VerifierConfig) { c.MaxCached = 8 })} {
			v.Verify(context.Background(), good) // what was remembered must not help
			got, err := v.Verify(context.Background(), token)
			if err == nil {
				t.Errorf("%s (%s): accepted as %+v", name, kind, got)
				continue
			}
			var e *jwt.Error
			if !errors.As(err, &e) || e.Reason == "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s (%s): %v is no reason in one line", name, kind, err)
			}
		}
	}
}

func TestCacheKeepsCheckingTimeAndRevocation(t *testing.T) {
	at, revoked := now, false
	v := newVerifier(t, func(c *jwt.VerifierConfig) {
		c.MaxCached = 4
		c.Clock = func() time.Time { return at }
		c.Revoked = func(context.Context, *jwt.Token) (bool, error) { return revoked, nil }
	})
	token := issue(t, nil, nil)
	for range 2 {
		if _, err := v.Verify(context.Background(), token); err != nil {
			t.Fatal(err)
		}
	}
	revoked = true
	if _, err := v.Verify(context.Background(), token); !errors.Is(err, jwt.ErrInvalid) {
		t.Errorf("revoked: %v", err)
	}
	revoked, at = false, now.Add(time.Hour)
	if _, err := v.Verify(context.Background(), token); !errors.Is(err, jwt.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
	for range 100 {
		v.Verify(context.Background(), issue(t, nil, nil)) // more than it remembers
	}
}

func TestConfigurationMistakesAreToldTogether(t *testing.T) {
	_, err := jwt.NewVerifier(jwt.VerifierConfig{Leeway: time.Hour})
	for _, key := range []string{"keys", "issuer", "audience", "leeway"} {
		if err == nil || !strings.Contains(err.Error(), key+":") {
			t.Errorf("%v does not name %s", err, key)
		}
	}
	if _, err := jwt.NewHMACKey(jwt.HS256, []byte("short")); err == nil {
		t.Error("a secret of 5 bytes was taken")
	}
	if _, err := jwt.NewIssuer(jwt.IssuerConfig{Lifetime: 48 * time.Hour}); err == nil {
		t.Error("an issuer without key and with 48 hours was made")
	}
}
