package jwt_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"

	"github.com/d710e0ae/countersign/jwt"
)

// CVE-2026-33322: whoever has the public key signs with its text. The control
// is a verifier that takes any text for a secret.
func TestAttack_43_APublicKeyInAnyFormIsNoSecret(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	n := base64.RawURLEncoding.EncodeToString(private.N.Bytes())
	jwk := `{"kty":"RSA","n":"` + n + `","e":"AQAB"}`
	lines := base64.StdEncoding.EncodeToString(der)
	const bom = "\xEF\xBB\xBF"
	for name, secret := range map[string]string{
		"PEM": text, "PEM with CRLF": "\r\n" + text, "PEM behind a byte order mark": bom + text,
		"DER": string(der), "PKCS #1": string(x509.MarshalPKCS1PublicKey(&private.PublicKey)),
		"base64": lines, "base64 in lines": lines[:64] + "\n" + lines[64:] + "\n",
		"JWK": jwk, "JWKS": `{"keys":[` + jwk + `]}`, "JWK behind a byte order mark": bom + jwk,
		"JWK with a name twice": jwk[:len(jwk)-1] + `,"e":"AQAB"}`, "JWK with a comma": jwk[:len(jwk)-1] + ",}", "JWK cut off": jwk[:len(jwk)-1],
		"SSH": "ssh-rsa " + lines,
	} {
		control := hmac.New(sha256.New, []byte(secret))
		control.Write([]byte("header.payload"))
		if forged := control.Sum(nil); len(forged) != 32 {
			t.Fatalf("control: %s signs nothing", name)
		}
		if _, err := jwt.NewHMACKey(jwt.HS256, []byte(secret)); err == nil {
			t.Errorf("%s is taken for a secret", name)
		}
	}
	for _, good := range []string{
		"{not json, but long enough to be a secret", "0123456789abcdef0123456789abcdef", "\x30\x82 thirty-two bytes that begin so",
		base64.StdEncoding.EncodeToString([]byte("0 thirty-two random bytes or more")), n,
	} {
		if _, err := jwt.NewHMACKey(jwt.HS256, []byte(good)); err != nil {
			t.Errorf("%.20q: %v", good, err)
		}
	}
}

// Under a public key of small order, a signature of zeros fits one message in
// eight; other texts of 32 bytes are no key at all.
func TestAttack_56_Ed25519KeysThatAreNone(t *testing.T) {
	for range 32 {
		good, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jwt.NewPublicKey(jwt.EdDSA, good); err != nil {
			t.Fatalf("control: %v", err)
		}
	}
	small := []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	}
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	bad := append([]string{}, small...)
	bad = append(bad, little(p), little(new(big.Int).Add(p, big.NewInt(1))), little(big.NewInt(2)))
	fits := 0
	for _, text := range small {
		key, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 64 {
			sig := make([]byte, 64)
			sig[0] = 1 // R is the neutral element, S is zero
			if ed25519.Verify(key, fmt.Appendf(nil, "message %d", i), sig) {
				fits++
			}
		}
	}
	if fits == 0 {
		t.Error("control: no signature of zeros fits any message")
	}
	for _, text := range bad {
		key, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jwt.NewPublicKey(jwt.EdDSA, ed25519.PublicKey(key)); err == nil {
			t.Errorf("%s is taken for a key", text)
		}
	}
}

func little(n *big.Int) string {
	b := n.FillBytes(make([]byte, 32))
	for i := range 16 {
		b[i], b[31-i] = b[31-i], b[i]
	}
	return hex.EncodeToString(b)
}
