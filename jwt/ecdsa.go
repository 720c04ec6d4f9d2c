package jwt

import (
	"encoding/asn1"
	"errors"
	"math/big"
)

// appendECDSA appends the ASN.1 form (RFC 3279 §2.2.3) of the signature whose
// numbers r and s are given as big-endian bytes of the same length. It
// allocates nothing if dst has room.
func appendECDSA(dst, r, s []byte) []byte {
	r, s = trimZeros(r), trimZeros(s)
	n := integerLen(r) + integerLen(s)
	dst = append(dst, 0x30)
	if n >= 0x80 { // two numbers of P-521 need 139 bytes
		dst = append(dst, 0x81)
	}
	dst = append(dst, byte(n))
	return appendInteger(appendInteger(dst, r), s)
}

func trimZeros(n []byte) []byte {
	for len(n) > 1 && n[0] == 0 {
		n = n[1:]
	}
	return n
}

func integerLen(n []byte) int {
	if n[0] >= 0x80 {
		return len(n) + 3
	}
	return len(n) + 2
}

func appendInteger(dst, n []byte) []byte {
	dst = append(dst, 0x02, byte(integerLen(n)-2))
	if n[0] >= 0x80 { // else it would read as negative
		dst = append(dst, 0)
	}
	return append(dst, n...)
}

// flattenECDSA turns the ASN.1 form into the two numbers of size bytes each
// (RFC 7518 §3.4).
func flattenECDSA(der []byte, size int) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &sig)
	if err != nil || len(rest) > 0 || sig.R.Sign() <= 0 || sig.S.Sign() <= 0 ||
		sig.R.BitLen() > 8*size || sig.S.BitLen() > 8*size {
		return nil, errors.New("jwt: the signer returned no ECDSA signature")
	}
	flat := make([]byte, 2*size)
	sig.R.FillBytes(flat[:size])
	sig.S.FillBytes(flat[size:])
	return flat, nil
}
