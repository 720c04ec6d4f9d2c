package guard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"encoding/base64"

	"github.com/d710e0ae/countersign/guard/internal/upstream"
	"github.com/d710e0ae/countersign/jwt"
	"github.com/d710e0ae/countersign/session"
)

// logsIn reports whether the answer may hold a login's tokens.
func (g *Guard) logsIn(x *exchange) bool {
	if !x.unsafe() || x.exempt || x.token != nil || g.bearers[x.target.Escaped] {
		return false
	}
	return len(g.paths) == 0 || g.paths[x.target.Escaped] || g.refreshes(x)
}

// refreshes reports whether the request renews tokens.
func (g *Guard) refreshes(x *exchange) bool {
	if !x.unsafe() {
		return false
	}
	if g.cfg.Login.Refresh != "" {
		return x.target.Escaped == g.cfg.Login.Refresh
	}
	switch lastSegment(x.target.Path) {
	case "refresh", "refresh_token", "refresh-token", "token_refresh", "token-refresh":
		return true
	}
	return false
}

// logsOut reports whether the request ends the session.
func (g *Guard) logsOut(x *exchange) bool {
	if !x.unsafe() {
		return false
	}
	if g.cfg.Login.Logout != "" {
		return x.target.Escaped == g.cfg.Login.Logout
	}
	switch lastSegment(x.target.Path) {
	case "logout", "log-out", "log_out", "signout", "sign-out", "sign_out":
		return true
	}
	return false
}

