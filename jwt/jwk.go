package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/d710e0ae/countersign/cfgerrors"
)

const (
	maxJWKBytes  = 32 << 10
	maxJWKSBytes = 1 << 20
)

// A jwk is a JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037 §2). What points
// elsewhere (x5u, x5c) is not read.
type jwk struct {
	Kty    string   `json:"kty"`
	Use    string   `json:"use,omitzero"`
	KeyOps []string `json:"key_ops,omitzero"`
	Alg    string   `json:"alg,omitzero"`
	Kid    string   `json:"kid,omitzero"`
	Crv    string   `json:"crv,omitzero"`
	K      string   `json:"k,omitzero"`
	N      string   `json:"n,omitzero"`
	E      string   `json:"e,omitzero"`
	X      string   `json:"x,omitzero"`
	Y      string   `json:"y,omitzero"`
	D      string   `json:"d,omitzero"`
	P      string   `json:"p,omitzero"`
	Q      string   `json:"q,omitzero"`
	DP     string   `json:"dp,omitzero"`
	DQ     string   `json:"dq,omitzero"`
	QI     string   `json:"qi,omitzero"`

	Oth jsontext.Value `json:"oth,omitzero"` // primes beyond two
}

// ParseJWK reads one JSON Web Key: oct, RSA, EC (P-256, P-384, P-521) or OKP
// (Ed25519), private or public. A key that names no alg is for the one of
// algs that fits its type; it is an error if none or several do, for the
// token must not be the one to choose (CVE-2026-22818). If algs are given, a
// key that names its alg must name one of them. A key whose use or key_ops
// says that it is not for signatures is refused.
func ParseJWK(data []byte, algs ...Algorithm) (*Key, error) {
	if len(data) > maxJWKBytes {
		return nil, keyError(cfgerrors.OutOfRange, fmt.Sprintf("the JWK is larger than %d KiB", maxJWKBytes>>10), "")
	}
	var j jwk
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, keyError(cfgerrors.Malformed, "not a JWK: not a JSON object with each name once and of the right types", "see RFC 7517, section 3")
	}
	return j.key(algs)
}

