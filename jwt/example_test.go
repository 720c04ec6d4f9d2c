package jwt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/d710e0ae/countersign/jwt"
)

// A login that issues tokens of 15 minutes, and an API that takes them from
// the Authorization header only. Browsers never attach that header by
// themselves, so that no other site can forge such a request.
func Example() {
	key, err := jwt.NewHMACKey(jwt.HS256, []byte("keep 32 random bytes or more here"))
	if err != nil {
		panic(err)
	}
	issuer, err := jwt.NewIssuer(jwt.IssuerConfig{Key: key, Issuer: "bank", Audience: "api"})
	if err != nil {
		panic(err)
	}
	verifier, err := jwt.NewVerifier(jwt.VerifierConfig{Keys: key, Issuer: "bank", Audience: "api"})
	if err != nil {
		panic(err)
	}
	api := verifier.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := jwt.FromContext(r.Context())
		fmt.Fprintf(w, "balance of %s: 100", token.Subject)
	}))

	token, err := issuer.Issue("alice", nil)
	if err != nil {
		panic(err)
	}
	for _, authorization := range []string{"", "Bearer " + token} {
		r := httptest.NewRequest("GET", "/balance", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"), w.Body)
	}
	// Output:
	// 401 Bearer {"type":"about:blank","title":"Unauthorized","status":401,"detail":"Not authenticated","code":"no-token"}
	// 200  balance of alice: 100
}

// A refusal tells age apart from everything else, and says the reason in one
// line.
func ExampleVerifier_Verify() {
	key, err := jwt.NewHMACKey(jwt.HS256, []byte("keep 32 random bytes or more here"))
	if err != nil {
		panic(err)
	}
	issued := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	issuer, err := jwt.NewIssuer(jwt.IssuerConfig{Key: key, Issuer: "bank", Audience: "api", Clock: func() time.Time { return issued }})
	if err != nil {
		panic(err)
	}
	verifier, err := jwt.NewVerifier(jwt.VerifierConfig{
		Keys: key, Issuer: "bank", Audience: "api",
		Clock: func() time.Time { return issued.Add(time.Hour) },
	})
	if err != nil {
		panic(err)
	}
	token, err := issuer.Issue("alice", map[string]any{"role": "teller"})
	if err != nil {
		panic(err)
	}
	for _, text := range []string{token, token + "\n"} {
		_, err := verifier.Verify(context.Background(), text)
		fmt.Println(errors.Is(err, jwt.ErrExpired), err)
	}
	// Output:
	// true token expired: its time is over
	// false invalid token: a segment is not canonical base64url
}

// Own claims are read into an own struct. Names match exactly.
func ExampleToken_Claims() {
	key, err := jwt.NewHMACKey(jwt.HS256, []byte("keep 32 random bytes or more here"))
	if err != nil {
		panic(err)
	}
	issuer, err := jwt.NewIssuer(jwt.IssuerConfig{Key: key})
	if err != nil {
		panic(err)
	}
	verifier, err := jwt.NewVerifier(jwt.VerifierConfig{Keys: key, InsecureAnyIssuer: true, InsecureAnyAudience: true})
	if err != nil {
		panic(err)
	}
	text, err := issuer.Issue("alice", struct {
		Role string `json:"role"`
	}{"teller"})
	if err != nil {
		panic(err)
	}
	token, err := verifier.Verify(context.Background(), text)
	if err != nil {
		panic(err)
	}
	var claims struct {
		Role string `json:"role"`
	}
	if err := token.Claims(&claims); err != nil {
		panic(err)
	}
	fmt.Println(token.Subject, claims.Role)
	// Output: alice teller
}

// All mistakes of a configuration are told at once.
func ExampleNewVerifier() {
	_, err := jwt.NewVerifier(jwt.VerifierConfig{Issuer: "bank", Leeway: time.Hour})
	fmt.Println(err)
	// Output:
	// keys: no key; a verifier without keys would refuse every token
	// audience: no audience is demanded; set it, or waive it by InsecureAnyAudience
	// leeway: must be from 0 to 5m
}

// An identity provider's keys are read when they are first needed, and again
// when they are old or a token names one that is not there.
func ExampleNewJWKS() {
	keys, err := jwt.NewJWKS(jwt.JWKSConfig{
		URL:        "https://login.example/.well-known/jwks.json",
		Issuer:     "https://login.example",
		Algorithms: []jwt.Algorithm{jwt.RS256},
	})
	if err != nil {
		panic(err)
	}
	defer keys.Close()
	verifier, err := jwt.NewVerifier(jwt.VerifierConfig{Keys: keys, Issuer: "https://login.example", Audience: "api", Type: "at+jwt"})
	fmt.Println(verifier != nil, err)
	// Output: true <nil>
}

// A key without alg must be told what it is for.
func ExampleParseJWK() {
	const text = `{"kty":"OKP","crv":"Ed25519","kid":"2026-01","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	_, err := jwt.ParseJWK([]byte(text))
	fmt.Println(err)
	key, err := jwt.ParseJWK([]byte(text), jwt.EdDSA)
	fmt.Println(key, err)
	// Output:
	// key: the JWK names no alg, and the token must not choose it (CVE-2026-22818); say which algorithm the key is for
	// EdDSA key "2026-01" <nil>
}

// Two issuers, each with keys of its own, and a list of what was revoked.
func ExampleIssuerKeys() {
	bank, err := jwt.NewJWKS(jwt.JWKSConfig{URL: "https://bank.example/jwks.json", Issuer: "https://bank.example", Algorithms: []jwt.Algorithm{jwt.ES256}})
	if err != nil {
		panic(err)
	}
	defer bank.Close()
	shop, err := jwt.NewJWKS(jwt.JWKSConfig{URL: "https://shop.example/jwks.json", Issuer: "https://shop.example", Algorithms: []jwt.Algorithm{jwt.EdDSA}})
	if err != nil {
		panic(err)
	}
	defer shop.Close()
	revoked := jwt.NewDenylist(0, nil)
	verifier, err := jwt.NewVerifier(jwt.VerifierConfig{
		Keys:     jwt.IssuerKeys{"https://bank.example": bank, "https://shop.example": shop},
		Audience: "api",
		Revoked:  revoked.Revoked,
	})
	fmt.Println(verifier != nil, err)
	// Output: true <nil>
}

// What the issuer publishes while one key takes the place of another.
func ExampleFixedKeys_PublicJWKS() {
	next, err := jwt.ParseJWK([]byte(`{"kty":"OKP","alg":"EdDSA","crv":"Ed25519","kid":"2026-02","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`))
	if err != nil {
		panic(err)
	}
	current, err := jwt.ParseJWK([]byte(`{"kty":"OKP","alg":"EdDSA","crv":"Ed25519","kid":"2026-01","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}`))
	if err != nil {
		panic(err)
	}
	keys, err := jwt.NewKeys(next, current)
	if err != nil {
		panic(err)
	}
	set, err := keys.PublicJWKS()
	fmt.Println(string(set), err)
	// Output: {"keys":[{"kty":"OKP","use":"sig","alg":"EdDSA","kid":"2026-02","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"OKP","use":"sig","alg":"EdDSA","kid":"2026-01","crv":"Ed25519","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}]} <nil>
}
