package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/session"
)

// A login, a page for those who are logged in, and a logout. In a program,
// put csrf around it all.
func Example() {
	sessions, err := session.New(session.Config{Store: session.NewMemory(0, nil), InsecurePlainHTTP: true, Cookie: "session"})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		// Here the password is checked.
		if _, err := sessions.Start(w, r, "alice", []byte("a token that the browser never sees")); err != nil {
			sessions.Refuse(w, err)
		}
	})
	mux.Handle("GET /", sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := session.FromContext(r.Context())
		fmt.Fprintf(w, "hello %s", s.User())
	})))
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := sessions.End(w, r); err != nil {
			sessions.Refuse(w, err)
		}
	})

	var cookie *http.Cookie
	for _, request := range []string{"GET /", "POST /login", "GET /", "POST /logout", "GET /"} {
		var method, path string
		fmt.Sscan(request, &method, &path)
		r := httptest.NewRequest(method, path, nil)
		if cookie != nil {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if set := w.Result().Cookies(); len(set) > 0 && set[0].MaxAge >= 0 {
			cookie = set[0]
		}
		fmt.Println(request, w.Code)
	}
	// Output:
	// GET / 401
	// POST /login 200
	// GET / 200
	// POST /logout 200
	// GET / 401
}

// Every session of a user ends at once, in whatever browser it is.
func ExampleManager_EndAll() {
	sessions, err := session.New(session.Config{Store: session.NewMemory(0, nil)})
	if err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	if _, err := sessions.Start(w, httptest.NewRequest("POST", "/login", nil), "alice", nil); err != nil {
		panic(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(w.Result().Cookies()[0])
	_, before := sessions.Get(r)
	if err := sessions.EndAll(context.Background(), "alice"); err != nil {
		panic(err)
	}
	_, after := sessions.Get(r)
	fmt.Println(before, after)
	// Output: <nil> unknown or ended session
}

// A store of one's own has six methods; session/storetest tests it.
func ExampleStore() {
	var store session.Store = &singleStore{}
	sessions, err := session.New(session.Config{Store: store})
	if err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	for _, user := range []string{"alice", "bob"} {
		_, err := sessions.Start(w, httptest.NewRequest("POST", "/login", nil), user, nil)
		fmt.Println(user, err)
	}
	// Output:
	// alice <nil>
	// bob session store is full
}

// singleStore has room for one session.
type singleStore struct {
	mu     sync.Mutex
	key    session.Key
	record *session.Record
}

func (s *singleStore) live(k session.Key) bool {
	return s.record != nil && s.key == k && time.Now().Before(s.record.Expires)
}

func (s *singleStore) Create(_ context.Context, k session.Key, r session.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live(s.key) {
		return session.ErrFull
	}
	s.key, s.record = k, &r
	return nil
}

func (s *singleStore) Get(_ context.Context, k session.Key) (session.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live(k) {
		return session.Record{}, session.ErrNotFound
	}
	return *s.record, nil
}

func (s *singleStore) Touch(_ context.Context, k session.Key, seen, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live(k) {
		return session.ErrNotFound
	}
	s.record.Seen, s.record.Expires = seen, expires
	return nil
}

func (s *singleStore) Replace(_ context.Context, old, next session.Key, r session.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.live(old):
		return session.ErrNotFound
	case s.record.Revision != r.Revision:
		return session.ErrConflict
	}
	r.Revision++
	s.key, s.record = next, &r
	return nil
}

func (s *singleStore) Delete(_ context.Context, k session.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key == k {
		s.record = nil
	}
	return nil
}

func (s *singleStore) DeleteUser(_ context.Context, user string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.record != nil && s.record.User == user {
		s.record = nil
	}
	return nil
}
