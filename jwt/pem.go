package jwt

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// ParsePEM reads the one key of a PEM file: PUBLIC KEY, RSA PUBLIC KEY,
// PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY. Nothing may stand beside
// it. A certificate is refused: its key would be trusted without regard to
// its dates and issuer.
func ParsePEM(data []byte, alg Algorithm) (*Key, error) {
	if len(data) > maxJWKBytes {
		return nil, keyError(cfgerrors.OutOfRange, fmt.Sprintf("the PEM file is larger than %d KiB", maxJWKBytes>>10), "")
	}
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, keyError(cfgerrors.Malformed, "not a PEM file", "it begins with -----BEGIN")
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, keyError(cfgerrors.Malformed, "something stands behind the first PEM block", "give one key a file")
	}
	if block.Headers["Proc-Type"] != "" || block.Type == "ENCRYPTED PRIVATE KEY" {
		return nil, keyError(cfgerrors.Malformed, "the key is encrypted", "decrypt it: openssl pkey")
	}
	var (
		parsed any
		err    error
	)
	switch block.Type {
	case "PUBLIC KEY":
		parsed, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		parsed, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	case "CERTIFICATE":
		return nil, keyError(cfgerrors.Dangerous, "a certificate is no key", "take its key out: openssl x509 -pubkey -noout")
	default:
		return nil, keyError(cfgerrors.Unknown, fmt.Sprintf("a PEM block of type %.40q is no key", block.Type), "use PUBLIC KEY or PRIVATE KEY")
	}
	if err != nil {
		return nil, keyError(cfgerrors.Malformed, fmt.Sprintf("the %s cannot be read", block.Type), "write it again, as by openssl pkey -pubout")
	}
	if signer, ok := parsed.(crypto.Signer); ok {
		return NewPrivateKey(alg, signer)
	}
	return NewPublicKey(alg, parsed)
}
