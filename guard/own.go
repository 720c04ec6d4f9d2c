package guard

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/session"
)

// ownPath is below which the guard answers itself; nothing there is forwarded.
const ownPath = "/.countersign/"

func (g *Guard) isOwn(x *exchange) bool {
	return isOwnPath(x.target.Path)
}

func isOwnPath(path string) bool { return strings.HasPrefix(path, ownPath) || path+"/" == ownPath }

// answer answers what is the guard's own.
func (g *Guard) answer(x *exchange) *problem {
	if !g.isOwn(x) {
		return nil
	}
	x.answered = true
	name := strings.TrimPrefix(x.target.Path, ownPath)
	method := x.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	switch method + " " + name {
	case "GET csrf":
		return g.ownToken(x)
	case "GET session":
		return g.ownSession(x)
	case "POST logout":
		return g.ownLogout(x, x.r.URL.Query().Get("everywhere") == "true")
	case "POST logout/everywhere":
		return g.ownLogout(x, true)
	case "GET client.js":
		return g.ownScript(x, "text/javascript; charset=utf-8", csrf.ClientScript(g.cookie.Header(), ownPath+"csrf"))
	case "GET client.mjs":
		return g.ownScript(x, "text/javascript; charset=utf-8", csrf.ClientModule(g.cookie.Header(), ownPath+"csrf"))
	case "GET client.d.ts":
		return g.ownScript(x, "application/typescript; charset=utf-8", csrf.ClientTypes())
	}
	switch name {
	case "csrf", "session", "client.js", "client.mjs", "client.d.ts":
		x.w.Header().Set("Allow", "GET, HEAD")
		return refusal(http.StatusMethodNotAllowed, "method-not-allowed", "this is only to be read")
	case "logout", "logout/everywhere":
		x.w.Header().Set("Allow", "POST")
		return refusal(http.StatusMethodNotAllowed, "method-not-allowed", "a logout is a POST, so that no link or image can be one")
	}
	return refusal(http.StatusNotFound, "not-found", "the guard has nothing of this name")
}

// sameOrigin refuses pages of other origins, whatever cors allows them.
func (g *Guard) sameOrigin(x *exchange) *problem {
	h := x.r.Header
	site, origins := h["Sec-Fetch-Site"], h["Origin"]
	switch {
	case len(site) > 1 || len(origins) > 1,
		len(site) == 1 && site[0] != "same-origin" && site[0] != "none",
		len(origins) == 1 && origins[0] != g.own.String():
		return refusal(http.StatusForbidden, "cross-origin", "only pages of this origin may ask for this")
	}
	return nil
}

func (g *Guard) ownToken(x *exchange) *problem {
	if p := g.sameOrigin(x); p != nil {
		return p
	}
	if x.session == nil {
		return noSession()
	}
	token, err := g.csrfToken(x.session)
	if err != nil {
		return refusal(http.StatusServiceUnavailable, "no-randomness", "the guard cannot make tokens").because(err)
	}
	return g.writeJSON(x, map[string]string{"csrf_token": token})
}

// noSession answers a page that asks whether there is a session: the client
// script does before every request of a user who has not logged in yet.
func noSession() *problem {
	p := refusal(http.StatusUnauthorized, "no-session", "there is no session; log in first")
	p.asked = true
	return p
}

func (g *Guard) csrfToken(s *session.Session) (string, error) {
	b := s.Binding("csrf")
	return g.cookie.Token(string(b[:]))
}

func (g *Guard) ownSession(x *exchange) *problem {
	if p := g.sameOrigin(x); p != nil {
		return p
	}
	if x.session == nil {
		return noSession()
	}
	return g.writeJSON(x, struct {
		User    string    `json:"user"`
		Created time.Time `json:"created"`
		Expires time.Time `json:"expires"`
		End     time.Time `json:"end"`
	}{x.session.User(), x.session.Created().UTC(), x.session.Expires().UTC(), x.session.End().UTC()})
}

// ownLogout ends the session, or all of its user. Its CSRF token was checked.
func (g *Guard) ownLogout(x *exchange, everywhere bool) *problem {
	// A body has no meaning here, and is not left to be read as a request.
	io.Copy(io.Discard, io.LimitReader(x.r.Body, 4<<10))
	err := g.sessions.End(x.w, x.r)
	if err == nil && everywhere && x.session != nil {
		err = g.sessions.EndAll(x.r.Context(), x.session.User())
	}
	if err != nil {
		return refusal(http.StatusServiceUnavailable, "session-store-unavailable", "the session could not be ended on the server").because(err)
	}
	x.status = http.StatusNoContent
	x.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (g *Guard) ownScript(x *exchange, contentType, text string) *problem {
	h := x.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	return g.write(x, []byte(text))
}

func (g *Guard) writeJSON(x *exchange, v any) *problem {
	body, err := json.Marshal(v)
	if err != nil {
		return refusal(http.StatusInternalServerError, "internal", "the answer could not be written").because(err)
	}
	h := x.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Vary", "Cookie, Origin, Sec-Fetch-Site")
	return g.write(x, body)
}

func (g *Guard) write(x *exchange, body []byte) *problem {
	h := x.w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.status = http.StatusOK
	x.w.WriteHeader(http.StatusOK)
	if x.r.Method != http.MethodHead {
		x.w.Write(body)
	}
	return nil
}

// unavailable tells a store that cannot be asked from a session that has gone.
func unavailable(err error) bool {
	return !errors.Is(err, session.ErrConflict) && !errors.Is(err, session.ErrUnknown)
}
