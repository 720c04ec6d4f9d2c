package session_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/d710e0ae/countersign/session"
)

func TestRefuseAnswersInPlaceOfTheDocument(t *testing.T) {
	m, err := session.New(session.Config{
		Store: session.NewMemory(0, nil),
		Refuse: func(w http.ResponseWriter, r *http.Request, _ error) {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := m.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was let through") }))
	for cookie, dropped := range map[string]bool{"": false, m.Cookie() + "=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA": true} {
		r := httptest.NewRequest("GET", "/", nil)
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login" || w.Header().Get("Cache-Control") != "no-store" || (len(w.Result().Cookies()) == 1) != dropped {
			t.Errorf("%q: %d %v", cookie, w.Code, w.Header())
		}
	}
}

func TestNewContextIsWhatHandlerGives(t *testing.T) {
	m, err := session.New(session.Config{Store: session.NewMemory(0, nil)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Start(httptest.NewRecorder(), httptest.NewRequest("POST", "/login", nil), "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := session.FromContext(session.NewContext(t.Context(), s)); !ok || got != s {
		t.Errorf("got %v, %v", got, ok)
	}
}
