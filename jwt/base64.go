package jwt

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// base64Values maps a byte of the URL-safe alphabet (RFC 4648 §5) to its six
// bits, and every other byte to base64Bad. The table at index i has them where
// the i-th of four characters puts them, so that four look-ups need no shift.
var base64Values = func() (t [4][256]uint32) {
	for i := range t {
		for c := range t[i] {
			t[i][c] = base64Bad
		}
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		for v := range len(alphabet) {
			t[i][alphabet[v]] = uint32(v) << (18 - 6*i)
		}
	}
	return t
}()

const base64Bad = 1 << 24 // above the bits of four characters

// decodeBase64 appends the bytes that s spells in canonical base64url without
// padding (RFC 7515 §2), and reports whether s is canonical. encoding/base64
// will not do: even its strict mode passes over line breaks, so that one
// token has many texts (as golang-jwt and go-jose see it).
//
// It was a sixth of the time of a verification; eight characters at a time, it
// takes half of that. Whether one was bad is asked once, at the end.
func decodeBase64(dst []byte, s string) ([]byte, bool) {
	t := &base64Values
	var bad uint32
	n := len(dst)
	dst = slices.Grow(dst, (len(s)+3)/4*3)
	whole := dst[n : n+len(s)/4*3]
	for len(s) >= 8 && len(whole) >= 8 { // of the eight bytes, the next round overwrites two
		a := t[0][s[0]] | t[1][s[1]] | t[2][s[2]] | t[3][s[3]]
		b := t[0][s[4]] | t[1][s[5]] | t[2][s[6]] | t[3][s[7]]
		bad |= a | b
		binary.BigEndian.PutUint64(whole, uint64(a)<<40|uint64(b)<<16)
		s, whole = s[8:], whole[6:]
	}
	for len(s) >= 4 && len(whole) >= 3 {
		a := t[0][s[0]] | t[1][s[1]] | t[2][s[2]] | t[3][s[3]]
		bad |= a
		whole[0], whole[1], whole[2] = byte(a>>16), byte(a>>8), byte(a)
		s, whole = s[4:], whole[3:]
	}
	dst = dst[:cap(dst)-cap(whole)]
	switch len(s) {
	case 1:
		return dst, false
	case 2:
		a := t[0][s[0]] | t[1][s[1]]
		if a&0xFFFF != 0 { // the last four bits are unused, and zero
			return dst, false
		}
		bad |= a
		dst = append(dst, byte(a>>16))
	case 3:
		a := t[0][s[0]] | t[1][s[1]] | t[2][s[2]]
		if a&0xFF != 0 { // the last two bits are unused, and zero
			return dst, false
		}
		bad |= a
		dst = append(dst, byte(a>>16), byte(a>>8))
	}
	return dst, bad < base64Bad
}

func encodeBase64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
