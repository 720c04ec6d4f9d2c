// Package jwt_test measures the verification of tokens, this project's beside
// its peers' and beside the bare cryptography that all stand on. Every library
// verifies the signature, issuer, audience and times.
package jwt_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	golangjwt "github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwa"
	jwx "github.com/lestrrat-go/jwx/v3/jwt"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/d710e0ae/countersign/jwt"
)

const (
	issuer   = "https://login.bank.example"
	audience = "https://api.bank.example"
)

// claims are the caller's own besides the registered ones.
type claims struct {
	Roles []string `json:"roles"`
	Email string   `json:"email"`
}

type golangClaims struct {
	golangjwt.RegisteredClaims
	claims
}

// A suite is one algorithm: the key to sign and to verify with, and the bare
// verification of its signature.
type suite struct {
	alg    string
	key    *jwt.Key
	public any
	jose   jose.SignatureAlgorithm
	jwx    jwa.SignatureAlgorithm
	bare   func(input, signature []byte) bool
	// native turns a signature of JWS into the one that bare takes.
	native func([]byte) []byte
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func suites() []suite {
	secret := bytes.Repeat([]byte("0123456789abcdef"), 2)
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	ecKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	same := func(b []byte) []byte { return b }
	return []suite{
		{"HS256", must(jwt.NewHMACKey(jwt.HS256, secret)), secret, jose.HS256, jwa.HS256(), func(input, signature []byte) bool {
			mac := hmac.New(sha256.New, secret)
			mac.Write(input)
			return hmac.Equal(mac.Sum(nil), signature)
		}, same},
		{"ES256", must(jwt.NewPrivateKey(jwt.ES256, ecKey)), &ecKey.PublicKey, jose.ES256, jwa.ES256(), func(input, signature []byte) bool {
			sum := sha256.Sum256(input)
			return ecdsa.VerifyASN1(&ecKey.PublicKey, sum[:], signature)
		}, asn1Form},
		{"EdDSA", must(jwt.NewPrivateKey(jwt.EdDSA, edKey)), edPublic, jose.EdDSA, jwa.EdDSA(), func(input, signature []byte) bool {
			return ed25519.Verify(edPublic, input, signature)
		}, same},
		{"RS256", must(jwt.NewPrivateKey(jwt.RS256, rsaKey)), &rsaKey.PublicKey, jose.RS256, jwa.RS256(), func(input, signature []byte) bool {
			sum := sha256.Sum256(input)
			return rsa.VerifyPKCS1v15(&rsaKey.PublicKey, crypto.SHA256, sum[:], signature) == nil
		}, same},
	}
}

func asn1Form(flat []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(new(big.Int).SetBytes(flat[:len(flat)/2]))
		b.AddASN1BigInt(new(big.Int).SetBytes(flat[len(flat)/2:]))
	})
	return b.BytesOrPanic()
}

func (s suite) token(b *testing.B) string {
	i, err := jwt.NewIssuer(jwt.IssuerConfig{Key: s.key, Issuer: issuer, Audience: audience, Lifetime: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	token, err := i.Issue("alice", claims{[]string{"customer", "trader"}, "alice@bank.example"})
	if err != nil {
		b.Fatal(err)
	}
	return token
}

func BenchmarkJWT(b *testing.B) {
	for _, s := range suites() {
		token := s.token(b)
		run := func(lib string, verify func() error) {
			b.Run("alg="+s.alg+"/lib="+lib, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := verify(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}

		dot := strings.LastIndexByte(token, '.')
		input, signature := []byte(token[:dot]), s.native(must(base64.RawURLEncoding.DecodeString(token[dot+1:])))
		run("bare", func() error {
			if !s.bare(input, signature) {
				return jwt.ErrSignature
			}
			return nil
		})

		v := must(jwt.NewVerifier(jwt.VerifierConfig{Keys: s.key, Issuer: issuer, Audience: audience}))
		run("countersign", func() error {
			_, err := v.Verify(context.Background(), token)
			return err
		})
		run("countersign-claims", func() error { // and the caller's own decoded
			t, err := v.Verify(context.Background(), token)
			if err != nil {
				return err
			}
			var c claims
			return t.Claims(&c)
		})
		remembering := must(jwt.NewVerifier(jwt.VerifierConfig{Keys: s.key, Issuer: issuer, Audience: audience, MaxCached: 1024}))
		run("countersign-cached", func() error {
			_, err := remembering.Verify(context.Background(), token)
			return err
		})

		parser := golangjwt.NewParser(golangjwt.WithValidMethods([]string{s.alg}), golangjwt.WithIssuer(issuer), golangjwt.WithAudience(audience), golangjwt.WithExpirationRequired())
		keyOf := func(*golangjwt.Token) (any, error) { return s.public, nil }
		run("golang-jwt", func() error {
			var c golangClaims
			_, err := parser.ParseWithClaims(token, &c, keyOf)
			return err
		})

		run("go-jose", func() error {
			t, err := josejwt.ParseSigned(token, []jose.SignatureAlgorithm{s.jose})
			if err != nil {
				return err
			}
			var c josejwt.Claims
			if err := t.Claims(s.public, &c); err != nil {
				return err
			}
			return c.Validate(josejwt.Expected{Issuer: issuer, AnyAudience: josejwt.Audience{audience}, Time: time.Now()})
		})

		text := []byte(token)
		run("jwx", func() error {
			_, err := jwx.Parse(text, jwx.WithKey(s.jwx, s.public), jwx.WithIssuer(issuer), jwx.WithAudience(audience))
			return err
		})
	}
}
