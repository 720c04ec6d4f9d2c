package session

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/internal/problem"
)

type contextKey struct{}

// NewContext returns ctx with the session, as Handler gives it to the next
// handler: for middleware of your own, and for tests.
func NewContext(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// FromContext returns the session of a request that passed [Manager.Handler].
func FromContext(ctx context.Context) (*Session, bool) {
	s, ok := ctx.Value(contextKey{}).(*Session)
	return s, ok
}

// Handler lets only requests through that have a session of a user;
// FromContext gives it to the handler. All others are refused, as by Refuse
// or as Config.Refuse says. What the handler answers is kept from shared
// caches.
//
// It is no defence against forged requests: put csrf around it. Handler panics
// if next is nil or the Manager was not made by New.
func (m *Manager) Handler(next http.Handler) http.Handler {
	if next == nil || m.cfg.Store == nil {
		panic("session: Handler of no handler, or of a Manager that New did not make")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.Get(r)
		if err == nil && s.User() == "" {
			err = ErrNone
		}
		if err != nil {
			m.turnAway(w, r, err)
			return
		}
		next.ServeHTTP(&privateWriter{ResponseWriter: w}, r.WithContext(NewContext(r.Context(), s)))
	})
}

func (m *Manager) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	if m.cfg.Refuse == nil {
		m.Refuse(w, err)
		return
	}
	if errors.Is(err, ErrUnknown) {
		m.dropCookie(w)
	}
	// A redirection to the login must not be kept for whoever is logged in.
	w.Header().Set("Cache-Control", "no-store")
	m.cfg.Refuse(w, r, err)
}

// Refuse answers a request without session with a problem document (RFC
// 9457): 400 for malformed cookies, 503 where the store failed, 403 for a
// login from another site, 409 for a conflict, else 401. It makes the browser
// drop a cookie that is good for nothing.
func (m *Manager) Refuse(w http.ResponseWriter, err error) {
	status, detail, code := http.StatusUnauthorized, "Not authenticated", "no-session"
	switch {
	case errors.Is(err, ErrMalformed):
		status, detail, code = http.StatusBadRequest, "Malformed session cookie", "session-malformed"
	case errors.Is(err, ErrCrossSite):
		status, detail, code = http.StatusForbidden, "Login from another site", "login-cross-site"
	case errors.Is(err, ErrConflict):
		status, detail, code = http.StatusConflict, "Session changed meanwhile", "session-conflict"
	case errors.Is(err, ErrTooLarge):
		status, detail, code = http.StatusRequestEntityTooLarge, "Session data too large", "session-too-large"
	case errors.Is(err, ErrUnknown):
		detail, code = "Session ended", "session-ended"
		m.dropCookie(w)
	case errors.Is(err, ErrNone):
	default:
		status, detail, code = http.StatusServiceUnavailable, "Sessions cannot be had now", "session-unavailable"
	}
	problem.Write(w, status, detail, code)
}

// A privateWriter sees to it that no shared cache keeps an answer.
type privateWriter struct {
	http.ResponseWriter
	done bool
}

func (w *privateWriter) seal() {
	if w.done {
		return
	}
	w.done = true
	h := w.Header()
	// RFC 9111 §5.2.2: only these two keep an answer out of a shared cache.
	if !keptPrivate(h.Values("Cache-Control")) {
		h.Set("Cache-Control", "private, no-store")
	}
	h.Add("Vary", "Cookie")
}

func keptPrivate(values []string) bool {
	for _, v := range values {
		for d := range strings.SplitSeq(v, ",") {
			if d = strings.TrimSpace(d); strings.EqualFold(d, "private") || strings.EqualFold(d, "no-store") {
				return true
			}
		}
	}
	return false
}

// WriteHeader implements http.ResponseWriter.
func (w *privateWriter) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.seal()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *privateWriter) Write(b []byte) (int, error) {
	w.seal()
	return w.ResponseWriter.Write(b)
}

// Flush implements http.Flusher.
func (w *privateWriter) Flush() {
	w.seal()
	http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *privateWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
