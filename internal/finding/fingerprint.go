package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Fingerprint returns a short text that stays the same from run to run for
// the same weakness at the same place, whatever else changes. The parts name
// the place: an operation, or a file and the source line's own text (never
// its number, which moves).
func Fingerprint(weakness string, parts ...string) string {
	h := sha256.New()
	for _, p := range append([]string{weakness}, parts...) {
		// The length first, so that ("a", "bc") and ("ab", "c") differ.
		h.Write([]byte(strconv.Itoa(len(p))))
		h.Write([]byte{':'})
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}