// ParseJWKS reads a JSON Web Key Set of at most 64 keys and 1 MiB. Keys for
// encryption, of unknown types or of algorithms that are not wanted are passed
// over, as RFC 7517 §5 has it; any other unusable key is an error, as are two
// keys of one kid and a set without usable key. Algs are as for ParseJWK.
func ParseJWKS(data []byte, algs ...Algorithm) (*FixedKeys, error) {
	if len(data) > maxJWKSBytes {
		return nil, keyError(cfgerrors.OutOfRange, fmt.Sprintf("the JWKS is larger than %d MiB", maxJWKSBytes>>20), "")
	}
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil || set.Keys == nil {
		return nil, keyError(cfgerrors.Malformed, `not a JWKS: not a JSON object with a list "keys"`, "see RFC 7517, section 5")
	}
	if len(set.Keys) > maxKeys {
		return nil, keyError(cfgerrors.OutOfRange, fmt.Sprintf("the JWKS has %d keys; %d are allowed", len(set.Keys), maxKeys), "")
	}
	var list cfgerrors.List
	var keys []*Key
	for i, v := range set.Keys {
		k, err := ParseJWK(v, algs...)
		switch {
		case errors.As(err, new(unsuitable)):
		case err != nil:
			list.Join(fmt.Sprintf("keys[%d]", i), err)
		default:
			keys = append(keys, k)
		}
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	return NewKeys(keys...)
}

// An unsuitable key is one that a set may hold beside its signing keys, and
// that is passed over there (RFC 7517 §5).
type unsuitable struct{ error }

func (u unsuitable) Unwrap() error { return u.error }

func notForUs(code cfgerrors.Code, problem, instead string) error {
	return unsuitable{keyError(code, problem, instead)}
}

// key makes the Key that j describes.
func (j *jwk) key(algs []Algorithm) (*Key, error) {
	if j.Use != "" && j.Use != "sig" {
		return nil, notForUs(cfgerrors.Conflict, fmt.Sprintf("the JWK's use is %q, not sig", j.Use), "give the key that signs tokens")
	}
	if j.KeyOps != nil && !slices.Contains(j.KeyOps, "verify") && !slices.Contains(j.KeyOps, "sign") {
		return nil, notForUs(cfgerrors.Conflict, "the JWK's key_ops name neither sign nor verify", "give the key that signs tokens")
	}
	if len(j.Kid) > maxKeyID {
		return nil, keyError(cfgerrors.OutOfRange, fmt.Sprintf("the JWK's kid has %d bytes; %d are allowed", len(j.Kid), maxKeyID), "")
	}
	fit := j.algorithms()
	if fit == nil {
		return nil, notForUs(cfgerrors.Unknown, fmt.Sprintf("there is no signature algorithm for a JWK of kty %q and crv %q", j.Kty, j.Crv), "use oct, RSA, EC or OKP")
	}
	alg, err := j.choose(fit, algs)
	if err != nil {
		return nil, err
	}
	k, err := j.material(alg)
	if err != nil {
		return nil, err
	}
	if j.KeyOps != nil && !slices.Contains(j.KeyOps, "sign") && k.family != familyHMAC {
		k = k.Public()
	}
	return k.WithID(j.Kid), nil
}

// algorithms returns what a key of j's type can be for.
func (j *jwk) algorithms() []Algorithm {
	switch {
	case j.Kty == "oct":
		return []Algorithm{HS256, HS384, HS512}
	case j.Kty == "RSA":
		return []Algorithm{RS256, RS384, RS512, PS256, PS384, PS512}
	case j.Kty == "EC" && j.Crv == "P-256":
		return []Algorithm{ES256}
	case j.Kty == "EC" && j.Crv == "P-384":
		return []Algorithm{ES384}
	case j.Kty == "EC" && j.Crv == "P-521":
		return []Algorithm{ES512}
	case j.Kty == "OKP" && j.Crv == "Ed25519":
		return []Algorithm{EdDSA, Ed25519}
	}
	return nil
}

func (j *jwk) choose(fit, algs []Algorithm) (Algorithm, error) {
	if j.Alg != "" {
		alg := Algorithm(j.Alg)
		switch {
		case alg.method() == nil:
			return "", notForUs(cfgerrors.Unknown, fmt.Sprintf("the JWK's alg %q is no signature algorithm known here", j.Alg), "use one of "+algorithmList())
		case !slices.Contains(fit, alg):
			return "", keyError(cfgerrors.Conflict, fmt.Sprintf("the JWK's alg %s contradicts its kty %s and crv %q", alg, j.Kty, j.Crv), "")
		case len(algs) > 0 && !slices.Contains(algs, alg):
			return "", notForUs(cfgerrors.Conflict, fmt.Sprintf("the JWK's alg %s is not among those wanted", alg), "")
		}
		return alg, nil
	}
	var chosen []Algorithm
	for _, a := range algs {
		if slices.Contains(fit, a) {
			chosen = append(chosen, a)
		}
	}
	switch {
	case len(chosen) == 1:
		return chosen[0], nil
	case len(chosen) > 1:
		return "", keyError(cfgerrors.Conflict, fmt.Sprintf("the JWK names no alg, and %v fit it alike", chosen), "say which one the key is for")
	case len(algs) > 0:
		return "", notForUs(cfgerrors.Conflict, fmt.Sprintf("the JWK names no alg, and none of those wanted fits its kty %s", j.Kty), "")
	}
	return "", keyError(cfgerrors.Missing, "the JWK names no alg, and the token must not choose it (CVE-2026-22818)", "say which algorithm the key is for")
}

func (j *jwk) material(alg Algorithm) (*Key, error) {
	switch j.Kty {
	case "oct":
		secret, err := octets("k", j.K)
		if err != nil {
			return nil, err
		}
		return NewHMACKey(alg, secret)
	case "RSA":
		return j.rsa(alg)
	case "EC":
		return j.ec(alg)
	default:
		return j.okp(alg)
	}
}

// octets decodes a member that must be there, in canonical base64url.
func octets(name, text string) ([]byte, error) {
	if text == "" {
		return nil, keyError(cfgerrors.Missing, fmt.Sprintf("the JWK has no member %q", name), "")
	}
	b, ok := decodeBase64(nil, text)
	if !ok {
		return nil, keyError(cfgerrors.Malformed, fmt.Sprintf("the JWK's member %q is not canonical base64url", name), "")
	}
	return b, nil
}

// integer decodes a Base64urlUInt (RFC 7518 §2), which has no leading zero.
func integer(name, text string) (*big.Int, error) {
	b, err := octets(name, text)
	if err != nil {
		return nil, err
	}
	if b[0] == 0 {
		return nil, keyError(cfgerrors.Malformed, fmt.Sprintf("the JWK's member %q has leading zeros", name), "")
	}
	return new(big.Int).SetBytes(b), nil
}

func (j *jwk) rsa(alg Algorithm) (*Key, error) {
	n, err := integer("n", j.N)
	if err != nil {
		return nil, err
	}
	e, err := integer("e", j.E)
	if err != nil {
		return nil, err
	}
	if e.BitLen() > 31 {
		return nil, keyError(cfgerrors.OutOfRange, "the JWK's exponent has more than 31 bits", "")
	}
	public := rsa.PublicKey{N: n, E: int(e.Int64())}
	if j.D == "" {
		return NewPublicKey(alg, &public)
	}
	if j.Oth != nil {
		return nil, keyError(cfgerrors.Unknown, "RSA keys of more than two primes are not supported", "")
	}
	private := &rsa.PrivateKey{PublicKey: public}
	var p, q *big.Int
	for _, m := range []struct {
		name, text string
		to         **big.Int
	}{{"d", j.D, &private.D}, {"p", j.P, &p}, {"q", j.Q, &q}} {
		if *m.to, err = integer(m.name, m.text); err != nil {
			return nil, err
		}
	}
	if n.BitLen() > maxRSABits || private.D.BitLen() > maxRSABits {
		return nil, keyError(cfgerrors.OutOfRange, fmt.Sprintf("the RSA key has more than %d bits", maxRSABits), "")
	}
	private.Primes = []*big.Int{p, q}
	if err := private.Validate(); err != nil {
		return nil, keyError(cfgerrors.Malformed, "the RSA private key contradicts itself", "")
	}
	private.Precompute() // dp, dq and qi follow from the rest, and are not trusted
	return NewPrivateKey(alg, private)
}

func (j *jwk) ec(alg Algorithm) (*Key, error) {
	m := alg.method()
	point := []byte{4} // uncompressed (SEC 1 §2.3.3)
	for _, c := range []struct{ name, text string }{{"x", j.X}, {"y", j.Y}} {
		b, err := octets(c.name, c.text)
		if err != nil {
			return nil, err
		}
		if len(b) != m.size { // RFC 7518 §6.2.1.2: in full
			return nil, keyError(cfgerrors.Malformed, fmt.Sprintf("the JWK's member %q has %d bytes instead of %d", c.name, len(b), m.size), "")
		}
		point = append(point, b...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(m.curve, point)
	if err != nil {
		return nil, keyError(cfgerrors.Malformed, "the JWK is no point on its curve", "")
	}
	if j.D == "" {
		return NewPublicKey(alg, public)
	}
	d, err := octets("d", j.D)
	if err != nil {
		return nil, err
	}
	private, err := ecdsa.ParseRawPrivateKey(m.curve, d)
	if err != nil || !private.PublicKey.Equal(public) {
		return nil, keyError(cfgerrors.Malformed, "the JWK's private part does not belong to its public part", "")
	}
	return NewPrivateKey(alg, private)
}

func (j *jwk) okp(alg Algorithm) (*Key, error) {
	x, err := octets("x", j.X)
	if err != nil {
		return nil, err
	}
	if j.D == "" {
		return NewPublicKey(alg, ed25519.PublicKey(x))
	}
	seed, err := octets("d", j.D)
	if err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize {
		return nil, keyError(cfgerrors.Malformed, fmt.Sprintf("the JWK's private part has %d bytes instead of %d", len(seed), ed25519.SeedSize), "")
	}
	private := ed25519.NewKeyFromSeed(seed)
	if !private.Public().(ed25519.PublicKey).Equal(ed25519.PublicKey(x)) {
		return nil, keyError(cfgerrors.Malformed, "the JWK's private part does not belong to its public part", "")
	}
	return NewPrivateKey(alg, private)
}

// PublicJWK returns the public half of a key pair as a JWK, with alg, use and
// the kid, to be published. HMAC keys have none, and are an error.
func (k *Key) PublicJWK() ([]byte, error) {
	j, err := k.publicJWK()
	if err != nil {
		return nil, err
	}
	return json.Marshal(j)
}

func (k *Key) publicJWK() (*jwk, error) {
	if k.family == familyHMAC {
		return nil, keyError(cfgerrors.Dangerous, "an HMAC key has no public half", "keep it secret")
	}
	return k.jwk()
}

// PrivateJWK returns the key with its secret as a JWK. Keys that only verify,
// and keys whose secret is kept elsewhere, are an error.
func (k *Key) PrivateJWK() ([]byte, error) {
	j, err := k.jwk()
	if err != nil {
		return nil, err
	}
	if err := k.addPrivate(j); err != nil {
		return nil, err
	}
	return json.Marshal(j)
}

func (k *Key) jwk() (*jwk, error) {
	j := &jwk{Use: "sig", Alg: string(k.alg), Kid: k.id}
	switch p := k.public.(type) {
	case nil:
		j.Kty = "oct"
	case *rsa.PublicKey:
		j.Kty, j.N, j.E = "RSA", encodeBase64(p.N.Bytes()), encodeBase64(big.NewInt(int64(p.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := p.Bytes()
		if err != nil {
			return nil, err
		}
		j.Kty, j.Crv = "EC", p.Curve.Params().Name
		j.X, j.Y = encodeBase64(point[1:1+k.size]), encodeBase64(point[1+k.size:])
	case ed25519.PublicKey:
		j.Kty, j.Crv, j.X = "OKP", "Ed25519", encodeBase64(p)
	}
	return j, nil
}

func (k *Key) addPrivate(j *jwk) error {
	if k.family == familyHMAC {
		j.K = encodeBase64(k.secret)
		return nil
	}
	switch s := crypto.PrivateKey(k.signer).(type) {
	case *rsa.PrivateKey:
		if len(s.Primes) != 2 {
			return keyError(cfgerrors.Unknown, "RSA keys of more than two primes are not supported", "")
		}
		s.Precompute()
		j.D, j.P, j.Q = encodeBase64(s.D.Bytes()), encodeBase64(s.Primes[0].Bytes()), encodeBase64(s.Primes[1].Bytes())
		j.DP, j.DQ, j.QI = encodeBase64(s.Precomputed.Dp.Bytes()), encodeBase64(s.Precomputed.Dq.Bytes()), encodeBase64(s.Precomputed.Qinv.Bytes())
	case *ecdsa.PrivateKey:
		d, err := s.Bytes()
		if err != nil {
			return err
		}
		j.D = encodeBase64(d)
	case ed25519.PrivateKey:
		j.D = encodeBase64(s.Seed())
	default:
		return keyError(cfgerrors.Unavailable, "the key has no private part that can be written down", "")
	}
	return nil
}
