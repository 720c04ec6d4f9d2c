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
	"crypto/x509"
	"encoding/base64"
	"encoding/json" // the first version, as the lax verifier uses it
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/jwt"
)

// lax verifies tokens as careless code does: the header chooses the algorithm
// and the key's meaning, base64 is read leniently, JSON by encoding/json, and
// nothing is demanded that is not there. It is the control: every attack of
// this file succeeds against it.
type lax struct {
	keys    map[string][]byte // by kid; "" is the default
	fetched int               // keys taken from where the token says
}

func (l *lax) accepts(token string) bool {
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) < 3 {
		return false
	}
	decode := func(s string) []byte {
		s = strings.NewReplacer("\n", "", "=", "", " ", "").Replace(s)
		b, _ := base64.RawURLEncoding.DecodeString(s)
		return b
	}
	var header struct {
		Alg, Kid string
		Jwk      struct{ X string }
		Jku      string
	}
	var claims struct {
		Exp json.RawMessage
	}
	if json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(decode(parts[0]), []byte("\xef\xbb\xbf")))).Decode(&header) != nil ||
		json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(decode(parts[1]), []byte("\xef\xbb\xbf")))).Decode(&claims) != nil {
		return false
	}
	var exp float64
	if json.Unmarshal(claims.Exp, &exp) == nil && exp < float64(now.Unix()) && exp >= 0 {
		return false
	}
	input := []byte(parts[0] + "." + parts[1])
	switch {
	case strings.EqualFold(header.Alg, "none") || header.Alg == "":
		return true
	case header.Jku != "":
		l.fetched++
		return true
	case header.Alg == "EdDSA" && header.Jwk.X != "":
		l.fetched++
		return ed25519.Verify(decode(header.Jwk.X), input, decode(parts[2]))
	}
	key, ok := l.keys[header.Kid]
	if !ok {
		key = l.keys[""]
	}
	if block, _ := pem.Decode(key); block != nil && header.Alg == "RS256" {
		pub, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return false
		}
		sum := sha256.Sum256(input)
		return rsa.VerifyPKCS1v15(pub.(*rsa.PublicKey), crypto.SHA256, sum[:], decode(parts[2])) == nil
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(input)
	return hmac.Equal(mac.Sum(nil), decode(parts[2]))
}

func careless() *lax { return &lax{keys: map[string][]byte{"": secret}} }

// macOf signs any two segments with any secret.
func macOf(key []byte, header, claims string) string {
	input := header + "." + claims
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// An attack is a token that careless code accepts, and what ours says of it.
type attack struct {
	name  string
	token string
	about error
}

// refuse runs the attacks against both.
func refuse(t *testing.T, v *jwt.Verifier, control *lax, attacks []attack) {
	t.Helper()
	if len(attacks) == 0 {
		t.Fatal("no attack")
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			if !control.accepts(a.token) {
				t.Errorf("the control refuses it too, so that it shows nothing")
			}
			got, err := v.Verify(context.Background(), a.token)
			if !errors.Is(err, a.about) {
				t.Errorf("got %v, %v; want the error %v", got, err, a.about)
			}
		})
	}
}

func goodToken(t testing.TB) (token, header, claims, signature string) {
	t.Helper()
	token = sign(t, goodHeader, goodClaims)
	p := strings.Split(token, ".")
	if _, err := newVerifier(t, nil).Verify(context.Background(), token); err != nil {
		t.Fatalf("the good token is refused: %v", err)
	}
	return token, p[0], p[1], p[2]
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAttack_43_AlgorithmNoneAndConfusion(t *testing.T) {
	_, _, claims, sig := goodToken(t)
	head := func(alg string) string { return b64(fmt.Sprintf(`{"alg":%q,"typ":"JWT"}`, alg)) }
	refuse(t, newVerifier(t, nil), careless(), []attack{
		{"none without signature", head("none") + "." + claims + ".", jwt.ErrSignature},
		{"none with a signature", head("none") + "." + claims + "." + sig, jwt.ErrAlgorithm},
		{"NonE", head("NonE") + "." + claims + "." + sig, jwt.ErrAlgorithm},
		{"empty", head("") + "." + claims + "." + sig, jwt.ErrMalformed},
		{"missing", b64(`{"typ":"JWT"}`) + "." + claims + "." + sig, jwt.ErrAlgorithm},
	})

	// CVE-2026-33322: the public key, known to all, taken as HMAC secret.
	private := rsaKey(t, 2048)
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	key, err := jwt.ParsePEM(public, jwt.RS256)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys = key })
	refuse(t, v, &lax{keys: map[string][]byte{"": public}}, []attack{
		{"public key as secret", macOf(public, b64(goodHeader), claims), jwt.ErrUnknownKey},
	})
	if k, err := jwt.NewHMACKey(jwt.HS256, public); err == nil {
		t.Errorf("a public key was taken as secret: %v", k)
	}
}

