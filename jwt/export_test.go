package jwt

import (
	"crypto/rand"
	"encoding/base64"
)

// SignRaw signs any header and payload, for tests that need a token that is
// wrong in one respect only.
func SignRaw(k *Key, header, payload []byte) (string, error) {
	return k.compact(rand.Reader, base64.RawURLEncoding.EncodeToString(header)+".", payload)
}

// DecodeSegment decodes one segment of a token.
func DecodeSegment(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }
