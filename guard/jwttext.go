package guard

import (
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxHeader bounds the first segment of what is taken for a JWT, in bytes.
const maxHeader = 4 << 10

// maxTries bounds how many places of one segment are tried: the time for a text
// grows with its length alone. What stands before a JWT without anything
// between, such as "key_", has one or two.
const maxTries = 4

// findJWT returns the first JWT that stands in text, alone or amid something
// else: quoted, behind its scheme, percent-encoded, in a URL, before another
// signature. It returns "" where there is none.
func findJWT(text string) string {
	end, tries := 0, 0 // of the segment, and within it
	for at := 0; ; {
		// All JWTs begin with the encoding of `{"`, give or take white space.
		i := strings.Index(text[at:], "ey")
		if i < 0 {
			return ""
		}
		if at += i; at >= end {
			end, tries = at+segment(text[at:]), 0
		}
		if tries++; tries > maxTries || end == len(text) || text[end] != '.' {
			at = end // what is left of the segment is no first one
			continue
		}
		if t := jwtAt(text[at:], end-at); t != "" {
			return t
		}
		// The rest of the segment may begin with the end of another word.
		at += len("ey")
	}
}

// segment is the length of the segment that text begins with.
func segment(text string) int {
	n := 0
	for n < len(text) && inSegment(text[n]) {
		n++
	}
	return n
}

func inSegment(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// jwtAt returns the JWT that text begins with, whose first segment has n bytes
// and is not the last. Of more than three segments five are a JWT if no other
// follows, as an encrypted one has; else the others are of something around
// it, such as a cookie that is signed once more.
func jwtAt(text string, n int) string {
	if !isHead(text[:n]) {
		return ""
	}
	ends := [6]int{n}
	segments := 1
	for ; segments < len(ends) && n < len(text) && text[n] == '.'; segments++ {
		n++
		n += segment(text[n:])
		ends[segments] = n
	}
	for segments > 3 && text[ends[segments-1]-1] == '.' {
		segments-- // a full stop is no segment
	}
	switch segments {
	case 1, 2:
		return ""
	case 5:
		return text[:ends[4]]
	}
	return text[:ends[2]]
}

// isJWT reports whether text has the form of a signed or encrypted JWT: three
// or five parts, of which the first is a JSON object with "alg".
func isJWT(text string) bool {
	head, rest, ok := strings.Cut(text, ".")
	if !ok {
		return false
	}
	dots := strings.Count(rest, ".")
	return (dots == 1 || dots == 3) && isHead(head)
}

// isHead reports whether a segment encodes a JSON object with "alg".
func isHead(text string) bool {
	if len(text) < 8 || len(text) > maxHeader || !strings.HasPrefix(text, "ey") {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	var h struct {
		Alg string `json:"alg"`
	}
	err = json.Unmarshal(b, &h, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return err == nil && h.Alg != ""
}

// claims are what a token says of itself, unverified.
type claims struct {
	subject string  // "" where it says none
	expires float64 // in seconds since 1970, 0 where it says nothing
}

// claimsOf reads what can be read of a signed JWT.
func claimsOf(token string) (c claims) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return c
	}
	var v struct {
		Subject jsontext.Value `json:"sub"`
		Expires jsontext.Value `json:"exp"`
	}
	if json.Unmarshal(b, &v) != nil {
		return c
	}
	if v.Expires.Kind() == '0' && json.Unmarshal(v.Expires, &c.expires) != nil {
		c.expires = 0
	}
	if v.Subject.Kind() != '"' {
		c.subject = string(v.Subject)
	} else if json.Unmarshal(v.Subject, &c.subject) != nil {
		c.subject = ""
	}
	return c
}

// bearerIn takes the quotes and the scheme off the text of a token.
func bearerIn(text string) string {
	text = strings.Trim(text, `"`)
	for _, scheme := range []string{"bearer", "jwt"} {
		if len(text) <= len(scheme) || !strings.EqualFold(text[:len(scheme)], scheme) {
			continue
		}
		for _, gap := range []string{" ", "%20", "+"} {
			if rest, ok := strings.CutPrefix(text[len(scheme):], gap); ok {
				return rest
			}
		}
	}
	return text
}

// visible reports whether text can stand in a header field as one word.
// Whatever else an API calls a token would end the field, and begin another of
// its own (CWE-113).
func visible(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7F {
			return false
		}
	}
	return true
}
