package jwt_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/jwt"
)

// BenchmarkVerify compares verification, with and without cache, with the
// bare cryptography that it stands on, in one run.
func BenchmarkVerify(b *testing.B) {
	rsaPrivate, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	ecPrivate, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	edPublic, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	private := func(alg jwt.Algorithm, s crypto.Signer) *jwt.Key {
		k, err := jwt.NewPrivateKey(alg, s)
		if err != nil {
			b.Fatal(err)
		}
		return k
	}
	for _, c := range []struct {
		key  *jwt.Key
		bare func(input, sig []byte) bool
	}{
		{hmacKey(b), func(input, sig []byte) bool {
			mac := hmac.New(sha256.New, secret)
			mac.Write(input)
			return hmac.Equal(mac.Sum(nil), sig)
		}},
		{private(jwt.EdDSA, edPrivate), func(input, sig []byte) bool { return ed25519.Verify(edPublic, input, sig) }},
		{private(jwt.ES256, ecPrivate), func(input, sig []byte) bool {
			sum := sha256.Sum256(input)
			return ecdsa.VerifyASN1(&ecPrivate.PublicKey, sum[:], sig)
		}},
		{private(jwt.RS256, rsaPrivate), func(input, sig []byte) bool {
			sum := sha256.Sum256(input)
			return rsa.VerifyPKCS1v15(&rsaPrivate.PublicKey, crypto.SHA256, sum[:], sig) == nil
		}},
	} {
		token := issue(b, func(cfg *jwt.IssuerConfig) { cfg.Key = c.key }, map[string]any{"role": "admin"})
		name := "alg=" + string(c.key.Algorithm())
		b.Run(name+"/bare", func(b *testing.B) {
			input, sig := bareParts(b, token, c.key, ecPrivate)
			b.ReportAllocs()
			for b.Loop() {
				if !c.bare(input, sig) {
					b.Fatal("the signature does not verify")
				}
			}
		})
		for _, cached := range []int{0, 1024} {
			v := newVerifier(b, func(cfg *jwt.VerifierConfig) { cfg.Keys, cfg.MaxCached = c.key, cached })
			b.Run(name+map[int]string{0: "/fresh", 1024: "/cached"}[cached], func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := v.Verify(context.Background(), token); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// bareParts returns what the bare functions verify: the signature of ECDSA in
// its ASN.1 form.
func bareParts(b *testing.B, token string, k *jwt.Key, ec *ecdsa.PrivateKey) (input, sig []byte) {
	b.Helper()
	dot := strings.LastIndexByte(token, '.')
	input = []byte(token[:dot])
	if k.Algorithm() == jwt.ES256 {
		sum := sha256.Sum256(input)
		sig, err := ec.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			b.Fatal(err)
		}
		return input, sig
	}
	sig, err := jwt.DecodeSegment(token[dot+1:])
	if err != nil {
		b.Fatal(err)
	}
	return input, sig
}

func BenchmarkRefuse(b *testing.B) {
	good := issue(b, nil, nil)
	for name, token := range map[string]string{
		"case=signature":   good[:len(good)-4] + "AAAA",
		"case=dots":        strings.Repeat(".", 8000),
		"case=depth":       sign(b, goodHeader, `{"x":`+strings.Repeat("[", 2500)+strings.Repeat("]", 2500)+`}`),
		"case=members":     sign(b, goodHeader, `{"a":1`+strings.Repeat(`,"a":1`, 900)+`}`),
		"case=not-base64":  strings.Replace(good, ".", "!.", 1),
		"case=unknown-kid": sign(b, `{"alg":"HS256","typ":"JWT","kid":"x"}`, goodClaims),
	} {
		v := newVerifier(b, func(c *jwt.VerifierConfig) { c.Keys = hmacKey(b).WithID("1") })
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(context.Background(), token); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func BenchmarkVerifyParallel(b *testing.B) {
	token := issue(b, nil, nil)
	for name, cached := range map[string]int{"cached": 1024, "fresh": 0} {
		v := newVerifier(b, func(c *jwt.VerifierConfig) { c.MaxCached = cached })
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := v.Verify(context.Background(), token); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
