package guard

import (
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxHeader bounds the first segment of what is taken for a JWT, in bytes.
const maxHeader = 4 << 10

// maxCandidates bounds how many places of one text are tried.
const maxCandidates = 256

// findJWT returns the first JWT that stands in text, alone or amid something
// else: quoted, behind its scheme, percent-encoded, in a URL. It returns ""
// where there is none.
func findJWT(text string) string {
	tried := 0
	for at := 0; tried < maxCandidates; tried++ {
		// All JWTs begin with the encoding of `{"`, give or take white space.
		i := strings.Index(text[at:], "ey")
		if i < 0 {
			return ""
		}
		at += i
		run := text[at:]
		if end := strings.IndexFunc(run, notInJWT); end >= 0 {
			run = run[:end]
		}
		if run = strings.TrimRight(run, "."); isJWT(run) {
			return run
		}
		// The rest of the run's first segment may begin with the end of another
		// word; behind its first dot nothing new can.
		at += len("ey")
	}
	return ""
}

func notInJWT(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
}

// isJWT reports whether text has the form of a signed or encrypted JWT: three
// or five parts, of which the first is a JSON object with "alg".
func isJWT(text string) bool {
	head, rest, ok := strings.Cut(text, ".")
	if !ok || len(head) < 8 || len(head) > maxHeader || !strings.HasPrefix(head, "ey") {
		return false
	}
	if dots := strings.Count(rest, "."); dots != 1 && dots != 3 {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return false
	}
	var h struct {
		Alg string `json:"alg"`
	}
	err = json.Unmarshal(b, &h, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return err == nil && h.Alg != ""
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
