package guard

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"encoding/base64"
)

// clientCookies returns the cookies that the API may see. The session cookie
// and everything that resembles it stay here, as does every JWT: no browser
// holds one from this guard, so it was left over or tossed by a sibling domain
// ("Cookie Crumbles", USENIX Security 2023). What parsers read differently is
// left out as well: names of RFC 2109 and quotes that swallow other cookies.
func (g *Guard) clientCookies(lines []string) (*problem, string) {
	if len(lines) == 0 {
		return nil, ""
	}
	own := g.sessions.Cookie()
	// The common case: nothing but the session.
	if len(lines) == 1 && strings.HasPrefix(lines[0], own) && strings.IndexByte(lines[0], ';') < 0 {
		return nil, ""
	}
	var b strings.Builder
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			pair = strings.Trim(pair, " \t")
			name, value, ok := strings.Cut(pair, "=")
			if !ok || !plainCookie(name, value) || hasJWT(value) || resembles(name, own) {
				continue
			}
			if b.Len() > 0 {
				b.WriteString("; ")
			}
			b.WriteString(pair)
		}
	}
	return nil, b.String()
}

// resembles reports whether a name could be taken for the session cookie's,
// or bears a prefix that this site gives to the guard's cookies only.
func resembles(name, own string) bool {
	if strings.EqualFold(name, own) {
		return true
	}
	return len(name) >= len("__Host-Http-") && strings.EqualFold(name[:len("__Host-Http-")], "__Host-Http-")
}

// plainCookie is RFC 6265, section 4.1.1, with the whole quoted value that
// some frameworks write.
func plainCookie(name, value string) bool {
	if name == "" || name[0] == '$' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("()<>@,;:\\\"/[]?={}", c) >= 0 {
			return false
		}
	}
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	for i := range len(value) {
		if c := value[i]; c <= ' ' && c != ' ' || c >= 0x7F || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// hasJWT reports whether a cookie's value is a JWT, or bears one as
// `Bearer …`, plain, quoted or percent-encoded.
func hasJWT(value string) bool {
	// All JWTs begin with the encoding of `{"`, give or take white space.
	if !strings.Contains(value, "ey") {
		return false
	}
	return isJWT(bearerIn(value))
}

// bearerIn takes the quotes and the scheme off a cookie's value.
func bearerIn(value string) string {
	value = strings.Trim(value, `"`)
	for _, prefix := range []string{"Bearer ", "bearer ", "Bearer%20", "bearer%20", "Bearer+", "JWT "} {
		if rest, ok := strings.CutPrefix(value, prefix); ok {
			return rest
		}
	}
	return value
}

// maxHeader bounds the first segment of what is taken for a JWT, in bytes.
const maxHeader = 4 << 10

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

// setCookie parts a Set-Cookie field of the API.
func setCookie(line string) (*http.Cookie, bool) {
	c, err := http.ParseSetCookie(line)
	return c, err == nil
}
