package guard

import (
	"net/http"
	"strings"
)

// clientCookies returns the cookies that the API may see. The session cookie
// and everything that resembles it stay here, as does every JWT and what
// login.cookies names: no browser holds one from this guard, so it was left
// over or tossed by a sibling domain ("Cookie Crumbles", USENIX Security 2023). What parsers read differently is
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
			if !ok || !plainCookie(name, value) || findJWT(value) != "" || g.authenticates[name] || resembles(name, own) || hides(value, own) {
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

// hides reports whether a parser that parts cookies at commas as well (RFC
// 2109) would find the session cookie in the value of another.
func hides(value, own string) bool {
	if strings.IndexByte(value, ',') < 0 {
		return false
	}
	return strings.Contains(strings.ToLower(value), strings.ToLower(own))
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

// setCookie parts a Set-Cookie field of the API.
func setCookie(line string) (*http.Cookie, bool) {
	c, err := http.ParseSetCookie(line)
	return c, err == nil
}