func TestAttack_44_JWKWithoutAlgorithm(t *testing.T) {
	private := rsaKey(t, 2048)
	n := base64.RawURLEncoding.EncodeToString(private.N.Bytes())
	text := []byte(`{"kty":"RSA","n":"` + n + `","e":"AQAB"}`)
	if k, err := jwt.ParseJWK(text); err == nil {
		t.Fatalf("taken without alg: %v", k)
	}
	if k, err := jwt.ParseJWK(text, jwt.RS256, jwt.PS256); err == nil {
		t.Fatalf("taken though two algorithms fit: %v", k)
	}
	key, err := jwt.ParseJWK(text, jwt.RS256)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys = key })
	// The control: another algorithm of the same key, signed by its owner for
	// another purpose, verifies where the header may choose.
	other, err := jwt.NewPrivateKey(jwt.PS256, private)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.SignRaw(other, []byte(`{"alg":"PS256","typ":"JWT"}`), []byte(goodClaims))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys = other }).Verify(context.Background(), token); err != nil {
		t.Fatalf("the control is refused: %v", err)
	}
	if _, err := v.Verify(context.Background(), token); !errors.Is(err, jwt.ErrUnknownKey) {
		t.Errorf("the header chose the algorithm: %v", err)
	}
}

func TestAttack_45_CriticalExtensions(t *testing.T) {
	_, _, claims, _ := goodToken(t)
	with := func(more string) string {
		return macOf(secret, b64(`{"alg":"HS256","typ":"JWT",`+more+`}`), claims)
	}
	refuse(t, newVerifier(t, nil), careless(), []attack{
		{"unknown", with(`"crit":["exp"],"exp":1`), jwt.ErrCritical},
		{"empty", with(`"crit":[]`), jwt.ErrCritical},
		{"null", with(`"crit":null`), jwt.ErrCritical},
		{"no list", with(`"crit":"b64"`), jwt.ErrCritical},
		{"of a registered name", with(`"crit":["alg"]`), jwt.ErrCritical},
		{"twice the same", with(`"crit":["x","x"],"x":1`), jwt.ErrCritical},
		{"b64 false", with(`"b64":false`), jwt.ErrCritical},
		{"b64 false with crit", with(`"b64":false,"crit":["b64"]`), jwt.ErrCritical},
		{"b64 odd", with(`"b64":0`), jwt.ErrCritical},
	})
	knows := newVerifier(t, func(c *jwt.VerifierConfig) { c.Critical = []string{"x", "y"} })
	refuse(t, knows, careless(), []attack{
		{"absent member", with(`"crit":["x","y"],"x":1`), jwt.ErrCritical},
		{"one unknown among known", with(`"crit":["x","z"],"x":1,"z":1`), jwt.ErrCritical},
	})
	if _, err := knows.Verify(context.Background(), with(`"crit":["x"],"x":1`)); err != nil {
		t.Errorf("an extension that is understood: %v", err)
	}
}

