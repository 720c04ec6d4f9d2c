package jwt

import (
	"encoding/base64"
	"slices"
)

// base64Values maps a byte of the URL-safe alphabet (RFC 4648 §5) to its six
// bits, and every other byte to 0xFF.
var base64Values = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xFF
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

// decodeBase64 appends the bytes that s spells in canonical base64url without
// padding (RFC 7515 §2), and reports whether s is canonical. encoding/base64
// will not do: even its strict mode passes over line breaks, so that one
// token has many texts (as golang-jwt and go-jose see it).
func decodeBase64(dst []byte, s string) ([]byte, bool) {
	var bad byte
	n := len(dst)
	dst = slices.Grow(dst, (len(s)+3)/4*3)
	whole := dst[n : n+len(s)/4*3]
	for len(s) >= 4 && len(whole) >= 3 {
		a, b, c, d := base64Values[s[0]], base64Values[s[1]], base64Values[s[2]], base64Values[s[3]]
		bad |= a | b | c | d
		whole[0], whole[1], whole[2] = a<<2|b>>4, b<<4|c>>2, c<<6|d
		s, whole = s[4:], whole[3:]
	}
	dst = dst[:cap(dst)-cap(whole)]
	switch len(s) {
	case 1:
		return dst, false
	case 2:
		a, b := base64Values[s[0]], base64Values[s[1]]
		if b&0x0F != 0 { // the last four bits are unused, and zero
			return dst, false
		}
		bad |= a | b
		dst = append(dst, a<<2|b>>4)
	case 3:
		a, b, c := base64Values[s[0]], base64Values[s[1]], base64Values[s[2]]
		if c&0x03 != 0 { // the last two bits are unused, and zero
			return dst, false
		}
		bad |= a | b | c
		dst = append(dst, a<<2|b>>4, b<<4|c>>2)
	}
	return dst, bad&0xC0 == 0
}

func encodeBase64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
