package jwt

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Token is a verified token. It is immutable and safe for concurrent use.
type Token struct {
	Issuer    string
	Subject   string
	Audience  []string
	Expiry    time.Time // zero where there is none
	NotBefore time.Time
	IssuedAt  time.Time
	ID        string // "jti"
	KeyID     string // of the key that verified it

	payload []byte
}

// Claims decodes all claims into v, which is a pointer to a struct or map.
// Names are matched exactly; a name that stands twice is an error.
func (t *Token) Claims(v any) error { return json.Unmarshal(t.payload, v) }

// registered are the claims that a Verifier judges (RFC 7519, section 4.1).
type registered struct {
	Issuer    jsontext.Value `json:"iss"`
	Subject   jsontext.Value `json:"sub"`
	Audience  jsontext.Value `json:"aud"`
	Expiry    jsontext.Value `json:"exp"`
	NotBefore jsontext.Value `json:"nbf"`
	IssuedAt  jsontext.Value `json:"iat"`
	ID        jsontext.Value `json:"jti"`
}

func parseClaims(payload []byte) (*Token, *Error) {
	if tooDeep(payload) {
		return nil, errDepth
	}
	var r registered
	if !isObject(payload) || json.Unmarshal(payload, &r) != nil {
		return nil, errClaimsJSON
	}
	t := &Token{payload: payload}
	for _, c := range []struct {
		from jsontext.Value
		to   *string
	}{{r.Issuer, &t.Issuer}, {r.Subject, &t.Subject}, {r.ID, &t.ID}} {
		if fail := readText(c.from, c.to); fail != nil {
			return nil, fail
		}
	}
	for _, c := range []struct {
		from jsontext.Value
		to   *time.Time
	}{{r.Expiry, &t.Expiry}, {r.NotBefore, &t.NotBefore}, {r.IssuedAt, &t.IssuedAt}} {
		if fail := readTime(c.from, c.to); fail != nil {
			return nil, fail
		}
	}
	return t, readAudience(r.Audience, &t.Audience)
}

func readText(from jsontext.Value, to *string) *Error {
	if from == nil {
		return nil
	}
	if from.Kind() != '"' {
		return errTextShape
	}
	// Without escapes the text is its own value.
	if bytes.IndexByte(from, '\\') < 0 {
		*to = string(from[1 : len(from)-1])
		return nil
	}
	if json.Unmarshal(from, to) != nil {
		return errTextShape
	}
	return nil
}

// maxTime is the end of the year 9999, after which times do not print.
const maxTime = 253402300799

// readTime reads a NumericDate (RFC 7519, section 2): a JSON number of
// seconds, fractions allowed, none below zero.
func readTime(from jsontext.Value, to *time.Time) *Error {
	if from == nil {
		return nil
	}
	if from.Kind() != '0' {
		return errNumericDate
	}
	f, err := strconv.ParseFloat(string(from), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > maxTime {
		return errNumericDate
	}
	whole, part := math.Modf(f)
	*to = time.Unix(int64(whole), int64(part*1e9))
	return nil
}

func readAudience(from jsontext.Value, to *[]string) *Error {
	if from == nil {
		return nil
	}
	switch from.Kind() {
	case '"':
		*to = make([]string, 1)
		return readText(from, &(*to)[0])
	case '[':
		var list []jsontext.Value
		if json.Unmarshal(from, &list) != nil {
			return errAudienceShape
		}
		*to = make([]string, len(list))
		for i, v := range list {
			if readText(v, &(*to)[i]) != nil {
				return errAudienceShape
			}
		}
		return nil
	}
	return errAudienceShape
}
