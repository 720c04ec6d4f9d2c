package session_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/d710e0ae/countersign/session"
)

// unreachable is a store that stops to answer.
type unreachable struct {
	session.Store
	down bool
}

func (s *unreachable) Get(ctx context.Context, k session.Key) (session.Record, error) {
	if s.down {
		return session.Record{}, errors.New("connection refused")
	}
	return s.Store.Get(ctx, k)
}

func TestCSRFTellsWhatAuthenticates(t *testing.T) {
	store := &unreachable{Store: session.NewMemory(0, nil)}
	m, err := session.New(session.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s, err := m.Start(w, httptest.NewRequest("POST", "/login", nil), "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	cookie := w.Result().Cookies()[0]
	with := func(cookies ...*http.Cookie) *http.Request {
		r := httptest.NewRequest("POST", "/transfer", nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		return r
	}
	ended := *cookie
	ended.Value = "A" + ended.Value[1:]
	if ended.Value == cookie.Value {
		ended.Value = "B" + ended.Value[1:]
	}
	for name, c := range map[string]struct {
		r       *http.Request
		id      string
		ambient bool
	}{
		"a session":   {with(cookie), s.CSRF(), true},
		"no cookie":   {with(), "", false},
		"unknown":     {with(&ended), "", false},
		"two cookies": {with(cookie, &ended), "", false},
	} {
		if id, ambient := m.CSRF(c.r); id != c.id || ambient != c.ambient {
			t.Errorf("%s: %q, %v", name, id, ambient)
		}
	}
	if s.CSRF() == "" {
		t.Error("tokens are bound to nothing")
	}
	store.down = true
	if id, ambient := m.CSRF(with(cookie)); id != "" || !ambient {
		t.Errorf("where the store does not answer: %q, %v", id, ambient)
	}
	next, err := m.Start(httptest.NewRecorder(), with(), "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	if next.CSRF() == s.CSRF() {
		t.Error("another session has the same id")
	}
}
