package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // registers the hashes
	_ "crypto/sha512"
	"math/big"
)

// An Algorithm is a JWS signature algorithm (RFC 7518, section 3; RFC 8037).
// There is no "none".
type Algorithm string

const (
	HS256 Algorithm = "HS256"
	HS384 Algorithm = "HS384"
	HS512 Algorithm = "HS512"
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	EdDSA Algorithm = "EdDSA"
)

// Algorithms returns every algorithm of the package.
func Algorithms() []Algorithm {
	return []Algorithm{HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA}
}

type family int

const (
	familyHMAC family = iota + 1
	familyRSA
	familyPSS
	familyECDSA
	familyEd25519
)

func (a Algorithm) family() family {
	switch a {
	case HS256, HS384, HS512:
		return familyHMAC
	case RS256, RS384, RS512:
		return familyRSA
	case PS256, PS384, PS512:
		return familyPSS
	case ES256, ES384, ES512:
		return familyECDSA
	case EdDSA:
		return familyEd25519
	}
	return 0
}

func (a Algorithm) hash() crypto.Hash {
	switch a {
	case HS256, RS256, PS256, ES256:
		return crypto.SHA256
	case HS384, RS384, PS384, ES384:
		return crypto.SHA384
	case HS512, RS512, PS512, ES512:
		return crypto.SHA512
	}
	return 0
}

func (a Algorithm) curve() elliptic.Curve {
	switch a {
	case ES256:
		return elliptic.P256()
	case ES384:
		return elliptic.P384()
	case ES512:
		return elliptic.P521()
	}
	return nil
}

// digest appends the hash of data to buf.
func (a Algorithm) digest(data string, buf []byte) []byte {
	h := a.hash().New()
	h.Write([]byte(data))
	return h.Sum(buf)
}

// verify reports whether sig signs data under k. It is called with the
// algorithm of the key, never with that of a token.
func (k *Key) verify(data string, sig []byte) bool {
	var buf [64]byte
	switch k.alg.family() {
	case familyHMAC:
		return hmac.Equal(k.mac(data, buf[:0]), sig) // constant time
	case familyRSA:
		pub := k.public.(*rsa.PublicKey)
		return rsa.VerifyPKCS1v15(pub, k.alg.hash(), k.alg.digest(data, buf[:0]), sig) == nil
	case familyPSS:
		pub := k.public.(*rsa.PublicKey)
		// RFC 7518, section 3.5: the salt is as long as the hash.
		opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: k.alg.hash()}
		return rsa.VerifyPSS(pub, k.alg.hash(), k.alg.digest(data, buf[:0]), sig, opts) == nil
	case familyECDSA:
		pub := k.public.(*ecdsa.PublicKey)
		// RFC 7518, section 3.4: R and S, each as long as the curve's order.
		n := (pub.Curve.Params().BitSize + 7) / 8
		if len(sig) != 2*n {
			return false
		}
		r, s := new(big.Int).SetBytes(sig[:n]), new(big.Int).SetBytes(sig[n:])
		return ecdsa.Verify(pub, k.alg.digest(data, buf[:0]), r, s)
	case familyEd25519:
		return len(sig) == ed25519.SignatureSize && ed25519.Verify(k.public.(ed25519.PublicKey), []byte(data), sig)
	}
	return false
}

func (k *Key) sign(data string) ([]byte, error) {
	var buf [64]byte
	switch k.alg.family() {
	case familyHMAC:
		return k.mac(data, nil), nil
	case familyRSA:
		return rsa.SignPKCS1v15(nil, k.private.(*rsa.PrivateKey), k.alg.hash(), k.alg.digest(data, buf[:0]))
	case familyPSS:
		opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: k.alg.hash()}
		return rsa.SignPSS(rand.Reader, k.private.(*rsa.PrivateKey), k.alg.hash(), k.alg.digest(data, buf[:0]), opts)
	case familyECDSA:
		priv := k.private.(*ecdsa.PrivateKey)
		r, s, err := ecdsa.Sign(rand.Reader, priv, k.alg.digest(data, buf[:0]))
		if err != nil {
			return nil, err
		}
		n := (priv.Curve.Params().BitSize + 7) / 8
		sig := make([]byte, 2*n)
		r.FillBytes(sig[:n])
		s.FillBytes(sig[n:])
		return sig, nil
	case familyEd25519:
		return ed25519.Sign(k.private.(ed25519.PrivateKey), []byte(data)), nil
	}
	return nil, errKey
}
