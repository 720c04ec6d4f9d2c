package idempotency

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"strings"
)

// maxKey bounds a key, in characters.
const maxKey = 256

// ParseKey returns the key of an Idempotency-Key header: one line that is one
// String of RFC 8941 §3.3.3, such as "8e03978e-40d5-43dd-bc93-6894a57f9324"
// in its double quotes, of 1 to 256 characters. Parameters, which the draft
// does not define, are refused. The error is an [*Error], ErrMissing or
// ErrMalformed.
func ParseKey(h http.Header) (string, error) {
	lines := h["Idempotency-Key"]
	switch len(lines) {
	case 0:
		return "", errMissing
	case 1:
	default:
		return "", errTwoKeys
	}
	text := strings.Trim(lines[0], " ") // RFC 8941 §4.2 steps 2 and 6
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return "", errKeyForm
	}
	text = text[1 : len(text)-1]
	if len(text) > 2*maxKey {
		return "", errKeyLength
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\':
			i++
			if i == len(text) || text[i] != '"' && text[i] != '\\' {
				return "", errKeyForm
			}
			c = text[i]
		case c == '"' || c < ' ' || c > '~':
			return "", errKeyForm
		}
		b.WriteByte(c)
	}
	if b.Len() == 0 || b.Len() > maxKey {
		return "", errKeyLength
	}
	return b.String(), nil
}

// sum hashes parts such that no two lists of parts have the same text.
func sum(parts ...string) (out [sha256.Size]byte) {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	h.Sum(out[:0])
	return out
}

// name binds the key to its user.
func name(user, key string) Key { return Key(sum("countersign idempotency", user, key)) }

// fingerprint tells requests under one key apart.
func fingerprint(r *http.Request, body []byte) [sha256.Size]byte {
	return sum(r.Method, r.URL.EscapedPath(), r.URL.RawQuery, strings.Join(r.Header["Content-Type"], "\n"), string(body))
}