func lastSegment(path string) string {
	path = strings.TrimSuffix(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// credentialName are cookies that belong to a login even where their values
// are opaque.
var credentialName = regexp.MustCompile(`(?i)(access|refresh|auth|id)[-_]?token|jwt`)

// A capture is what an answer gave that the browser must not hold.
type capture struct {
	found
	cookies []tokenCookie
	cleared bool // the API took its token cookie back
	body    []byte
	read    bool // body stands for the answer's
	more    bool // and what comes after it is unread
}

// captureCookies takes the API's token cookies out of its answer, and
// refuses others the guard's own name.
func (g *Guard) captureCookies(x *exchange, h http.Header, c *capture) {
	lines := h["Set-Cookie"]
	if len(lines) == 0 {
		return
	}
	kept := lines[:0:0]
	for _, line := range lines {
		cookie, ok := setCookie(line)
		if !ok || resembles(cookie.Name, g.sessions.Cookie()) {
			continue
		}
		known := x.session != nil && x.tokens.has(cookie.Name)
		gone := cookie.Value == "" || cookie.MaxAge < 0 || !cookie.Expires.IsZero() && cookie.Expires.Before(g.clock())
		switch {
		case gone && known:
			c.cookies = append(c.cookies, tokenCookie{cookie.Name, "", cookie.Path})
			c.cleared = c.cleared || !isRefresh(cookie.Name)
		case gone:
			// A deletion harms nobody, and clears what was left over from the
			// time before the guard.
			kept = append(kept, line)
		case known, hasJWT(cookie.Value), credentialName.MatchString(cookie.Name) && !isCSRF(cookie.Name):
			c.cookies = append(c.cookies, tokenCookie{cookie.Name, cookie.Value, cookie.Path})
		default:
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		delete(h, "Set-Cookie")
		return
	}
	h["Set-Cookie"] = kept
}

func isRefresh(name string) bool { return strings.Contains(strings.ToLower(name), "refresh") }

func isCSRF(name string) bool {
	n := strings.ToLower(name)
	return strings.Contains(n, "csrf") || strings.Contains(n, "xsrf")
}

// captureBody searches a JSON answer. One that is too long to be searched is
// refused on paths that are known to log in, and passed through elsewhere.
func (g *Guard) captureBody(x *exchange, res *upstream.Response, c *capture) *problem {
	if res.Status >= 300 || !g.logsIn(x) || !isJSON(first(res.Header["Content-Type"])) || res.Length == 0 {
		return nil
	}
	known := g.paths[x.target.Escaped] || g.refreshes(x)
	if e := first(res.Header["Content-Encoding"]); e != "" && e != "identity" {
		if known {
			return refusal(http.StatusBadGateway, "login-answer-encoded", "the API's login answer is compressed although it was asked not to be")
		}
		return nil
	}
	if res.Length > maxLoginAnswer {
		if known {
			return refusal(http.StatusBadGateway, "login-answer-too-large", "the API's login answer is too large")
		}
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxLoginAnswer+1))
	if err != nil {
		return upstreamProblem(err)
	}
	c.body, c.read = body, true
	if len(body) > maxLoginAnswer {
		if known {
			return refusal(http.StatusBadGateway, "login-answer-too-large", "the API's login answer is too large")
		}
		c.more = true
		return nil
	}
	clean, f, err := scrub(body)
	if err != nil {
		if known && err != errNoObject {
			return refusal(http.StatusBadGateway, "login-answer-malformed", "the API's login answer is not JSON with each name once").because(err)
		}
		return nil
	}
	if clean != nil {
		c.found, c.body = f, clean
	}
	return nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// keep puts what was captured into a session: a new one at login, the same
// one when tokens are renewed. It returns nil where there was nothing.
func (g *Guard) keep(x *exchange, c *capture) *problem {
	if c.access == "" && c.refresh == "" && len(c.cookies) == 0 {
		return nil
	}
	if x.token != nil || x.exempt {
		return nil // no browser's session; the cookies are dropped
	}
	var access string
	for _, k := range c.cookies {
		if v := bearerIn(k.value); access == "" && !isRefresh(k.name) && isJWT(v) {
			access = v
		}
	}
	if c.access == "" {
		c.access = access
	}
	if x.session != nil && (c.access == "" || g.refreshes(x)) {
		return g.renew(x, c)
	}
	if c.access == "" && len(c.cookies) == 0 {
		return nil
	}
	t := tokens{access: c.access, refresh: c.refresh, csrf: c.csrf}
	for _, k := range c.cookies {
		t.set(k)
	}
	if t.empty() {
		return nil
	}
	user, p := g.userOf(x.r.Context(), c.access)
	if p != nil {
		return p
	}
	s, err := g.sessions.Start(x.w, x.r, user, t.encode())
	switch {
	case err == nil:
	case errors.Is(err, session.ErrCrossSite):
		return refusal(http.StatusForbidden, "cross-site", "a login must not come from another site")
	case errors.Is(err, session.ErrTooLarge):
		return refusal(http.StatusBadGateway, "tokens-too-large", "the API's tokens are too large to be kept").because(err)
	default:
		return refusal(http.StatusServiceUnavailable, "session-store-unavailable", "no session could be begun").because(err)
	}
	x.session, x.tokens = s, t
	return g.giveToken(c, s)
}

// giveToken adds the CSRF token to a JSON answer.
func (g *Guard) giveToken(c *capture, s *session.Session) *problem {
	if !c.read || len(c.body) == 0 || c.body[0] != '{' {
		return nil // the page asks /.countersign/csrf
	}
	token, err := g.csrfToken(s)
	if err == nil {
		c.body, err = withMember(c.body, "csrf_token", token)
	}
	if err != nil {
		return refusal(http.StatusServiceUnavailable, "no-randomness", "the guard cannot make tokens").because(err)
	}
	return nil
}

// renew changes the tokens of the session that the request has.
func (g *Guard) renew(x *exchange, c *capture) *problem {
	t, changed := x.tokens, false
	if c.access != "" && c.access != t.access {
		if _, p := g.userOf(x.r.Context(), c.access); p != nil {
			return p
		}
		t.access, changed = c.access, true
	}
	if c.refresh != "" && c.refresh != t.refresh {
		t.refresh, changed = c.refresh, true
	}
	if c.csrf != "" && c.csrf != t.csrf {
		t.csrf, changed = c.csrf, true
	}
	for _, k := range c.cookies {
		changed = t.set(k) || changed
	}
	if !changed {
		return g.giveTokenIf(c, x.session)
	}
	s, err := g.sessions.SetData(x.r.Context(), x.session, t.encode())
	switch {
	case err == nil:
		x.session, x.tokens = s, t
	case !unavailable(err):
		// Another tab renewed at the same time, or logged out: what it left
		// stands, and these tokens are dropped.
	default:
		return refusal(http.StatusServiceUnavailable, "session-store-unavailable", "the renewed tokens could not be kept").because(err)
	}
	return g.giveTokenIf(c, x.session)
}

func (g *Guard) giveTokenIf(c *capture, s *session.Session) *problem {
	if c.found.access == "" || !c.read {
		return nil
	}
	return g.giveToken(c, s)
}

// userOf is the subject of a token that the API gave. With keys configured it
// must verify: a login that the guard could not check later is none.
func (g *Guard) userOf(ctx context.Context, token string) (string, *problem) {
	if g.verifier != nil && isJWT(token) {
		t, err := g.verifier.Verify(ctx, token)
		switch {
		case err == nil:
			return clip(t.Subject), nil
		case errors.Is(err, jwt.ErrUnavailable):
			return "", tokenProblem(err)
		}
		return "", refusal(http.StatusBadGateway, "login-token-refused", "the API's token does not pass the checks of the guard's jwt settings").because(err)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", nil
	}
	// Unverified: it came from the API itself, and only names the session.
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", nil
	}
	var claims struct {
		Subject jsontext.Value `json:"sub"`
	}
	if json.Unmarshal(b, &claims) != nil || claims.Subject == nil {
		return "", nil
	}
	if claims.Subject.Kind() == '"' {
		var s string
		if json.Unmarshal(claims.Subject, &s) == nil {
			return clip(s), nil
		}
		return "", nil
	}
	return clip(string(claims.Subject)), nil
}

// maxUser is what a session takes, in bytes.
const maxUser = 256

func clip(s string) string { return s[:min(len(s), maxUser)] }

// withRefresh puts the refresh token that the guard keeps where the API
// expects it: in the JSON member or form field that the page sends, empty or
// made up, or as the bearer where there is no body.
func (x *exchange) withRefresh(body []byte) (out []byte, asBearer bool) {
	if len(strings.TrimSpace(string(body))) == 0 {
		return body, true
	}
	contentType := first(x.r.Header["Content-Type"])
	if isJSON(contentType) {
		var members map[string]jsontext.Value
		if json.Unmarshal(body, &members) != nil {
			return body, false
		}
		name := "refresh_token"
		for n := range members {
			if refreshNames[n] {
				name = n
			}
		}
		quoted, err := jsontext.AppendQuote(nil, x.tokens.refresh)
		if err != nil {
			return body, false
		}
		if members == nil {
			members = map[string]jsontext.Value{}
		}
		members[name] = quoted
		if b, err := json.Marshal(members, json.Deterministic(true)); err == nil {
			return b, false
		}
		return body, false
	}
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		return setFormField(body, "refresh_token", x.tokens.refresh), false
	}
	return body, false
}
