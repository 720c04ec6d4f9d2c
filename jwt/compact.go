package jwt

import (
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// DefaultMaxBytes is the longest token that a Verifier takes by default:
	// what fits into a request header everywhere.
	DefaultMaxBytes = 8 << 10
	// maxHeader bounds the header, decoded, in bytes.
	maxHeader = 2 << 10
	// maxDepth bounds the nesting of JSON.
	maxDepth = 16
)

// strict64 is base64url without padding that refuses unused bits and line
// breaks, so that one token has one text (RFC 7515, section 2).
var strict64 = base64.RawURLEncoding.Strict()

// A compact token, split and not verified.
type compact struct {
	signed    string // header and payload with the dot between
	header    string // still encoded
	payload   string // still encoded
	signature string // still encoded
}

// split parts the three segments. It looks at no more than four dots,
// whatever it is given (CVE-2025-30204).
func split(token string, limit int) (compact, *Error) {
	if len(token) > limit {
		return compact{}, errTooLong
	}
	first := strings.IndexByte(token, '.')
	if first < 0 {
		return compact{}, errSegments
	}
	second := strings.IndexByte(token[first+1:], '.')
	if second < 0 {
		return compact{}, errSegments
	}
	second += first + 1
	c := compact{token[:second], token[:first], token[first+1 : second], token[second+1:]}
	if strings.IndexByte(c.signature, '.') >= 0 || c.header == "" || c.payload == "" {
		return compact{}, errSegments
	}
	if c.signature == "" {
		return compact{}, errEmptySignature
	}
	return c, nil
}

func decode64(s string, buf []byte) ([]byte, *Error) {
	// The decoder passes over line breaks; they are no part of the alphabet.
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 {
		return nil, errBase64
	}
	out, err := strict64.AppendDecode(buf, []byte(s))
	if err != nil {
		return nil, errBase64
	}
	return out, nil
}

// A header is what is read of the JOSE header. Members that would make us
// fetch or trust a key (jku, jwk, x5u, x5c) are not among them: they are
// never followed (RFC 8725, section 3.10).
type header struct {
	Alg  string         `json:"alg"`
	Typ  string         `json:"typ"`
	Kid  string         `json:"kid"`
	Crit jsontext.Value `json:"crit"`
	B64  jsontext.Value `json:"b64"`
	Cty  string         `json:"cty"`
	Enc  jsontext.Value `json:"enc"`
}

func parseHeader(encoded string) (*header, *Error) {
	if len(encoded) > base64.RawURLEncoding.EncodedLen(maxHeader) {
		return nil, errHeaderTooLong
	}
	var buf [512]byte
	data, fail := decode64(encoded, buf[:0])
	if fail != nil {
		return nil, fail
	}
	if tooDeep(data) {
		return nil, errDepth
	}
	h := new(header)
	if !isObject(data) || json.Unmarshal(data, h) != nil {
		return nil, errHeaderJSON
	}
	switch {
	case h.Crit != nil:
		// No extension is known, so any crit is one too many; an empty list is
		// malformed besides (RFC 7515, section 4.1.11).
		return nil, errCritical
	case h.B64 != nil:
		return nil, errUnencoded // RFC 7797; without crit it means nothing, and is odd
	case h.Enc != nil:
		return nil, errSegments // a JWE's header
	case len(h.Kid) > maxKeyID:
		return nil, errKey
	}
	return h, nil
}

// isObject tells JSON objects from other values, so that "null" does not pass
// for an empty one. White space around the object is refused, too: encoders
// write none, and two texts of one token are one too many.
func isObject(data []byte) bool {
	return len(data) >= 2 && data[0] == '{' && data[len(data)-1] == '}'
}

// tooDeep bounds the nesting before a decoder recurses into it.
func tooDeep(data []byte) bool {
	depth, inString, escaped := 0, false, false
	for _, c := range data {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped, inString = c == '\\', c != '"'
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
