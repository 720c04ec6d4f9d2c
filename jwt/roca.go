package jwt

import "math/big"

// rocaPrimes are the odd primes up to 167.
var rocaPrimes = []int64{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
	97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
}

// hasROCA reports whether the modulus has the fingerprint of CVE-2017-15361:
// a chip's library made primes that are powers of 65537 modulo all small
// primes, so that their product is one, too ("The Return of Coppersmith's
// Attack", CCS 2017, §3.1). By chance a modulus has it in fewer than one of
// 2^27 cases.
func hasROCA(n *big.Int) bool {
	r := new(big.Int)
	for _, p := range rocaPrimes {
		if !powerOf65537(r.Mod(n, big.NewInt(p)).Int64(), p) {
			return false
		}
	}
	return true
}

func powerOf65537(x, p int64) bool {
	for power, i := int64(1), int64(0); i < p; i++ {
		if power == x {
			return true
		}
		power = power * 65537 % p
	}
	return false
}
