package jwt

import (
	"math/big"
	"slices"
)

// The field and the curve of RFC 8032, section 5.1.
var (
	edwardsP = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	edwardsD = new(big.Int).Mod(new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), edwardsP)), edwardsP)
)

// goodEdwards reports whether the 32 bytes are the one encoding of a point on
// the curve, and not one of the eight of small order: for such a "key"
// signatures can be made that fit many messages. It runs once a key.
func goodEdwards(key []byte) bool {
	b := slices.Clone(key)
	b[31] &= 0x7F // the sign of x
	slices.Reverse(b)
	y := new(big.Int).SetBytes(b)
	if y.Cmp(edwardsP) >= 0 {
		return false
	}
	// x² = (y² - 1) / (d y² + 1)
	y2 := new(big.Int).Exp(y, big.NewInt(2), edwardsP)
	u := new(big.Int).Sub(y2, big.NewInt(1))
	v := new(big.Int).Add(new(big.Int).Mul(edwardsD, y2), big.NewInt(1))
	x2 := new(big.Int).Mul(u, new(big.Int).ModInverse(v.Mod(v, edwardsP), edwardsP)) // d is no square, so v is never 0
	if new(big.Int).ModSqrt(x2.Mod(x2, edwardsP), edwardsP) == nil {
		return false
	}
	// Of order 1, 2 and 4 are the points with x = 0 or y = 0. Doubling a point
	// of order 8 gives one of order 4, whose y is 0: y² = -x² (section 5.1.4).
	return y.Sign() != 0 && x2.Sign() != 0 && new(big.Int).Mod(new(big.Int).Add(y2, x2), edwardsP).Sign() != 0
}
