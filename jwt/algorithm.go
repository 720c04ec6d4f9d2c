package jwt

import (
	"crypto"
	"crypto/elliptic"
	_ "crypto/sha256" // the hashes that the table names
	_ "crypto/sha512"
	"slices"
)

// An Algorithm is a signature algorithm by its registered name (RFC 7518 §3.1,
// RFC 8037 §3.1, RFC 9864 §2.2). Names are case-sensitive. There is no "none".
type Algorithm string

// The algorithms that this package signs and verifies with.
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
	EdDSA Algorithm = "EdDSA" // with Ed25519 keys
	// Ed25519 is the fully specified name of what EdDSA means here. The two
	// names do not match each other: a key has exactly one.
	Ed25519 Algorithm = "Ed25519"
)

type family uint8

const (
	familyHMAC family = iota
	familyRSA
	familyPSS
	familyECDSA
	familyEdDSA
)

// A method is what an algorithm's name stands for.
type method struct {
	alg    Algorithm
	family family
	hash   crypto.Hash
	curve  elliptic.Curve // of ECDSA
	size   int            // bytes of an ECDSA coordinate
}

var methods = []*method{
	{alg: HS256, family: familyHMAC, hash: crypto.SHA256},
	{alg: HS384, family: familyHMAC, hash: crypto.SHA384},
	{alg: HS512, family: familyHMAC, hash: crypto.SHA512},
	{alg: RS256, family: familyRSA, hash: crypto.SHA256},
	{alg: RS384, family: familyRSA, hash: crypto.SHA384},
	{alg: RS512, family: familyRSA, hash: crypto.SHA512},
	{alg: PS256, family: familyPSS, hash: crypto.SHA256},
	{alg: PS384, family: familyPSS, hash: crypto.SHA384},
	{alg: PS512, family: familyPSS, hash: crypto.SHA512},
	{alg: ES256, family: familyECDSA, hash: crypto.SHA256, curve: elliptic.P256(), size: 32},
	{alg: ES384, family: familyECDSA, hash: crypto.SHA384, curve: elliptic.P384(), size: 48},
	{alg: ES512, family: familyECDSA, hash: crypto.SHA512, curve: elliptic.P521(), size: 66},
	{alg: EdDSA, family: familyEdDSA},
	{alg: Ed25519, family: familyEdDSA},
}

func (a Algorithm) method() *method {
	for _, m := range methods {
		if m.alg == a {
			return m
		}
	}
	return nil
}

// Algorithms returns the names of all algorithms of this package.
func Algorithms() []Algorithm {
	all := make([]Algorithm, len(methods))
	for i, m := range methods {
		all[i] = m.alg
	}
	return slices.Clip(all)
}
