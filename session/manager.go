package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const maxUser = 256 // bytes

// A Session is a session as it was when it was read or made. It is immutable
// and safe for concurrent use. It prints without its identifier and data.
type Session struct {
	user    string
	created time.Time
	end     time.Time
	expires time.Time
	opened  *opened
	id      id
	record  Record
}

// User returns whom the session belongs to; empty before login.
func (s *Session) User() string { return s.user }

// Created returns when the session began. Renewal does not change it.
func (s *Session) Created() time.Time { return s.created }

// End returns when the session ends however busy it is.
func (s *Session) End() time.Time { return s.end }

// Expires returns when the session ends if it is not used again.
func (s *Session) Expires() time.Time { return s.expires }

// Data returns a copy of what was stored with the session.
func (s *Session) Data() []byte { return append([]byte(nil), s.opened.data...) }

// Value returns what Config.Decode made of the data; nil without one.
func (s *Session) Value() any { return s.opened.value }

// Binding returns a secret that is this session's alone, for the given
// purpose: what CSRF tokens and the like are bound to. It changes whenever
// the session's identifier does, and tells nothing of it.
func (s *Session) Binding(purpose string) [32]byte { return s.opened.binding(s.id, purpose) }

// Key returns the name under which the store keeps the session. It may be
// logged: it is of no use to whoever reads it.
func (s *Session) Key() Key { return s.id.key() }

// Format prints the user only, for every verb.
func (s Session) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "session of %q", s.user) }

// A Manager begins, finds, renews and ends sessions. It is safe for
// concurrent use.
type Manager struct {
	cfg  Config
	memo memo
}

// New checks the whole configuration and returns every mistake in it at
// once, as cfgerrors.
func New(cfg Config) (*Manager, error) {
	c, err := cfg.compile()
	if err != nil {
		return nil, err
	}
	return &Manager{cfg: c}, nil
}

// Cookie returns the name of the session cookie.
func (m *Manager) Cookie() string { return m.cfg.Cookie }

// Get returns the session that the request's cookie names, and notes that it
// was used. The error is ErrNone, ErrMalformed, ErrUnknown or ErrUnavailable;
// with each of them the request has no session.
func (m *Manager) Get(r *http.Request) (*Session, error) {
	s, err := m.find(r)
	if err != nil {
		return nil, err
	}
	now := m.cfg.Clock()
	// Not every request is worth a write: the idle limit is kept to a tenth.
	if now.Sub(s.record.Seen) < m.cfg.Idle/10 {
		return s, nil
	}
	expires := earlier(now.Add(m.cfg.Idle), s.end)
	if err := m.cfg.Store.Touch(r.Context(), s.Key(), now, expires); err != nil {
		return nil, storeError(err)
	}
	s.expires, s.record.Seen, s.record.Expires = expires, now, expires
	return s, nil
}

func (m *Manager) find(r *http.Request) (*Session, error) {
	text, err := readCookie(r.Header, m.cfg.Cookie)
	if err != nil {
		return nil, err
	}
	i, ok := parseID(text)
	if !ok {
		return nil, fmt.Errorf("%w: the identifier is not one that is issued here", ErrMalformed)
	}
	rec, err := m.cfg.Store.Get(r.Context(), i.key())
	if err != nil {
		m.memo.drop(i)
		return nil, storeError(err)
	}
	// The store's clock may differ; the limits are the manager's to keep.
	if now := m.cfg.Clock(); !now.Before(rec.Expires) || !now.Before(rec.End) {
		m.memo.drop(i)
		return nil, ErrUnknown
	}
	o := m.memo.get(i, &rec)
	if o == nil {
		data, err := i.open(&rec)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		o = m.opened(rec, data)
		m.memo.put(i, o)
	}
	return session(o, i, rec), nil
}

func (m *Manager) opened(r Record, data []byte) *opened {
	o := &opened{record: r, data: data}
	if m.cfg.Decode != nil {
		o.value = m.cfg.Decode(data)
	}
	return o
}

func session(o *opened, i id, r Record) *Session {
	return &Session{r.User, r.Created, r.End, r.Expires, o, i, r}
}

