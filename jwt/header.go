package jwt

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxHeaderBytes = 2 << 10 // of a decoded header
	maxKeyID       = 256     // bytes of kid
	maxType        = 128     // bytes of typ
	maxCritical    = 8       // names in crit
)

// A header is what a token says of itself (RFC 7515 §4.1). The members jku,
// jwk, x5u, x5c, x5t and x5t#S256 are never read: a token does not bring its
// own key (RFC 8725 §3.10).
type header struct {
	alg Algorithm
	kid string // at most maxKeyID bytes, or empty
	typ string // or empty
}

// parseHeader reads a decoded header. Understood are the extensions that crit
// may name.
func parseHeader(text []byte, understood []string) (header, *Error) {
	var h header
	if len(text) > maxHeaderBytes {
		return h, errHeaderTooLong
	}
	var (
		refused  *Error
		sawCrit  bool
		critical []string
		alg      string
	)
	ok := members(text, func(name, value []byte, _ int) bool {
		good := true
		switch string(name) {
		case "alg":
			alg, good = shortString(value, maxType)
		case "kid":
			h.kid, good = shortString(value, maxKeyID)
		case "typ":
			h.typ, good = shortString(value, maxType)
		case "cty":
			_, good = shortString(value, maxType)
		case "enc", "zip":
			refused = errEncrypted
		case "b64":
			// RFC 7797 §3: anything but true changes what is signed, and a
			// verifier that passes over it would read other bytes.
			if string(value) != "true" {
				refused = errUnencoded
			}
		case "crit":
			sawCrit = true
			if critical = criticalNames(value); critical == nil {
				refused = errCritForm
			}
		}
		if !good {
			refused = errHeaderMember
		}
		return refused == nil
	})
	switch {
	case refused != nil:
		return h, refused
	case !ok:
		return h, errHeaderJSON
	case alg == "":
		return h, errNoAlgorithm
	}
	h.alg = Algorithm(alg)
	if !sawCrit {
		return h, nil
	}
	for _, name := range critical {
		if !slices.Contains(understood, name) {
			return h, errCritical
		}
	}
	// crit is rare: the second walk costs ordinary tokens nothing.
	present := 0
	members(text, func(name, _ []byte, _ int) bool {
		if slices.Contains(critical, string(name)) {
			present++
		}
		return true
	})
	if present != len(critical) {
		return h, errCritAbsent
	}
	return h, nil
}

// shortString returns the string that a JSON value is, if it is one of 1 to
// limit bytes.
func shortString(value []byte, limit int) (string, bool) {
	if value[0] != '"' || len(value) > 6*limit+2 {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, value)
	return string(b), err == nil && len(b) > 0 && len(b) <= limit
}

// registered are the header names that crit must not hold, for every
// implementation understands them (RFC 7515 §4.1.11).
var registered = []string{"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "enc", "zip"}

// criticalNames returns the names in crit, or nil where its form is wrong:
// RFC 7515 §4.1.11 demands a non-empty array of distinct extension names.
func criticalNames(value []byte) []string {
	elements, ok := stringArray(value, maxCritical)
	if !ok || len(elements) == 0 {
		return nil
	}
	for i, name := range elements {
		if name == "" || slices.Contains(registered, name) || slices.Contains(elements[:i], name) {
			return nil
		}
	}
	return elements
}

// sameType compares media types as RFC 7515 §4.1.9 does: without regard to
// case, and with "application/" left out where no other slash stands.
func sameType(a, b string) bool { return strings.EqualFold(shortType(a), shortType(b)) }

func shortType(t string) string {
	const prefix = "application/"
	if len(t) > len(prefix) && strings.EqualFold(t[:len(prefix)], prefix) && !strings.Contains(t[len(prefix):], "/") {
		return t[len(prefix):]
	}
	return t
}