func TestAttack_46_DuplicateMiscasedAndMistypedMembers(t *testing.T) {
	claims := func(c string) string { return macOf(secret, b64(goodHeader), b64(c)) }
	const future = "1767323645"
	refuse(t, newVerifier(t, nil), careless(), []attack{
		{"alg twice", macOf(secret, b64(`{"alg":"HS512","alg":"HS256","typ":"JWT"}`), b64(goodClaims)), jwt.ErrMalformed},
		{"alg twice, once escaped", macOf(secret, b64(`{"\u0061lg":"HS512","alg":"HS256","typ":"JWT"}`), b64(goodClaims)), jwt.ErrMalformed},
		{"ALG", macOf(secret, b64(`{"ALG":"HS256","typ":"JWT"}`), b64(goodClaims)), jwt.ErrAlgorithm},
		{"exp twice", claims(`{"iss":"bank","aud":"api","exp":1,"exp":` + future + `}`), jwt.ErrMalformed},
		{"sub twice", claims(`{"iss":"bank","aud":"api","exp":` + future + `,"sub":"a","sub":"b"}`), jwt.ErrMalformed},
		{"EXP beside an expired exp", claims(`{"iss":"bank","aud":"api","exp":1,"EXP":` + future + `}`), jwt.ErrExpired},
		{"Exp alone", claims(`{"iss":"bank","aud":"api","Exp":` + future + `}`), jwt.ErrClaim},
		{"aud a number", claims(`{"iss":"bank","aud":1,"exp":` + future + `}`), jwt.ErrClaim},
		{"aud an object", claims(`{"iss":"bank","aud":{"api":1},"exp":` + future + `}`), jwt.ErrClaim},
		{"aud nested", claims(`{"iss":"bank","aud":[["api"]],"exp":` + future + `}`), jwt.ErrClaim},
		{"aud null", claims(`{"iss":"bank","aud":null,"exp":` + future + `}`), jwt.ErrClaim},
		{"exp a text", claims(`{"iss":"bank","aud":"api","exp":"` + future + `"}`), jwt.ErrClaim},
		{"exp a boolean", claims(`{"iss":"bank","aud":"api","exp":true}`), jwt.ErrClaim},
		{"exp negative", claims(`{"iss":"bank","aud":"api","exp":-1}`), jwt.ErrClaim},
		{"exp minus zero", claims(`{"iss":"bank","aud":"api","exp":-0.1}`), jwt.ErrClaim},
		{"exp 1e400", claims(`{"iss":"bank","aud":"api","exp":1e400}`), jwt.ErrClaim},
		{"exp beyond int64", claims(`{"iss":"bank","aud":"api","exp":9223372036854775808}`), jwt.ErrClaim},
		{"exp beyond the calendar", claims(`{"iss":"bank","aud":"api","exp":253402300800}`), jwt.ErrClaim},
	})
	// NaN is no JSON, for the control neither.
	if _, err := newVerifier(t, nil).Verify(context.Background(), claims(`{"iss":"bank","aud":"api","exp":NaN}`)); !errors.Is(err, jwt.ErrMalformed) {
		t.Errorf("NaN: %v", err)
	}
	for _, exp := range []string{future, future + ".5", "1.767323645e9", "17673236450E-1"} {
		if _, err := newVerifier(t, nil).Verify(context.Background(), claims(`{"iss":"bank","aud":["x","api"],"exp":`+exp+`}`)); err != nil {
			t.Errorf("exp %s: %v", exp, err)
		}
	}
}

func TestAttack_47_OneTokenManyTexts(t *testing.T) {
	token, head, claims, sig := goodToken(t)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, sig[len(sig)-1])
	attacks := []attack{
		{"line break in the signature", head + "." + claims + "." + sig[:7] + "\n" + sig[7:], jwt.ErrMalformed},
		{"carriage return at the end", token + "\r\n", jwt.ErrMalformed},
		{"padding", token + "=", jwt.ErrMalformed},
		{"line break in the header, signed so", macOf(secret, head[:4]+"\n"+head[4:], claims), jwt.ErrMalformed},
		{"padding of the claims, signed so", macOf(secret, head, claims+"=="), jwt.ErrMalformed},
	}
	for bits := 1; bits < 4; bits++ { // 32 bytes leave two bits unused
		attacks = append(attacks, attack{fmt.Sprintf("unused bits %b", bits), head + "." + claims + "." + sig[:len(sig)-1] + string(alphabet[last|bits]), jwt.ErrMalformed})
	}
	refuse(t, newVerifier(t, nil), careless(), attacks)

	// A deny-list of texts is evaded by another text of the same token; ours
	// keys on jti, and there is no other text.
	revoked := ""
	v := newVerifier(t, func(c *jwt.VerifierConfig) {
		c.Revoked = func(_ context.Context, t *jwt.Token) (bool, error) { return t.ID == revoked, nil }
	})
	issued := issue(t, nil, nil)
	tok, err := v.Verify(context.Background(), issued)
	if err != nil {
		t.Fatal(err)
	}
	revoked = tok.ID
	if _, err := v.Verify(context.Background(), issued); !errors.Is(err, jwt.ErrRevoked) {
		t.Errorf("revoked: %v", err)
	}
	if _, err := v.Verify(context.Background(), token); !errors.Is(err, jwt.ErrClaim) {
		t.Errorf("a token without jti, which no deny-list can hold: %v", err)
	}
}

