package jwt_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	jwx "github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/d710e0ae/countersign/jwt"
)

// FuzzAgainstJWX holds that what jwx refuses of a signed token, for its form
// or its claims, is refused here. The converse does not hold, and need not:
// we refuse duplicate members that it passes over, texts that are not
// canonical, times beyond the calendar, and nesting.
//
// Two refusals of jwx are not ours. It refuses a token that was issued in the
// future: RFC 7519, section 4.1.6, gives "iat" for judging a token's age and no
// rule by which to refuse it; "nbf" has that rule, and is checked. And it cuts
// the fraction off "exp", so that a token ends up to a second before the time
// that its issuer wrote.
func FuzzAgainstJWX(f *testing.F) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	now := time.Unix(1767323645, 0)
	for _, header := range []string{`{"alg":"HS256","typ":"JWT"}`, `{"alg":"HS256"}`, `{"alg":"none"}`, `{"alg":"HS256","crit":["exp"],"exp":1}`, `{"alg":"HS256","b64":false,"crit":["b64"]}`, `{"alg":"HS256","kid":"1","alg":"HS256"}`, `null`} {
		for _, claims := range []string{
			`{"iss":"bank","aud":"api","exp":1767324000}`, `{"iss":"bank","aud":["a","api"],"exp":1767323645.5,"nbf":0,"jti":"\u0041"}`,
			`{"iss":"bank","aud":"api","exp":1767323646,"nbf":1767323645,"iat":1767323999}`, `{"iss":"bank","aud":"api","exp":1767323645}`,
			`{"exp":"1"}`, `{"exp":1e400}`, `{"iss":"bank","aud":"api","exp":1.7673240e9,"sub":"a"}`, `[]`, `{"EXP":1,"exp":2}`, ` {}`, `{"iss":"bank","aud":"api","exp":1767324000,"":{"a":[1,null,true]}}`,
		} {
			f.Add(header, claims)
		}
	}
	v := must(jwt.NewVerifier(jwt.VerifierConfig{
		Keys: must(jwt.NewHMACKey(jwt.HS256, secret)), Issuer: "bank", Audience: "api", InsecureAnyType: true, Clock: func() time.Time { return now },
	}))
	f.Fuzz(func(t *testing.T, header, claims string) {
		text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		text += "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		token, ours := v.Verify(context.Background(), text)
		if ours != nil {
			return
		}
		_, err := jwx.Parse([]byte(text), jwx.WithKey(jwa.HS256(), secret), jwx.WithIssuer("bank"), jwx.WithAudience("api"),
			jwx.WithRequiredClaim("exp"), jwx.WithClock(jwx.ClockFunc(func() time.Time { return now })))
		switch {
		case err == nil:
		case errors.Is(err, jwx.InvalidIssuedAtError()) && token.IssuedAt.After(now):
		case errors.Is(err, jwx.TokenExpiredError()) && token.Expiry.Truncate(time.Second).Equal(now):
		default:
			t.Fatalf("jwx refuses %s with %s: %v", header, claims, err)
		}
	})
}