// storeError turns a store's error into one of this package's.
func storeError(err error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return ErrUnknown
	case errors.Is(err, ErrConflict), errors.Is(err, ErrFull):
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Start begins a session for the user, at login, and sets its cookie. The
// identifier is always new, and a session that the request already has ends,
// so that nobody can fix a victim's identifier beforehand. An empty user
// begins a session before login; each takes its place in the store, and a store
// that visitors have filled has none for a login, so begin one only for those
// who need it. Package csrf does not. Start refuses, with ErrCrossSite, a request
// by an unsafe method that says it comes from another site; that alone is no
// sufficient defence against login CSRF. On error no cookie is set.
func (m *Manager) Start(w http.ResponseWriter, r *http.Request, user string, data []byte) (*Session, error) {
	if crossSite(r) {
		return nil, ErrCrossSite
	}
	if len(user) > maxUser || len(data) > m.cfg.MaxData {
		return nil, ErrTooLarge
	}
	now := m.cfg.Clock().Truncate(time.Millisecond)
	end := now.Add(m.cfg.Absolute)
	rec := Record{User: user, Created: now, End: end, Seen: now, Expires: earlier(now.Add(m.cfg.Idle), end)}
	s, err := m.mint(rec, data)
	if err != nil {
		return nil, err
	}
	if err := m.forget(r); err != nil {
		return nil, err
	}
	if err := m.cfg.Store.Create(r.Context(), s.Key(), s.record); err != nil {
		return nil, storeError(err)
	}
	m.setCookie(w, s.id.text())
	return s, nil
}

// mint makes a session of a new identifier out of rec and data.
func (m *Manager) mint(rec Record, data []byte) (*Session, error) {
	var i id
	if _, err := io.ReadFull(m.cfg.Random, i[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRandom, err)
	}
	if i == (id{}) {
		return nil, fmt.Errorf("%w: the source gives zeros", ErrRandom)
	}
	if err := i.seal(m.cfg.Random, &rec, data); err != nil {
		return nil, err
	}
	return session(m.opened(rec, append([]byte(nil), data...)), i, rec), nil
}

// forget ends every session that the request's cookies name, if they name
// any.
func (m *Manager) forget(r *http.Request) error {
	text, err := readCookie(r.Header, m.cfg.Cookie)
	if err != nil {
		return nil // no session of ours can be told
	}
	i, ok := parseID(text)
	if !ok {
		return nil
	}
	m.memo.drop(i)
	if err := m.cfg.Store.Delete(r.Context(), i.key()); err != nil {
		return storeError(err)
	}
	return nil
}

// crossSite reports what Fetch Metadata says of a request that is not a mere
// navigation, such as the return from an identity provider.
func crossSite(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	for _, v := range r.Header["Sec-Fetch-Site"] {
		if v == "cross-site" {
			return true
		}
	}
	return false
}

// Renew gives the request's session a new identifier, at every change of
// privilege; the old one is gone from that instant. User, data and the
// absolute end stay. Its errors are those of Get, ErrRandom, and ErrConflict
// where someone else renewed or changed the session meanwhile.
func (m *Manager) Renew(w http.ResponseWriter, r *http.Request) (*Session, error) {
	old, err := m.find(r)
	if err != nil {
		return nil, err
	}
	return m.replace(w, r, old, old.user, old.opened.data)
}

// Elevate is Renew with another user or other data: what a session that began
// before login becomes at login, or one of a user under a second factor.
func (m *Manager) Elevate(w http.ResponseWriter, r *http.Request, user string, data []byte) (*Session, error) {
	if crossSite(r) {
		return nil, ErrCrossSite
	}
	if len(user) > maxUser || len(data) > m.cfg.MaxData {
		return nil, ErrTooLarge
	}
	old, err := m.find(r)
	if err != nil {
		return nil, err
	}
	return m.replace(w, r, old, user, data)
}

func (m *Manager) replace(w http.ResponseWriter, r *http.Request, old *Session, user string, data []byte) (*Session, error) {
	now := m.cfg.Clock()
	rec := old.record
	rec.User, rec.Seen, rec.Expires = user, now, earlier(now.Add(m.cfg.Idle), rec.End)
	s, err := m.mint(rec, data)
	if err != nil {
		return nil, err
	}
	m.memo.drop(old.id)
	if err := m.cfg.Store.Replace(r.Context(), old.Key(), s.Key(), s.record); err != nil {
		return nil, storeError(err)
	}
	s.record.Revision++
	m.setCookie(w, s.id.text())
	return s, nil
}

// SetData stores other data with the session s, and returns the session as
// it is then. It returns ErrConflict where the data was changed since s was
// read: read it again and decide again. It returns ErrUnknown, and brings
// nothing back, where the session has ended meanwhile.
func (m *Manager) SetData(ctx context.Context, s *Session, data []byte) (*Session, error) {
	if len(data) > m.cfg.MaxData {
		return nil, ErrTooLarge
	}
	rec := s.record
	if err := s.id.seal(m.cfg.Random, &rec, data); err != nil {
		return nil, err
	}
	now := m.cfg.Clock()
	rec.Seen, rec.Expires = now, earlier(now.Add(m.cfg.Idle), rec.End)
	if err := m.cfg.Store.Replace(ctx, s.Key(), s.Key(), rec); err != nil {
		return nil, storeError(err)
	}
	rec.Revision++
	return session(m.opened(rec, append([]byte(nil), data...)), s.id, rec), nil
}

// End ends the request's session, if it has one, and tells the browser to
// forget the cookie and all that the site stored. The browser is told so
// even where the store fails; the error then is ErrUnavailable, and the
// session may live until its limits.
func (m *Manager) End(w http.ResponseWriter, r *http.Request) error {
	m.dropCookie(w)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	// Not "cookies": that would drop those of the whole registrable domain.
	h.Set("Clear-Site-Data", `"cache", "storage"`)
	return m.forget(r)
}

// EndAll ends every session of the user, wherever it is held, and the refresh
// tokens that are kept in the same store. For the empty user it does nothing.
func (m *Manager) EndAll(ctx context.Context, user string) error {
	if user == "" {
		return nil
	}
	if err := m.cfg.Store.DeleteUser(ctx, user); err != nil {
		return storeError(err)
	}
	return nil
}

func (m *Manager) cookie(value string) *http.Cookie {
	return &http.Cookie{Name: m.cfg.Cookie, Value: value, Path: "/", Secure: !m.cfg.InsecurePlainHTTP, HttpOnly: true, SameSite: m.cfg.SameSite}
}

// setCookie sets a cookie without Max-Age: it goes with the browser, and the
// server alone keeps the time.
func (m *Manager) setCookie(w http.ResponseWriter, value string) {
	http.SetCookie(w, m.cookie(value))
	w.Header().Set("Cache-Control", "no-store")
}

func (m *Manager) dropCookie(w http.ResponseWriter) {
	c := m.cookie("")
	c.MaxAge = -1
	http.SetCookie(w, c)
}
