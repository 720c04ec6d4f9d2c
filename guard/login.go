package guard

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/d710e0ae/countersign/guard/internal/upstream"
	"github.com/d710e0ae/countersign/jwt"
	"github.com/d710e0ae/countersign/session"
)

// logsIn reports whether the answer may hold a login's tokens.
func (g *Guard) logsIn(x *exchange) bool {
	if x.exempt || x.token != nil || g.bearers[x.target.Escaped] {
		return false
	}
	if !x.unsafe() {
		// Identity providers return by GET.
		return x.r.Method == http.MethodGet && g.paths[x.target.Escaped]
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

// sessionName are cookies that name a session where a login sets them: of an
// API that has no token, or keeps it.
var sessionName = regexp.MustCompile(`(?i)(^|[-_.])(sid|auth)$|sess(ion)?([-_]?(id|key))?$|^fastapiusersauth$`)

// enters reports whether the request is one that logs in.
func (g *Guard) enters(x *exchange) bool {
	return g.paths[x.target.Escaped] || x.unsafe() && g.entrance(x)
}

// entrance reports whether the path is one that logs in.
func (g *Guard) entrance(x *exchange) bool {
	if g.paths[x.target.Escaped] {
		return true
	}
	switch strings.ToLower(lastSegment(x.target.Path)) {
	case "login", "log-in", "log_in", "signin", "sign-in", "sign_in", "token", "auth", "session", "sessions", "callback",
		"register", "signup", "sign-up", "sign_up":
		return true
	}
	return false
}

// A capture is what an answer gave that the browser must not hold.
type capture struct {
	found
	cookies []tokenCookie
	cleared bool // the API took its token cookie back
	body    []byte
	read    bool // body stands for the answer's
	more    bool // and what comes after it is unread
}

// begins reports whether there is a cookie that authenticates.
func (c *capture) begins() bool {
	for _, k := range c.cookies {
		if k.value != "" && !isRefresh(k.name) {
			return true
		}
	}
	return false
}

// captureCookies takes the API's token cookies out of its answer, and
// refuses others the guard's own name.
func (g *Guard) captureCookies(x *exchange, res *upstream.Response, c *capture) {
	h := res.Header
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
		case known, findJWT(cookie.Value) != "", g.authenticates[cookie.Name], credentialName.MatchString(cookie.Name) && !isCSRF(cookie.Name),
			sessionName.MatchString(cookie.Name) && begins(res.Status) && g.enters(x):
			c.cookies = append(c.cookies, tokenCookie{cookie.Name, cookie.Value, cookie.Path})
		default:
			if cookie.HttpOnly && x.unsafe() {
				g.hint(x, "cookie "+cookie.Name, "the browser keeps a cookie of the API; if it logs the user in, name it in login.cookies", slog.String("cookie", loggable(cookie.Name)))
			}
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

// tokenHeaders are fields of an answer by which some frameworks give tokens.
var tokenHeaders = map[string]role{
	"Authorization": roleAccess, "X-Access-Token": roleAccess, "Access-Token": roleAccess, "X-Auth-Token": roleAccess, "X-Jwt": roleAccess,
	"X-Refresh-Token": roleRefresh, "Refresh-Token": roleRefresh,
}

// captureHeaders takes the tokens out of a login's header fields.
func (g *Guard) captureHeaders(x *exchange, res *upstream.Response, c *capture) {
	if !g.logsIn(x) {
		return
	}
	for name, values := range res.Header {
		role := tokenHeaders[name]
		if role == roleNone {
			continue
		}
		token := findJWT(first(values))
		if token == "" {
			continue
		}
		delete(res.Header, name)
		switch {
		case !begins(res.Status):
		case role == roleAccess && c.access == "":
			c.access, c.sure = token, true
		case role == roleRefresh && c.refresh == "":
			c.refresh = token
		}
	}
}

// begins reports whether an answer of that status can be a login's success. A
// cache would give what a 304 sets to everybody.
func begins(status int) bool { return status < 400 && status != http.StatusNotModified }

// captureBody searches an answer for tokens. On paths that are known to log
// in, one that cannot be searched is refused. Elsewhere so is one that has a
// token and cannot be taken apart; what is too long for a login's answer is
// passed through.
func (g *Guard) captureBody(x *exchange, res *upstream.Response, c *capture) *problem {
	known := g.paths[x.target.Escaped] || g.refreshes(x)
	contentType := first(res.Header["Content-Type"])
	// An answer without type or length may be a stream, which must not wait.
	isJSON := isJSON(contentType) || contentType == "" && res.Length >= 0
	switch {
	case !g.logsIn(x) || res.Length == 0 || x.r.Method == http.MethodHead,
		res.Status >= 300 && !known,
		!isJSON && !(known && x.unsafe() && mayBeText(contentType)):
		return nil
	}
	encoding := first(res.Header["Content-Encoding"])
	switch encoding {
	case "", "identity":
		encoding = ""
	case "gzip", "x-gzip":
	default:
		if known || isJSON && x.session == nil {
			return refusal(http.StatusBadGateway, "login-answer-encoded", "the API's answer may be a login's, and is compressed although it was asked not to be; login.paths says which are")
		}
		return nil
	}
	tooLarge := refusal(http.StatusBadGateway, "login-answer-too-large", "the API's login answer is too large")
	if res.Length > maxLoginAnswer {
		if known && isJSON {
			return tooLarge
		}
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxLoginAnswer+1))
	if err != nil {
		return upstreamProblem(err)
	}
	c.body, c.read = body, true
	plain := body
	long := len(body) > maxLoginAnswer
	c.more = long
	if encoding != "" && !long {
		if plain, err = gunzip(body); err != nil {
			long = true
		}
	}
	if long {
		if known && isJSON {
			return tooLarge
		}
		return nil
	}
	if !known && tokenless(plain) {
		return nil
	}
	clean, f, err := scrub(plain, known, g.cfg.Login.Placeholder)
	// A CSRF token alone is the page's, unless a cookie beside it logs in.
	entered := c.begins() && (x.session == nil || g.enters(x))
	switch {
	case err != nil && findJWT(string(plain)) != "", err != nil && err != errNoObject && known && isJSON:
		return refusal(http.StatusBadGateway, "login-answer-malformed", "the API's answer has a token, and is not JSON with each name once").because(err)
	case err != nil || clean == nil, f.access == "" && f.refresh == "" && !entered:
		return nil
	}
	c.body = clean
	delete(res.Header, "Content-Encoding")
	if begins(res.Status) {
		f.access, f.refresh, f.csrf, f.sure = or(f.access, c.access), or(f.refresh, c.refresh), or(f.csrf, c.csrf), f.sure || c.sure
		c.found = f
	}
	return nil
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// gunzip returns an error for what is longer than a login's answer as well.
func gunzip(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxLoginAnswer+1))
	if err == nil && len(plain) > maxLoginAnswer {
		err = errors.New("it is too long")
	}
	return plain, err
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// keep puts what was captured into a session: a new one at login, the same
// one when tokens are renewed. It returns nil where there was nothing.
func (g *Guard) keep(x *exchange, c *capture, status int) *problem {
	if c.access == "" && c.refresh == "" && len(c.cookies) == 0 {
		return nil
	}
	if x.token != nil || x.exempt {
		return nil // no browser's session; the cookies are dropped
	}
	if g.aside(x, c) {
		g.hint(x, "token "+x.target.Escaped, "the answer has a token that is not the session's, and the page does not get it; if it is meant to, name the path in login.bearer")
		c.found = found{}
		if len(c.cookies) == 0 {
			return nil
		}
	}
	if !visible(c.access) || !visible(c.refresh) {
		return refusal(http.StatusBadGateway, "login-token-malformed", "the API's token has characters that no header field can carry")
	}
	given := c.access != "" // and not set as a cookie
	for _, k := range c.cookies {
		if c.access == "" && !isRefresh(k.name) {
			c.access = findJWT(k.value)
		}
	}
	opaque := c.access == "" // a login all the same, where it is one's path
	if x.session != nil && (opaque && !(g.enters(x) && c.begins()) || g.refreshes(x) || !begins(status) || !given && g.slides(x, c.access)) {
		return g.renew(x, c)
	}
	if c.access == "" && len(c.cookies) == 0 || !begins(status) {
		return nil
	}
	if p := g.foreignLogin(x); p != nil {
		if !g.report {
			g.audit(x, "login", p, true)
			return nil // what the API set is dropped, and its page shows
		}
		g.audit(x, "login", p, false)
	}
	t := tokens{access: c.access, refresh: c.refresh, csrf: c.csrf}
	if opaque {
		// What such a cookie stands for is not known; with it go the others
		// that the API would have been sent.
		t = tokens{access: x.tokens.access, refresh: or(c.refresh, x.tokens.refresh), csrf: or(c.csrf, x.tokens.csrf), cookies: x.tokens.cookies}
	}
	for _, k := range c.cookies {
		t.set(k)
	}
	if t.empty() {
		return nil
	}
	user, p := g.userOf(x.r.Context(), t.access)
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

// slides reports whether a token that came as a cookie is but a new one of the
// session's user: APIs with sliding sessions set one with every answer. A new
// session each time would make the CSRF tokens of all open tabs stale.
func (g *Guard) slides(x *exchange, access string) bool {
	if x.session == nil || access == "" || g.entrance(x) {
		return false
	}
	user, p := g.userOf(x.r.Context(), access)
	return p == nil && user != "" && user == x.session.User()
}

// aside reports whether the answer's token is for something else than the
// session, such as the handshake of a WebSocket: it is the same user's, no name
// says that it is an access token, and it ends before the one that it would
// take the place of, as neither a login's nor a renewal's does.
func (g *Guard) aside(x *exchange, c *capture) bool {
	if x.session == nil || c.access == "" || c.sure || c.refresh != "" || g.entrance(x) || g.refreshes(x) {
		return false
	}
	its, own := claimsOf(c.access), claimsOf(x.tokens.access)
	return its.subject != "" && its.subject == own.subject && its.expires != 0 && (own.expires == 0 || its.expires < own.expires)
}

// foreignLogin refuses to begin a session for what a page of another origin
// asked by GET: it would be the attacker's (login CSRF). A navigation may
// begin one where login.paths says so, as a return from an identity provider
// does; the API's "state" parameter protects that.
func (g *Guard) foreignLogin(x *exchange) *problem {
	if x.unsafe() || !g.cookie.Foreign(x.r) {
		return nil
	}
	h := x.r.Header
	if g.paths[x.target.Escaped] && first(h["Sec-Fetch-Mode"]) == "navigate" && first(h["Sec-Fetch-Dest"]) == "document" {
		return nil
	}
	return refusal(http.StatusForbidden, "cross-site-login", "a page of another origin must not log the user in")
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
	t.renewing = 0
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
	// Unverified: it came from the API itself, and only names the session.
	return clip(claimsOf(token).subject), nil
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
			if r := roleOf(n); r == roleRefresh || r == roleOpaqueRefresh {
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