func TestAttack_48_ThingsAroundAToken(t *testing.T) {
	token, head, claims, sig := goodToken(t)
	refuse(t, newVerifier(t, nil), careless(), []attack{
		{"leading space", " " + token, jwt.ErrMalformed},
		{"trailing space", token + " ", jwt.ErrMalformed},
		{"fourth segment", token + ".x", jwt.ErrMalformed},
		{"fourth segment, empty", token + ".", jwt.ErrMalformed},
		{"object behind the claims", macOf(secret, head, b64(goodClaims+`{}`)), jwt.ErrMalformed},
		{"object behind the header", macOf(secret, b64(goodHeader+`{"alg":"none"}`), claims), jwt.ErrMalformed},
		{"a JWE's header", macOf(secret, b64(`{"alg":"HS256","enc":"A256GCM","typ":"JWT"}`), claims), jwt.ErrMalformed},
	})
	for name, text := range map[string]string{
		"JSON serialization": `{"payload":"` + claims + `","protected":"` + head + `","signature":"` + sig + `"}`,
		"a JWE":              head + "." + claims + "." + sig + "." + claims + "." + sig,
	} {
		if _, err := newVerifier(t, nil).Verify(context.Background(), text); !errors.Is(err, jwt.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAttack_49_TokenOfAnotherType(t *testing.T) {
	v := newVerifier(t, func(c *jwt.VerifierConfig) { c.Type = "at+jwt" })
	with := func(typ string) string { return macOf(secret, b64(`{"alg":"HS256"`+typ+`}`), b64(goodClaims)) }
	refuse(t, v, careless(), []attack{
		{"ID token", with(`,"typ":"JWT"`), jwt.ErrType},
		{"logout token", with(`,"typ":"logout+jwt"`), jwt.ErrType},
		{"none", with(``), jwt.ErrType},
		{"no text", with(`,"typ":["at+jwt"]`), jwt.ErrMalformed},
	})
	for _, typ := range []string{"at+jwt", "AT+JWT", "application/at+jwt"} {
		if _, err := v.Verify(context.Background(), with(`,"typ":"`+typ+`"`)); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestAttack_50_KeysOutOfTheHeader(t *testing.T) {
	asked := atomic.Int32{}
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer evil.Close()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := jwt.NewPrivateKey(jwt.EdDSA, private)
	if err != nil {
		t.Fatal(err)
	}
	with := func(member string) string {
		token, err := jwt.SignRaw(mine, []byte(`{"alg":"EdDSA","typ":"JWT",`+member+`}`), []byte(goodClaims))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	x := base64.RawURLEncoding.EncodeToString(public)
	other, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwt.NewPublicKey(jwt.EdDSA, other)
	if err != nil {
		t.Fatal(err)
	}
	control := careless()
	refuse(t, newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys = key }), control, []attack{
		{"jwk", with(`"jwk":{"kty":"OKP","crv":"Ed25519","x":"` + x + `"}`), jwt.ErrSignature},
		{"jku", with(`"jku":"` + evil.URL + `"`), jwt.ErrSignature},
		{"x5u", with(`"x5u":"` + evil.URL + `","jku":"` + evil.URL + `"`), jwt.ErrSignature},
	})
	if control.fetched != 3 || asked.Load() != 0 {
		t.Errorf("the control followed %d times, ours asked %d times", control.fetched, asked.Load())
	}
}

func TestAttack_51_FloodOfUnknownKids(t *testing.T) {
	var fetches atomic.Int32
	var ids atomic.Int32
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first, err := jwt.NewPrivateKey(jwt.EdDSA, private)
	if err != nil {
		t.Fatal(err)
	}
	publisher := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetches.Add(1)
		j, _ := first.WithID(fmt.Sprintf("k%d", ids.Load())).PublicJWK()
		fmt.Fprintf(w, `{"keys":[%s]}`, j)
	}))
	defer publisher.Close()
	at := now
	keys, err := jwt.NewJWKS(jwt.JWKSConfig{URL: publisher.URL, Issuer: "bank", Algorithms: []jwt.Algorithm{jwt.EdDSA}, Clock: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	v := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys = keys; c.Clock = func() time.Time { return now } })
	verify := func(kid string) error {
		token, err := jwt.SignRaw(first, []byte(`{"alg":"EdDSA","typ":"JWT","kid":"`+kid+`"}`), []byte(goodClaims))
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Verify(context.Background(), token)
		return err
	}
	if err := verify("k0"); err != nil || fetches.Load() != 1 {
		t.Fatalf("the first token: %v after %d fetches", err, fetches.Load())
	}
	at = at.Add(30 * time.Second)
	for i := range 200 {
		if err := verify(fmt.Sprintf("../../etc/passwd' OR %d=%d --", i, i)); !errors.Is(err, jwt.ErrUnknownKey) {
			t.Fatalf("unknown kid: %v", err)
		}
	}
	// The control is one fetch for each unknown kid, which is 200.
	if n := fetches.Load(); n != 2 {
		t.Errorf("%d fetches for 200 unknown kids in one interval, want 1", n-1)
	}
	if err := verify(strings.Repeat("k", 1000)); !errors.Is(err, jwt.ErrMalformed) {
		t.Errorf("a long kid: %v", err)
	}
	// Rotation: the new kid is found at the next interval.
	ids.Store(1)
	at = at.Add(30 * time.Second)
	if err := verify("k1"); err != nil {
		t.Errorf("after rotation: %v", err)
	}
	if err := verify("k0"); !errors.Is(err, jwt.ErrUnknownKey) {
		t.Errorf("the key that was withdrawn: %v", err)
	}
}

func TestAttack_52_KeyOfAnotherIssuer(t *testing.T) {
	other := []byte("another issuer's own secret of 32")
	bank := hmacKey(t).WithIssuer("bank").WithID("1")
	shop, err := jwt.NewHMACKey(jwt.HS256, other)
	if err != nil {
		t.Fatal(err)
	}
	shop = shop.WithIssuer("shop").WithID("1") // the same kid, as it happens
	forged := macOf(other, b64(`{"alg":"HS256","typ":"JWT","kid":"1"}`), b64(goodClaims))
	control := &lax{keys: map[string][]byte{"": secret, "1": other}}
	for name, keys := range map[string]jwt.KeySet{
		"by issuer": jwt.IssuerKeys{"bank": bank, "shop": shop},
		"one set":   fixed(t, bank, shop),
	} {
		_, named := keys.(jwt.IssuerKeys)
		for cached := range 2 {
			v := newVerifier(t, func(c *jwt.VerifierConfig) {
				c.Keys, c.Issuer, c.InsecureAnyIssuer, c.MaxCached = keys, "", !named, 8*cached
			})
			honest := macOf(other, b64(`{"alg":"HS256","typ":"JWT","kid":"1"}`), b64(strings.Replace(goodClaims, "bank", "shop", 1)))
			for range 2 {
				if got, err := v.Verify(context.Background(), honest); err != nil || got.Issuer != "shop" {
					t.Fatalf("%s: the shop's own token: %v", name, err)
				}
			}
			refuse(t, v, control, []attack{{name, forged, jwt.ErrInvalid}})
		}
	}

	// A token that was good under a key is good no more when the key goes.
	swap := &swapping{keys: bank}
	v := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys, c.MaxCached = swap, 8 })
	token := macOf(secret, b64(`{"alg":"HS256","typ":"JWT","kid":"1"}`), b64(goodClaims))
	for range 2 {
		if _, err := v.Verify(context.Background(), token); err != nil {
			t.Fatal(err)
		}
	}
	swap.keys = shop
	if _, err := v.Verify(context.Background(), token); !errors.Is(err, jwt.ErrUnknownKey) {
		t.Errorf("remembered beyond its key: %v", err)
	}
}

