package guard

import (
	"errors"
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/jwt"
	"github.com/d710e0ae/countersign/session"
)

// findSession finds the session that the cookie names. An ended or unknown
// session is none; a cookie that was tampered with, and a store that cannot be
// asked, refuse the request.
func (g *Guard) findSession(x *exchange) *problem {
	if x.exempt || len(x.r.Header["Cookie"]) == 0 {
		return nil
	}
	s, err := g.sessions.Get(x.r)
	switch {
	case err == nil:
	case errors.Is(err, session.ErrNone), errors.Is(err, session.ErrUnknown):
		return nil
	case errors.Is(err, session.ErrMalformed):
		return refusal(http.StatusBadRequest, "malformed-session-cookie", "the session cookie is malformed or stands twice").because(err)
	default:
		return refusal(http.StatusServiceUnavailable, "session-store-unavailable", "sessions cannot be looked up now").because(err)
	}
	if !x.unsafe() && !x.upgrade && g.cookie.Foreign(x.r) {
		// A GET of the API may change state whatever its method promises. A
		// page of another origin gets no session for it, sibling origins
		// included, which SameSite=Strict would let through.
		x.withheld = true
		return nil
	}
	t, ok := s.Value().(*tokens)
	if !ok {
		return refusal(http.StatusServiceUnavailable, "session-unreadable", "the session was written by another version").because(err)
	}
	x.session, x.tokens = s, *t
	return nil
}

// findCredential decides by what the request is authenticated. A bearer that
// verifies stands alone: the session, and with it the need of a CSRF token,
// plays no part then. A header that is merely there changes nothing.
func (g *Guard) findCredential(x *exchange) *problem {
	text, err := jwt.Bearer(x.r)
	if errors.Is(err, jwt.ErrMissing) {
		return nil
	}
	if x.session != nil && (text == "undefined" || text == "null" || text == placeholder) {
		// Swagger UI's Authorize writes the token that it did not find in the
		// login's answer, and pages what they found there. It is no token, and the session decides, with its
		// CSRF token, as for any other request.
		delete(x.r.Header, "Authorization")
		return nil
	}
	if err != nil {
		return badToken("token-invalid", "the bearer token is malformed", err)
	}
	if g.verifier == nil {
		x.bearer = text
		return nil
	}
	x.bearer = text
	t, err := g.verifier.Verify(x.r.Context(), text)
	if err != nil {
		return tokenProblem(err)
	}
	x.token, x.session = t, nil
	return nil
}

func badToken(code, detail string, err error) *problem {
	return &problem{status: http.StatusUnauthorized, code: code, detail: detail, cause: err, challenge: true}
}

func tokenProblem(err error) *problem {
	switch {
	case errors.Is(err, jwt.ErrUnavailable):
		return refusal(http.StatusServiceUnavailable, "token-keys-unavailable", "tokens cannot be checked now").because(err)
	case errors.Is(err, jwt.ErrExpired):
		return badToken("token-expired", "the token has expired", err)
	}
	return badToken("token-invalid", "the token is invalid", err)
}

// checkForgery asks where the request comes from, and for the CSRF token
// where a session authenticates it.
func (g *Guard) checkForgery(x *exchange) *problem {
	if x.token != nil || x.exempt {
		return nil // no browser attaches a bearer by itself
	}
	r := x.r
	protection := g.cookie
	switch {
	case x.bearer != "" && x.session == nil && x.cookies == "":
		// The API will judge the bearer; nothing else speaks for the request.
		if x.admitted {
			return nil
		}
		protection = g.foreign
	case x.unsafe(), x.upgrade, len(r.Header["Accept"]) > 0:
		r = x.withContext()
	}
	err := protection.Check(r)
	form := errors.Is(err, csrf.ErrTokenMissing) && isForm(r)
	if err == nil || form && g.cfg.CSRF.Forms && g.ownNavigation(r) {
		return nil
	}
	x.doubted = true
	var refused *csrf.Refusal
	if errors.As(err, &refused) {
		p := refusal(http.StatusForbidden, refused.Code, refused.Reason)
		if form && !g.cfg.CSRF.Forms {
			p.cause = errForm
		}
		return p
	}
	return refusal(http.StatusForbidden, "forbidden", "the request was refused").because(err)
}

// checkToken verifies the session's token, so that an API that forgets to is
// no weaker for it. The renewing of an expired one passes.
func (g *Guard) checkToken(x *exchange) *problem {
	if g.verifier == nil || x.session == nil || x.tokens.access == "" {
		return nil
	}
	_, err := g.verifier.Verify(x.r.Context(), x.tokens.access)
	if err == nil {
		return nil
	}
	if errors.Is(err, jwt.ErrExpired) {
		if g.refreshes(x) || g.logsOut(x) || g.isOwn(x) {
			return nil
		}
		if g.logsIn(x) || !x.unsafe() && strings.Contains(x.r.Header.Get("Accept"), "text/html") {
			x.tokens = tokens{} // a page to log in at must come up
			return nil
		}
	}
	return tokenProblem(err)
}
