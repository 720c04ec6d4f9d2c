package jwtcli

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/d710e0ae/countersign/jwt"
)

// rsaBits is the size of new RSA keys: good beyond 2030 (NIST SP 800-57).
const rsaBits = 3072

// Keygen makes a fresh key for alg and writes it to out as a private JWK with
// a random kid. It is a secret: the caller sees to where it goes.
func Keygen(out io.Writer, alg jwt.Algorithm) error {
	if err := known(alg); err != nil {
		return err
	}
	key, err := fresh(alg)
	if err != nil {
		return err
	}
	var id [12]byte
	if _, err := io.ReadFull(rand.Reader, id[:]); err != nil {
		return fmt.Errorf("no randomness: %w", err)
	}
	text, err := key.WithID(base64.RawURLEncoding.EncodeToString(id[:])).PrivateJWK()
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, printable(text)+"\n")
	return err
}

func fresh(alg jwt.Algorithm) (*jwt.Key, error) {
	pair := func(s crypto.Signer, err error) (*jwt.Key, error) {
		if err != nil {
			return nil, err
		}
		return jwt.NewPrivateKey(alg, s)
	}
	switch alg {
	case jwt.HS256, jwt.HS384, jwt.HS512:
		secret := make([]byte, 64) // enough for each
		if _, err := io.ReadFull(rand.Reader, secret); err != nil {
			return nil, fmt.Errorf("no randomness: %w", err)
		}
		return jwt.NewHMACKey(alg, secret)
	case jwt.ES256:
		return pair(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	case jwt.ES384:
		return pair(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	case jwt.ES512:
		return pair(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	case jwt.EdDSA, jwt.Ed25519:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return pair(private, err)
	}
	return pair(rsa.GenerateKey(rand.Reader, rsaBits))
}
