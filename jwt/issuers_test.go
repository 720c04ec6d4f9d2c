package jwt_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/jwt"
)

func pair(t testing.TB, id string) *jwt.Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := jwt.NewPrivateKey(jwt.ES256, private)
	if err != nil {
		t.Fatal(err)
	}
	return k.WithID(id)
}

// Keys for each issuer name the issuers: nothing need be waived, and no third
// one gets in.
func TestIssuerKeysNameTheIssuers(t *testing.T) {
	bank, shop := pair(t, "1"), pair(t, "1")
	sets := jwt.IssuerKeys{"bank": bank.Public(), "shop": fixed(t, shop.Public())}
	v := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys, c.Issuer = sets, "" })
	sets["thief"] = pair(t, "1").Public() // what is changed later does not count
	by := func(k *jwt.Key, issuer string) string {
		return issue(t, func(c *jwt.IssuerConfig) { c.Key, c.Issuer = k, issuer }, nil)
	}
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"bank":            {by(bank, "bank"), nil},
		"shop":            {by(shop, "shop"), nil},
		"shop's for bank": {by(shop, "bank"), jwt.ErrSignature},
		"a third":         {by(bank, "thief"), jwt.ErrUnknownKey},
		"none":            {by(bank, ""), jwt.ErrUnknownKey},
	} {
		if _, err := v.Verify(context.Background(), c.token); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	one := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys, c.Issuer = sets, "bank" })
	if _, err := one.Verify(context.Background(), by(shop, "shop")); !errors.Is(err, jwt.ErrIssuer) {
		t.Errorf("where one of them is demanded: %v", err)
	}

	elsewhere, err := jwt.NewJWKS(jwt.JWKSConfig{URL: "https://shop.example/jwks", Issuer: "https://shop.example", Algorithms: []jwt.Algorithm{jwt.ES256}})
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	_, err = jwt.NewVerifier(jwt.VerifierConfig{Audience: "api", Keys: jwt.IssuerKeys{
		"": bank, "nobody": nil, "bank": bank.WithIssuer("bank"), "shop": elsewhere, "other": bank.WithIssuer("bank"),
	}})
	var keys []string
	for e := range cfgerrors.All(err) {
		keys = append(keys, e.Key)
	}
	if want := []string{`keys[""]`, `keys["nobody"]`, `keys["other"]`, `keys["shop"]`}; !slices.Equal(keys, want) {
		t.Errorf("the mistakes are at %q, want %q", keys, want)
	}
	if _, err := jwt.NewVerifier(jwt.VerifierConfig{Audience: "api", Keys: jwt.IssuerKeys{}}); err == nil {
		t.Error("no issuer at all")
	}
}

func TestSeveralAudiences(t *testing.T) {
	to := func(audience string) string {
		return issue(t, func(c *jwt.IssuerConfig) { c.Audience = audience }, nil)
	}
	list := issue(t, func(c *jwt.IssuerConfig) { c.Audience = "" }, map[string]any{"aud": []string{"web", "old-api"}})
	empty := issue(t, func(c *jwt.IssuerConfig) { c.Audience = "" }, map[string]any{"aud": ""})
	both := func(c *jwt.VerifierConfig) { c.Audiences = []string{"old-api"} }
	alone := func(c *jwt.VerifierConfig) { c.Audience, c.Audiences = "", []string{"old-api"} }
	for name, c := range map[string]struct {
		change func(*jwt.VerifierConfig)
		token  string
		want   error
	}{
		"the first":        {both, to("api"), nil},
		"another":          {both, to("old-api"), nil},
		"one of a list":    {both, list, nil},
		"none of them":     {both, to("web"), jwt.ErrAudience},
		"no audience":      {both, to(""), jwt.ErrAudience},
		"an empty one":     {both, empty, jwt.ErrAudience},
		"alone":            {alone, to("old-api"), nil},
		"alone, the first": {alone, to("api"), jwt.ErrAudience},
		"alone, empty":     {alone, empty, jwt.ErrAudience},
	} {
		if _, err := newVerifier(t, c.change).Verify(context.Background(), c.token); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for name, audiences := range map[string][]string{"empty": {""}, "twice": {"a", "a"}, "as the first": {"api"}} {
		if _, err := jwt.NewVerifier(jwt.VerifierConfig{Keys: hmacKey(t), Issuer: "bank", Audience: "api", Audiences: audiences}); err == nil {
			t.Errorf("an audience that is there %s", name)
		}
	}
	if _, err := jwt.NewVerifier(jwt.VerifierConfig{Keys: hmacKey(t), Issuer: "bank", Audiences: []string{"api"}, InsecureAnyAudience: true}); err == nil {
		t.Error("audiences are demanded and waived")
	}
}

func TestPublicJWKSIsReadBack(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed, err := jwt.NewPrivateKey(jwt.EdDSA, private)
	if err != nil {
		t.Fatal(err)
	}
	next, old := pair(t, "2026-02"), pair(t, "2026-01")
	text, err := fixed(t, next, old, ed.WithID("ed")).PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), `"d"`) {
		t.Fatalf("it has a private key: %s", text)
	}
	set, err := jwt.ParseJWKS(text)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys = set })
	for _, k := range []*jwt.Key{next, old, ed.WithID("ed")} {
		token := issue(t, func(c *jwt.IssuerConfig) { c.Key = k }, nil)
		if got, err := v.Verify(context.Background(), token); err != nil || got.KeyID != k.ID() {
			t.Errorf("%s: %v", k, err)
		}
	}
	if text, err := fixed(t, hmacKey(t)).PublicJWKS(); err == nil {
		t.Errorf("a secret was published: %s", text)
	}
}

// Two issuers may give their tokens the same identifier.
func TestTheDenylistTellsIssuersApart(t *testing.T) {
	list := jwt.NewDenylist(0, clock)
	if err := list.Revoke(&jwt.Token{Issuer: "bank", ID: "1", Expiry: now.Add(1)}); err != nil {
		t.Fatal(err)
	}
	for issuer, want := range map[string]bool{"bank": true, "shop": false} {
		if got, err := list.Revoked(context.Background(), &jwt.Token{Issuer: issuer, ID: "1"}); got != want || err != nil {
			t.Errorf("%s: %v, %v", issuer, got, err)
		}
	}
}