type swapping struct{ keys jwt.KeySet }

func (s *swapping) Find(ctx context.Context, q jwt.KeyQuery) ([]*jwt.Key, error) {
	return s.keys.Find(ctx, q)
}

func fixed(t testing.TB, keys ...*jwt.Key) *jwt.FixedKeys {
	t.Helper()
	set, err := jwt.NewKeys(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestAttack_53_MissingClaims(t *testing.T) {
	claims := func(c string) string { return macOf(secret, b64(goodHeader), b64(c)) }
	refuse(t, newVerifier(t, nil), careless(), []attack{
		{"no exp", claims(`{"iss":"bank","aud":"api"}`), jwt.ErrClaim},
		{"no aud", claims(`{"iss":"bank","exp":1767323645}`), jwt.ErrAudience},
		{"empty aud", claims(`{"iss":"bank","aud":[],"exp":1767323645}`), jwt.ErrAudience},
		{"other aud", claims(`{"iss":"bank","aud":"API","exp":1767323645}`), jwt.ErrAudience},
		{"no iss", claims(`{"aud":"api","exp":1767323645}`), jwt.ErrIssuer},
		{"empty iss", claims(`{"iss":"","aud":"api","exp":1767323645}`), jwt.ErrIssuer},
		{"other iss", claims(`{"iss":"bank/","aud":"api","exp":1767323645}`), jwt.ErrIssuer},
	})
}

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestAttack_54_MillionDots(t *testing.T) {
	dots := strings.Repeat(".", 1_000_000)
	signedDots := "a.b." + dots
	v := newVerifier(t, func(c *jwt.VerifierConfig) { c.MaxBytes = 1 << 20 })
	control := allocated(func() { careless().accepts(dots + "x") })
	ours := allocated(func() {
		if _, err := v.Verify(context.Background(), dots); !errors.Is(err, jwt.ErrMalformed) {
			t.Errorf("got %v", err)
		}
		if _, err := v.Verify(context.Background(), signedDots); !errors.Is(err, jwt.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
	if control < 8<<20 || ours > 64<<10 {
		t.Errorf("CVE-2025-30204: the control allocates %d bytes, ours %d", control, ours)
	}
}

func TestAttack_55_HugeToken(t *testing.T) {
	huge := macOf(secret, b64(goodHeader), b64(strings.Replace(goodClaims, "alice", strings.Repeat("x", 1<<20), 1)))
	v := newVerifier(t, nil)
	refuse(t, v, careless(), []attack{{"1 MiB", huge, jwt.ErrTooLarge}})
	if n := allocated(func() { v.Verify(context.Background(), huge) }); n > 64<<10 {
		t.Errorf("%d bytes are allocated before it is refused", n)
	}
}

func TestAttack_56_UnsuitableKeys(t *testing.T) {
	weak := rsaKey(t, 1024)
	n := base64.RawURLEncoding.EncodeToString(weak.N.Bytes())
	strong := rsaKey(t, 2048)
	m := base64.RawURLEncoding.EncodeToString(strong.N.Bytes())
	k := func(n int) string { return base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("k", n))) }
	for name, text := range map[string]string{
		"duplicate kid":         `{"keys":[{"kty":"oct","alg":"HS256","kid":"1","k":"` + k(32) + `"},{"kty":"oct","alg":"HS256","kid":"1","k":"` + k(33) + `"}]}`,
		"1024-bit RSA":          `{"keys":[{"kty":"RSA","alg":"RS256","n":"` + n + `","e":"AQAB"}]}`,
		"for encryption":        `{"keys":[{"kty":"RSA","use":"enc","alg":"RS256","n":"` + m + `","e":"AQAB"}]}`,
		"for wrapping":          `{"keys":[{"kty":"RSA","key_ops":["wrapKey"],"alg":"RS256","n":"` + m + `","e":"AQAB"}]}`,
		"secret of zeros":       `{"keys":[{"kty":"oct","alg":"HS256","k":"` + base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + `"}]}`,
		"secret of 31 bytes":    `{"keys":[{"kty":"oct","alg":"HS256","k":"` + k(31) + `"}]}`,
		"HS512 with 32 bytes":   `{"keys":[{"kty":"oct","alg":"HS512","k":"` + k(32) + `"}]}`,
		"secret and public key": `{"keys":[{"kty":"oct","alg":"HS256","k":"` + k(32) + `"},{"kty":"RSA","alg":"RS256","n":"` + m + `","e":"AQAB"}]}`,
		"exponent 1":            `{"keys":[{"kty":"RSA","alg":"RS256","n":"` + m + `","e":"AQ"}]}`,
		"alg of another type":   `{"keys":[{"kty":"RSA","alg":"HS256","n":"` + m + `","e":"AQAB"}]}`,
		"kty twice":             `{"keys":[{"kty":"RSA","kty":"oct","alg":"HS256","k":"` + k(32) + `"}]}`,
		"padding":               `{"keys":[{"kty":"oct","alg":"HS256","k":"` + k(32) + `="}]}`,
		"no key":                `{"keys":[]}`,
		"no list":               `{}`,
	} {
		if keys, err := jwt.ParseJWKS([]byte(text)); err == nil {
			t.Errorf("%s: taken as %v", name, keys.All())
		}
	}
	// The control: the like of these, in order.
	good := `{"keys":[{"kty":"RSA","use":"enc","alg":"RSA-OAEP","n":"` + m + `","e":"AQAB"},{"kty":"RSA","use":"sig","alg":"RS256","kid":"1","n":"` + m + `","e":"AQAB"},{"kty":"XYZ"}]}`
	if keys, err := jwt.ParseJWKS([]byte(good)); err != nil || len(keys.All()) != 1 || keys.All()[0].ID() != "1" {
		t.Errorf("a set with one key to use: %v", err)
	}
}

func TestAttack_57_OtherSchemesAndTwoHeaders(t *testing.T) {
	// The control: what stands behind the last space of any header.
	naive := func(h http.Header) string {
		return h.Get("Authorization")[strings.LastIndex(h.Get("Authorization"), " ")+1:]
	}
	for name, values := range map[string][]string{
		"Token":         {"Token abc"},
		"Basic":         {"Basic abc"},
		"DPoP":          {"DPoP abc"},
		"Bearerx":       {"Bearerx abc"},
		"bare":          {"abc"},
		"two headers":   {"Bearer abc", "Bearer def"},
		"two tokens":    {"Bearer def abc"},
		"two spaces":    {"Bearer  abc"},
		"tab":           {"Bearer\t abc"},
		"leading space": {" Bearer abc"},
		"comma":         {"Bearer def, Bearer abc"},
		"colon":         {"Bearer: abc"},
		"Kelvin":        {"to\u212Aen abc"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = values
		if naive(r.Header) != "abc" {
			t.Errorf("%s: the control finds no token", name)
		}
		if got, err := jwt.Bearer(r); err == nil {
			t.Errorf("%s: got %q", name, got)
		} else if !errors.Is(err, jwt.ErrMissing) && !errors.Is(err, jwt.ErrInvalid) {
			t.Errorf("%s: %v is of no kind", name, err)
		}
	}
	// What is no scheme at all is not another one, which the API may judge.
	for _, value := range []string{"Bearer\tabc", "Bearer\u00A0abc", "Bearer:abc", "Bearer=abc", "\"Bearer\" abc"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", value)
		if _, err := jwt.Bearer(r); !errors.Is(err, jwt.ErrMalformed) {
			t.Errorf("%q: %v", value, err)
		}
	}
	for _, value := range []string{"Bearer abc", "bearer abc", "BEARER abc"} { // RFC 9110 §11.1: without regard to case
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", value)
		if got, err := jwt.Bearer(r); got != "abc" {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestAttack_58_EncodingAndDepth(t *testing.T) {
	claims := func(c string) string { return macOf(secret, b64(goodHeader), b64(c)) }
	const open = `{"iss":"bank","aud":"api","exp":1767323645,"x":`
	big := newVerifier(t, func(c *jwt.VerifierConfig) { c.MaxBytes = 1 << 20 })
	refuse(t, big, careless(), []attack{
		{"not UTF-8", claims(open + "\"\xff\"}"), jwt.ErrMalformed},
		{"lone surrogate", claims(open + `"\ud800"}`), jwt.ErrMalformed},
		{"byte order mark", claims("\xef\xbb\xbf" + goodClaims), jwt.ErrMalformed},
		{"depth 17", claims(open + strings.Repeat("[", 16) + strings.Repeat("]", 16) + "}"), jwt.ErrMalformed},
		{"depth 9,000", claims(open + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}"), jwt.ErrMalformed},
		{"depth of objects", claims(open + strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000) + "}"), jwt.ErrMalformed},
	})
	// encoding/json itself gives up at 10,000.
	if _, err := big.Verify(context.Background(), claims(open+strings.Repeat("[", 10000)+strings.Repeat("]", 10000)+"}")); !errors.Is(err, jwt.ErrMalformed) {
		t.Errorf("depth 10,000: %v", err)
	}
	if _, err := big.Verify(context.Background(), claims(open+strings.Repeat("[", 15)+`"[[[\"[["`+strings.Repeat("]", 15)+"}")); err != nil {
		t.Errorf("depth 16, with brackets in a text: %v", err)
	}
}

func TestEveryAlgorithmSignsAndVerifies(t *testing.T) {
	private := rsaKey(t, 2048)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec := map[jwt.Algorithm]elliptic.Curve{jwt.ES256: elliptic.P256(), jwt.ES384: elliptic.P384(), jwt.ES512: elliptic.P521()}
	keys := map[jwt.Algorithm]*jwt.Key{}
	for _, alg := range jwt.Algorithms() {
		var k *jwt.Key
		switch {
		case alg[:2] == "HS":
			k, err = jwt.NewHMACKey(alg, bytes.Repeat([]byte("k"), 64))
		case alg[:2] == "RS" || alg[:2] == "PS":
			k, err = jwt.NewPrivateKey(alg, private)
		case alg[:2] == "ES":
			var p *ecdsa.PrivateKey
			if p, err = ecdsa.GenerateKey(ec[alg], rand.Reader); err == nil {
				k, err = jwt.NewPrivateKey(alg, p)
			}
		default:
			k, err = jwt.NewPrivateKey(alg, ed)
		}
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		keys[alg] = k.WithID("k-" + string(alg))
	}
	for alg, k := range keys {
		token := issue(t, func(c *jwt.IssuerConfig) { c.Key = k }, nil)
		for other, o := range keys {
			if p := o.Public(); p != nil {
				o = p
			}
			_, err := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys = o }).Verify(context.Background(), token)
			if (err == nil) != (alg == other) {
				t.Errorf("a token of %s under a key of %s: %v", alg, other, err)
			}
		}
		// Through JWK and back, it is the same key.
		text, err := k.PrivateJWK()
		if err != nil {
			t.Fatal(err)
		}
		again, err := jwt.ParseJWK(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if again.ID() != k.ID() || again.Algorithm() != alg || !again.CanSign() {
			t.Errorf("%v came back as %v", k, again)
		}
		if _, err := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys = again }).Verify(context.Background(), token); err != nil {
			t.Errorf("%s after a round trip: %v", alg, err)
		}
		public, err := k.PublicJWK()
		if alg[:2] == "HS" {
			if err == nil {
				t.Errorf("a secret was published: %s", public)
			}
			continue
		}
		if verifier, err := jwt.ParseJWK(public); err != nil || verifier.CanSign() || bytes.Contains(public, []byte(`"d"`)) {
			t.Errorf("%s: %v", public, err)
		}
		// A cut or stretched signature is none.
		dot := strings.LastIndexByte(token, '.')
		for _, sig := range []string{"AA", token[dot+1:] + "AAAA", token[dot+5:]} {
			if _, err := newVerifier(t, func(c *jwt.VerifierConfig) { c.Keys = k }).Verify(context.Background(), token[:dot+1]+sig); err == nil {
				t.Errorf("%s: accepted with another signature", alg)
			}
		}
	}
}
