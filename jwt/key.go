package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"errors"
	"fmt"
	"hash"
	"sync"

	"github.com/d710e0ae/countersign/internal/secret"
)

// A Key is a key for one algorithm. It is immutable and safe for concurrent
// use, and never prints its secret.
type Key struct {
	alg     Algorithm
	id      string
	public  crypto.PublicKey  // nil for HMAC
	private crypto.PrivateKey // nil where the key only verifies
	macs    *sync.Pool        // of hash.Hash, for HMAC
	secret  []byte            // for HMAC
}

// Sizes that keys must have.
const (
	// MinRSABits is the least modulus of an RSA key (RFC 7518, section 3.3).
	MinRSABits = 2048
	// maxRSABits bounds the work that a hostile JWKS can make us do.
	maxRSABits = 16384
	// maxKeyID bounds a key's id, in bytes.
	maxKeyID = 256
)

// KeyError says why a key cannot be used.
type KeyError struct{ Reason string }

func (e *KeyError) Error() string { return "unusable key: " + e.Reason }

func unusable(format string, args ...any) error { return &KeyError{fmt.Sprintf(format, args...)} }

// NewHMACKey returns a key for HS256, HS384 or HS512. The secret must be at
// least as long as the hash, which is 32, 48 or 64 bytes (RFC 7518, section
// 3.2). It is copied.
func NewHMACKey(alg Algorithm, secret []byte) (*Key, error) {
	if alg.family() != familyHMAC {
		return nil, unusable("%q is no HMAC algorithm", alg)
	}
	if n := alg.hash().Size(); len(secret) < n {
		return nil, unusable("the secret has %d bytes, and %s needs at least %d; make one with: countersign jwt keygen --alg %s", len(secret), alg, n, alg)
	}
	k := &Key{alg: alg, secret: append([]byte(nil), secret...)}
	k.macs = &sync.Pool{New: func() any { return hmac.New(alg.hash().New, k.secret) }}
	return k, nil
}

// NewPublicKey returns a key that verifies only.
func NewPublicKey(alg Algorithm, key crypto.PublicKey) (*Key, error) {
	if err := fits(alg, key); err != nil {
		return nil, err
	}
	return &Key{alg: alg, public: key}, nil
}

// NewPrivateKey returns a key that signs and verifies.
func NewPrivateKey(alg Algorithm, key crypto.Signer) (*Key, error) {
	if err := fits(alg, key.Public()); err != nil {
		return nil, err
	}
	switch key.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
		return &Key{alg: alg, public: key.Public(), private: key}, nil
	}
	return nil, unusable("private keys of type %T are not supported", key)
}

// fits checks that a public key is of the algorithm's kind and size.
func fits(alg Algorithm, key crypto.PublicKey) error {
	switch alg.family() {
	case familyRSA, familyPSS:
		pub, ok := key.(*rsa.PublicKey)
		if !ok {
			return unusable("%s needs an RSA key, not a %T", alg, key)
		}
		if bits := pub.N.BitLen(); bits < MinRSABits || bits > maxRSABits {
			return unusable("an RSA key of %d bits; %d to %d are allowed", bits, MinRSABits, maxRSABits)
		}
		if pub.E < 3 || pub.E&1 == 0 {
			return unusable("an RSA exponent of %d", pub.E)
		}
	case familyECDSA:
		pub, ok := key.(*ecdsa.PublicKey)
		if !ok || pub.Curve != alg.curve() {
			return unusable("%s needs a key on %s", alg, alg.curve().Params().Name)
		}
		if _, err := pub.ECDH(); err != nil {
			return unusable("the point is not on the curve")
		}
	case familyEd25519:
		pub, ok := key.(ed25519.PublicKey)
		if !ok || len(pub) != ed25519.PublicKeySize {
			return unusable("%s needs an Ed25519 key, not a %T", alg, key)
		}
	case familyHMAC:
		return unusable("%s takes a secret, not a public key", alg)
	default:
		return unusable("there is no algorithm %q", alg)
	}
	return nil
}

// WithID returns a copy of the key with an id ("kid"). A token whose header
// names a key is only verified with the key of that id.
func (k *Key) WithID(id string) *Key {
	c := *k
	c.id = id
	return &c
}

// ID returns the key's id, or "".
func (k *Key) ID() string { return k.id }

// Algorithm returns the algorithm that the key is for.
func (k *Key) Algorithm() Algorithm { return k.alg }

// CanSign reports whether the key has a private or secret part.
func (k *Key) CanSign() bool { return k.private != nil || k.secret != nil }

// String tells the algorithm and id, never the key.
func (k *Key) String() string { return fmt.Sprintf("%s key %q", k.alg, k.id) }

// Format implements fmt.Formatter, so that no verb prints the secret.
func (k *Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%s key %s", k.alg, secret.Mark) }

// mac appends the HMAC of data to buf.
func (k *Key) mac(data string, buf []byte) []byte {
	h := k.macs.Get().(hash.Hash)
	h.Reset()
	h.Write([]byte(data))
	buf = h.Sum(buf)
	k.macs.Put(h)
	return buf
}

// A KeySet finds the keys that may verify a token. Implementations are safe
// for concurrent use.
type KeySet interface {
	// Find returns the keys for a token that names kid ("" where it names
	// none) and alg. It returns none, and no error, where there is no such
	// key; an error says that keys could not be had, and wraps ErrUnavailable.
	Find(kid string, alg Algorithm) ([]*Key, error)
}

// errDuplicateKeyID is a set in which an id stands twice.
var errDuplicateKeyID = errors.New("two keys have the same id")

// static is a KeySet that does not change.
type static []*Key

// Keys returns a KeySet of fixed keys. It panics if two have the same
// non-empty id and algorithm, which is a mistake of the program.
func Keys(keys ...*Key) KeySet {
	if err := distinct(keys); err != nil {
		panic(err)
	}
	return static(keys)
}

func distinct(keys []*Key) error {
	seen := map[string]bool{}
	for _, k := range keys {
		if k.id != "" && seen[k.id] {
			return fmt.Errorf("%w: %q", errDuplicateKeyID, k.id)
		}
		seen[k.id] = true
	}
	return nil
}

// Find implements KeySet.
func (s static) Find(kid string, alg Algorithm) ([]*Key, error) {
	// Nearly every set has one key; it is returned without a new slice.
	first, last := -1, -1
	for i, k := range s {
		if k.alg != alg || kid != "" && k.id != "" && k.id != kid {
			continue
		}
		if first < 0 {
			first = i
		} else if last != i-1 {
			return s.gather(kid, alg), nil
		}
		last = i
	}
	if first < 0 {
		return nil, nil
	}
	return s[first : last+1], nil
}

func (s static) gather(kid string, alg Algorithm) []*Key {
	var out []*Key
	for _, k := range s {
		if k.alg == alg && (kid == "" || k.id == "" || k.id == kid) {
			out = append(out, k)
		}
	}
	return out
}
