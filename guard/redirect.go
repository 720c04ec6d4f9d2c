package guard

import (
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/guard/internal/upstream"
	"github.com/d710e0ae/countersign/internal/origin"
)

// redirect refuses an answer that would make the browser carry the CSRF token
// to another origin. Browsers keep a script's header fields on redirects (Fetch
// standard, HTTP-redirect fetch: only Authorization is taken off), and an
// XMLHttpRequest cannot be told to follow none. A form, which may well be sent
// elsewhere, never bears the header.
func (g *Guard) redirect(x *exchange, res *upstream.Response) *problem {
	if res.Status < 300 || res.Status > 399 || len(x.r.Header[g.cookie.Header()]) == 0 {
		return nil
	}
	for _, location := range res.Header["Location"] {
		if !staysAt(location, g.own) {
			return refusal(http.StatusBadGateway, "redirect-elsewhere", "the API redirects a request that bears the CSRF token to another origin")
		}
	}
	return nil
}

// captureLocation takes the tokens out of the address to which a login on a
// path of login.paths redirects: in the query or the fragment, where they would
// get into logs and Referer, and to wherever it leads (RFC 9700, section 4.3.2).
func (g *Guard) captureLocation(x *exchange, res *upstream.Response, c *capture) *problem {
	if res.Status < 300 || !begins(res.Status) || !g.paths[x.target.Escaped] {
		return nil
	}
	location := first(res.Header["Location"])
	if findJWT(location) == "" {
		return nil
	}
	before, fragment, hasFragment := strings.Cut(location, "#")
	path, query, hasQuery := strings.Cut(before, "?")
	if query = c.withoutTokens(query); hasQuery && query != "" {
		path += "?" + query
	}
	if fragment = c.withoutTokens(fragment); hasFragment && fragment != "" {
		path += "#" + fragment
	}
	if findJWT(path) != "" || len(res.Header["Location"]) > 1 {
		return refusal(http.StatusBadGateway, "login-answer-malformed", "the API redirects with a token in a place that it cannot be taken from")
	}
	res.Header["Location"] = []string{path}
	return nil
}

// withoutTokens returns parameters without those that bear a token, which it
// keeps.
func (c *capture) withoutTokens(parameters string) string {
	var kept []string
	for pair := range strings.SplitSeq(parameters, "&") {
		token := findJWT(pair)
		if token == "" {
			kept = append(kept, pair)
			continue
		}
		name, _, _ := strings.Cut(pair, "=")
		switch r := roleOf(name); {
		case r == roleRefresh || r == roleOpaqueRefresh:
			c.refresh = or(c.refresh, token)
		case c.access == "" || !c.sure:
			c.access, c.sure = token, r == roleAccess || r == roleOpaqueAccess
		}
	}
	return strings.Join(kept, "&")
}

// staysAt reports whether every browser that follows location from own is
// still there. What is written oddly is not taken to be.
func staysAt(location string, own origin.Origin) bool {
	// URL standard, "basic URL parser": control characters and spaces around it
	// and tabs within are dropped, and a backslash is a slash.
	l := strings.TrimFunc(location, func(c rune) bool { return c <= ' ' })
	l = strings.NewReplacer("\t", "", "\r", "", "\n", "", `\`, "/").Replace(l)
	text := own.String()
	if strings.HasPrefix(l, "//") {
		l = own.Scheme() + ":" + l
	} else if at := strings.IndexAny(l, ":/?#"); at < 0 || l[at] != ':' {
		return true // relative to own
	}
	if len(l) < len(text) || !strings.EqualFold(l[:len(text)], text) {
		return false
	}
	rest := l[len(text):]
	return rest == "" || strings.ContainsRune("/?#", rune(rest[0]))
}
