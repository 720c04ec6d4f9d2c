package guard

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
)

// maxRequestID bounds an identifier that the client chose, in bytes.
const maxRequestID = 64

// identify gives the request an identifier, which stands in every log, in the
// answer, and in the request to the API. One that the client sent is kept if
// it cannot harm a log.
func (g *Guard) identify(x *exchange) *problem {
	if v := x.r.Header["X-Request-Id"]; len(v) == 1 && harmless(v[0]) {
		x.id = v[0]
	} else {
		var b [12]byte
		if _, err := rand.Read(b[:]); err != nil {
			return refusal(http.StatusServiceUnavailable, "no-randomness", "the guard cannot make identifiers").because(err)
		}
		x.id = base64.RawURLEncoding.EncodeToString(b[:])
	}
	x.w.Header()["X-Request-Id"] = []string{x.id}
	return nil
}

func harmless(id string) bool {
	for i := range len(id) {
		c := id[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return len(id) >= 8 && len(id) <= maxRequestID
}
