package jwt

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"

	"github.com/d710e0ae/countersign/cfgerrors"
)

const (
	minRSABits = 2048 // RFC 7518 §3.3
	maxRSABits = 8192 // a larger modulus is a way to burn the verifier's time
)

// A Key is one key with the one algorithm that it is for (RFC 8725 §3.1), and
// perhaps an identifier and the issuer that it belongs to. It is immutable,
// safe for concurrent use, and a [KeySet] of itself. Keys print as their
// algorithm and identifier only.
type Key struct {
	*method
	id     string
	issuer string

	secret []byte        // HMAC
	macs   *sync.Pool    // of hash.Hash, keyed with secret
	public any           // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	signer crypto.Signer // nil for keys that only verify
	self   []*Key
}

func newKey(m *method) *Key {
	k := &Key{method: m}
	k.self = []*Key{k}
	return k
}

func keyError(code cfgerrors.Code, problem, instead string) error {
	return &cfgerrors.Error{Key: "key", Code: code, Problem: problem, Instead: instead}
}

func keyMethod(alg Algorithm, families ...family) (*method, error) {
	m := alg.method()
	if m == nil {
		return nil, &cfgerrors.Error{Key: "alg", Code: cfgerrors.Unknown, Value: string(alg),
			Problem: fmt.Sprintf("%q is no signature algorithm", alg), Instead: "write one of " + algorithmList()}
	}
	for _, f := range families {
		if m.family == f {
			return m, nil
		}
	}
	return nil, &cfgerrors.Error{Key: "alg", Code: cfgerrors.Conflict, Value: string(alg),
		Problem: fmt.Sprintf("a key of this type cannot be for %s", alg), Instead: "write an algorithm of the key's own type"}
}

func algorithmList() string {
	var names []string
	for _, m := range methods {
		names = append(names, string(m.alg))
	}
	return strings.Join(names, ", ")
}

// NewHMACKey returns the key of alg, one of HS256, HS384 and HS512. The
// secret is copied. It must be at least as long as the hash is (32, 48 or 64
// bytes; RFC 7518 §3.2), and must be neither all zeros nor the text of a public
// key.
func NewHMACKey(alg Algorithm, secret []byte) (*Key, error) {
	m, err := keyMethod(alg, familyHMAC)
	if err != nil {
		return nil, err
	}
	if n := m.hash.Size(); len(secret) < n {
		return nil, keyError(cfgerrors.OutOfRange, fmt.Sprintf("the secret has %d bytes, and %s needs %d (RFC 7518 §3.2)", len(secret), alg, n),
			fmt.Sprintf("make one by `countersign jwt keygen --alg %s`", alg))
	}
	if allZero(secret) {
		return nil, keyError(cfgerrors.Dangerous, "the secret is all zeros, as a buffer is that nothing was read into", "fill it by crypto/rand.Read")
	}
	if looksPublic(secret) {
		return nil, keyError(cfgerrors.Dangerous, "the secret is the text of a key or certificate, which others know", "use its own algorithm, or a random secret")
	}
	k := newKey(m)
	k.secret = bytes.Clone(secret)
	k.macs = &sync.Pool{New: func() any { return hmac.New(m.hash.New, k.secret) }}
	return k, nil
}

func allZero(b []byte) bool {
	return len(bytes.Trim(b, "\x00")) == 0
}

// NewPublicKey returns a key that verifies alg with an *rsa.PublicKey (2048 to
// 8192 bits), an *ecdsa.PublicKey on the algorithm's own curve, or an
// ed25519.PublicKey.
func NewPublicKey(alg Algorithm, public crypto.PublicKey) (*Key, error) {
	var families []family
	var check func(*method) error
	switch p := public.(type) {
	case *rsa.PublicKey:
		families, check = []family{familyRSA, familyPSS}, func(*method) error { return checkRSA(p) }
	case *ecdsa.PublicKey:
		families, check = []family{familyECDSA}, func(m *method) error { return checkECDSA(p, m) }
	case ed25519.PublicKey:
		families, check = []family{familyEdDSA}, func(*method) error { return checkEd25519(p) }
		public = ed25519.PublicKey(bytes.Clone(p)) // the others are pointers, and not ours to copy
	default:
		return nil, keyError(cfgerrors.Malformed, fmt.Sprintf("%T is not a public key of a known type", public), "give an *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey")
	}
	m, err := keyMethod(alg, families...)
	if err != nil {
		return nil, err
	}
	if err := check(m); err != nil {
		return nil, err
	}
	k := newKey(m)
	k.public = public
	return k, nil
}

func checkRSA(p *rsa.PublicKey) error {
	if p == nil || p.N == nil {
		return keyError(cfgerrors.Missing, "the RSA key is empty", "")
	}
	if n := p.N.BitLen(); n < minRSABits || n > maxRSABits {
		return keyError(cfgerrors.OutOfRange, fmt.Sprintf("the RSA key has %d bits", n), fmt.Sprintf("use %d to %d bits (RFC 7518 §3.3)", minRSABits, maxRSABits))
	}
	if p.E < 3 || p.E&1 == 0 || p.N.Bit(0) == 0 {
		return keyError(cfgerrors.Malformed, "the RSA key's modulus or exponent is even or too small", "")
	}
	if hasROCA(p.N) {
		return keyError(cfgerrors.Dangerous, "the RSA key is one of those that can be factored (ROCA, CVE-2017-15361)", "make a new one with another program")
	}
	return nil
}

func checkECDSA(p *ecdsa.PublicKey, m *method) error {
	//lint:ignore SA1019 they are not used, only looked for: without them, the check of the point panics
	if p == nil || p.Curve == nil || p.X == nil || p.Y == nil {
		return keyError(cfgerrors.Missing, "the elliptic-curve key is empty", "")
	}
	if p.Curve != m.curve {
		return keyError(cfgerrors.Conflict, fmt.Sprintf("the key is on the curve %s, and %s is on %s", p.Curve.Params().Name, m.alg, m.curve.Params().Name), "")
	}
	if _, err := p.ECDH(); err != nil {
		return keyError(cfgerrors.Malformed, "the key is no point on its curve", "")
	}
	return nil
}

func checkEd25519(p ed25519.PublicKey) error {
	if len(p) != ed25519.PublicKeySize {
		return keyError(cfgerrors.Malformed, fmt.Sprintf("the Ed25519 key has %d bytes instead of %d", len(p), ed25519.PublicKeySize), "")
	}
	if !goodEdwards(p) {
		return keyError(cfgerrors.Malformed, "the Ed25519 key is no point of the curve's large group", "")
	}
	return nil
}

// NewPrivateKey returns a key that signs and verifies alg. Signer is an
// *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey, or any other
// crypto.Signer over such a key, as a hardware module gives it.
func NewPrivateKey(alg Algorithm, signer crypto.Signer) (*Key, error) {
	if signer == nil {
		return nil, keyError(cfgerrors.Missing, "there is no private key", "")
	}
	if r, ok := signer.(*rsa.PrivateKey); ok {
		if err := r.Validate(); err != nil {
			return nil, keyError(cfgerrors.Malformed, "the RSA private key contradicts itself", "")
		}
	}
	k, err := NewPublicKey(alg, signer.Public())
	if err != nil {
		return nil, err
	}
	k.signer = signer
	return k, nil
}

// WithID returns a copy of the key whose identifier (kid) is id. Tokens with
// another kid do not use the key. Identifiers of more than 256 bytes match no
// token, for such tokens are refused.
func (k *Key) WithID(id string) *Key {
	return k.with(func(c *Key) { c.id = id })
}

// WithIssuer returns a copy of the key that verifies tokens of that iss only.
func (k *Key) WithIssuer(issuer string) *Key {
	return k.with(func(c *Key) { c.issuer = issuer })
}

