package session

import (
	"errors"
	"net/http"
)

// CSRF returns the id that package csrf binds the session's tokens to, for
// csrf.Protection.Token. It changes whenever the session's identifier does,
// and tells nothing of it.
func (s *Session) CSRF() string {
	b := s.Binding("csrf")
	return string(b[:])
}

// CSRF tells package csrf by what a request is authenticated:
//
//	Session: func(r *http.Request) csrf.Session {
//		id, ambient := sessions.CSRF(r)
//		return csrf.Session{ID: id, Ambient: ambient}
//	},
//
// A request without a good session is not authenticated by a cookie. Where
// the store cannot be asked there may be a session: ambient is true then and
// id is empty, which csrf refuses.
func (m *Manager) CSRF(r *http.Request) (id string, ambient bool) {
	s, err := m.Get(r)
	switch {
	case err == nil:
		return s.CSRF(), true
	case errors.Is(err, ErrNone), errors.Is(err, ErrMalformed), errors.Is(err, ErrUnknown):
		return "", false
	}
	return "", true
}
