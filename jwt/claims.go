package jwt

import (
	"bytes"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxAudiences = 64
	// lastSecond is the end of the year 9999, beyond which RFC 3339 cannot
	// write a time and no issuer means one.
	lastSecond = 253402300799
)

// parseClaims reads the registered claims of a decoded payload into c (RFC
// 7519 §4.1). Text is the payload as a string, which the claims then share.
func parseClaims(c *Token, payload []byte, text string) *Error {
	var refused *Error
	ok := members(payload, func(name, value []byte, start int) bool {
		switch string(name) {
		case "iss":
			c.Issuer, refused = claimString(value, text[start:start+len(value)])
		case "sub":
			c.Subject, refused = claimString(value, text[start:start+len(value)])
		case "jti":
			c.ID, refused = claimString(value, text[start:start+len(value)])
		case "aud":
			refused = c.readAudience(value, text[start:start+len(value)])
		case "exp":
			c.Expiry, refused = claimTime(value, text[start:start+len(value)])
		case "nbf":
			c.NotBefore, refused = claimTime(value, text[start:start+len(value)])
		case "iat":
			c.IssuedAt, refused = claimTime(value, text[start:start+len(value)])
		}
		return refused == nil
	})
	if refused == nil && !ok {
		refused = errClaimsJSON
	}
	return refused
}

// claimString returns the string that value spells; shared is the same text,
// which the result may alias.
func claimString(value []byte, shared string) (string, *Error) {
	if value[0] != '"' {
		return "", errTextShape
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return shared[1 : len(shared)-1], nil
	}
	b, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return "", errTextShape
	}
	return string(b), nil
}

// readAudience reads aud: a string or an array of strings (RFC 7519 §4.1.3).
func (c *Token) readAudience(value []byte, shared string) (refused *Error) {
	if value[0] == '"' {
		c.audience[0], refused = claimString(value, shared)
		c.Audience = c.audience[:]
		return refused
	}
	all, ok := stringArray(value, maxAudiences)
	if !ok {
		return errAudienceShape
	}
	c.Audience = all
	return nil
}

// stringArray returns the strings of a JSON array of at most limit strings.
func stringArray(value []byte, limit int) ([]string, bool) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(value))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '[' {
		return nil, false
	}
	all := []string{}
	for {
		t, err := dec.ReadToken()
		if err != nil {
			return nil, false
		}
		switch t.Kind() {
		case ']':
			_, err := dec.ReadToken()
			return all, err == io.EOF
		case '"':
			if len(all) == limit {
				return nil, false
			}
			all = append(all, t.String())
		default:
			return nil, false
		}
	}
}

// claimTime reads a NumericDate (RFC 7519 §2): a JSON number of seconds since
// 1970, fractions allowed, in the years 1970 to 9999.
func claimTime(value []byte, text string) (time.Time, *Error) {
	if value[0] < '0' || value[0] > '9' { // a string, a word, or negative
		return time.Time{}, errNumericDate
	}
	if seconds, whole := digits(value); whole {
		if seconds > lastSecond {
			return time.Time{}, errNumericDate
		}
		return time.Unix(seconds, 0), nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f >= 0 && f <= lastSecond) {
		return time.Time{}, errNumericDate
	}
	whole, fraction := math.Modf(f)
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}

// digits returns the number that value spells, if it is digits only and too
// few to overflow.
func digits(value []byte) (n int64, ok bool) {
	if len(value) > 18 {
		return 0, false
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}