// Public returns the key without what signs: for a key pair its public half.
// An HMAC key has no public half; Public returns nil.
func (k *Key) Public() *Key {
	if k.family == familyHMAC {
		return nil
	}
	return k.with(func(c *Key) { c.signer = nil })
}

func (k *Key) with(change func(*Key)) *Key {
	c := *k
	change(&c)
	c.self = []*Key{&c}
	return &c
}

// Algorithm returns the one algorithm that the key is for.
func (k *Key) Algorithm() Algorithm { return k.alg }

// ID returns the key's identifier (kid), or the empty string.
func (k *Key) ID() string { return k.id }

// Issuer returns the issuer that the key is bound to, or the empty string.
func (k *Key) Issuer() string { return k.issuer }

// CanSign reports whether the key signs as well as verifies.
func (k *Key) CanSign() bool { return k.family == familyHMAC || k.signer != nil }

// String returns the algorithm and the identifier, never the key.
func (k *Key) String() string { return fmt.Sprintf("%s key %q", k.alg, k.id) }

// Format prints what String returns, for every verb.
func (k *Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// MarshalText returns what String returns, so that no encoder writes the key.
func (k *Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Find makes a Key a [KeySet] of one.
func (k *Key) Find(_ context.Context, q KeyQuery) ([]*Key, error) {
	if !k.fits(q) {
		return nil, nil
	}
	return k.self, nil
}

func (k *Key) fits(q KeyQuery) bool {
	return k.alg == q.Algorithm && (q.KeyID == "" || k.id == "" || k.id == q.KeyID)
}

// verify reports whether sig is the key's signature of input. Scratch is free
// for use and must not alias either.
func (k *Key) verify(input, sig, scratch []byte) bool {
	switch k.family {
	case familyHMAC:
		mac := k.macs.Get().(hash.Hash)
		mac.Reset()
		mac.Write(input)
		sum := mac.Sum(scratch[:0])
		k.macs.Put(mac)
		return hmac.Equal(sum, sig)
	case familyEdDSA:
		return len(sig) == ed25519.SignatureSize && ed25519.Verify(k.public.(ed25519.PublicKey), input, sig)
	case familyECDSA:
		if len(sig) != 2*k.size { // RFC 7518 §3.4: both numbers in full
			return false
		}
		der := appendECDSA(scratch[:0], sig[:k.size], sig[k.size:])
		return ecdsa.VerifyASN1(k.public.(*ecdsa.PublicKey), k.digest(der[len(der):], input), der)
	case familyRSA:
		return rsa.VerifyPKCS1v15(k.public.(*rsa.PublicKey), k.hash, k.digest(scratch[:0], input), sig) == nil
	case familyPSS:
		// RFC 7518 §3.5: the salt is as long as the hash.
		return rsa.VerifyPSS(k.public.(*rsa.PublicKey), k.hash, k.digest(scratch[:0], input), sig,
			&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: k.hash}) == nil
	}
	return false
}

func (k *Key) digest(dst, input []byte) []byte {
	if k.hash == crypto.SHA256 {
		sum := sha256.Sum256(input)
		return append(dst, sum[:]...)
	}
	h := k.hash.New()
	h.Write(input)
	return h.Sum(dst)
}

// sign returns the signature of input. Random is used by the algorithms that
// need randomness.
func (k *Key) sign(random io.Reader, input []byte) ([]byte, error) {
	switch k.family {
	case familyHMAC:
		mac := hmac.New(k.hash.New, k.secret)
		mac.Write(input)
		return mac.Sum(nil), nil
	case familyEdDSA:
		return k.signer.Sign(random, input, crypto.Hash(0))
	case familyECDSA:
		der, err := k.signer.Sign(random, k.digest(nil, input), k.hash)
		if err != nil {
			return nil, err
		}
		return flattenECDSA(der, k.size)
	case familyRSA:
		return k.signer.Sign(random, k.digest(nil, input), k.hash)
	default:
		return k.signer.Sign(random, k.digest(nil, input), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: k.hash})
	}
}
