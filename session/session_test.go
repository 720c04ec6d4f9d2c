package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/session"
)

// A site is a manager over a memory store, at a time that the test moves.
type site struct {
	*session.Manager
	store *session.Memory
	now   time.Time
}

func newSite(t testing.TB, change func(*session.Config)) *site {
	t.Helper()
	s := &site{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	s.store = session.NewMemory(0, clock)
	cfg := session.Config{Store: s.store, Clock: clock}
	if change != nil {
		change(&cfg)
	}
	var err error
	if s.Manager, err = session.New(cfg); err != nil {
		t.Fatal(err)
	}
	return s
}

func request(cookies ...string) *http.Request {
	r := httptest.NewRequest("GET", "https://bank.example/", nil)
	for _, c := range cookies {
		r.Header.Add("Cookie", c)
	}
	return r
}

// cookieOf returns the session cookie that the answer sets, as a Cookie
// header, and fails the test where it sets none or two.
func cookieOf(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Value == "" {
		t.Fatalf("the answer sets %v", w.Header()["Set-Cookie"])
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

func (s *site) login(t testing.TB, user string, cookies ...string) string {
	t.Helper()
	w := httptest.NewRecorder()
	if _, err := s.Start(w, request(cookies...), user, []byte("token of "+user)); err != nil {
		t.Fatal(err)
	}
	return cookieOf(t, w)
}

func (s *site) userOf(cookies ...string) string {
	got, err := s.Get(request(cookies...))
	if err != nil {
		return ""
	}
	return got.User()
}

func TestLoginIsFoundAgain(t *testing.T) {
	s := newSite(t, nil)
	w := httptest.NewRecorder()
	started, err := s.Start(w, request(), "alice", []byte("upstream token"))
	if err != nil {
		t.Fatal(err)
	}
	set := w.Header().Get("Set-Cookie")
	value, _, _ := strings.Cut(strings.TrimPrefix(set, "__Host-Http-session="), ";")
	if want := "__Host-Http-session=" + value + "; Path=/; HttpOnly; Secure; SameSite=Strict"; set != want || len(value) != 43 {
		t.Errorf("Set-Cookie: %s\nwant        %s", set, want)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("the answer to a login may be cached")
	}
	got, err := s.Get(request(cookieOf(t, w)))
	if err != nil {
		t.Fatal(err)
	}
	if got.User() != "alice" || string(got.Data()) != "upstream token" || !got.End().Equal(s.now.Add(8*time.Hour)) || !got.Expires().Equal(s.now.Add(30*time.Minute)) {
		t.Errorf("got %v %q until %v, %v", got, got.Data(), got.Expires(), got.End())
	}
	if got.Binding("csrf") != started.Binding("csrf") || got.Binding("csrf") == got.Binding("other") {
		t.Error("bindings are not one a session and purpose")
	}
	if text := fmt.Sprintf("%v %+v %#v %s", got, got, *got, []*session.Session{got}); strings.Contains(text, value) || strings.Contains(text, "upstream") {
		t.Errorf("the session prints %s", text)
	}
}

func TestLimits(t *testing.T) {
	s := newSite(t, nil)
	c := s.login(t, "alice")
	s.now = s.now.Add(30*time.Minute - time.Millisecond)
	if s.userOf(c) != "alice" {
		t.Fatal("ended before it was idle for long enough")
	}
	for range 15 { // used all day, up to 7:59:59
		s.now = s.now.Add(29 * time.Minute)
		if s.userOf(c) != "alice" {
			t.Fatalf("ended at %v though it was in use", s.now)
		}
	}
	s.now = time.Date(2026, 1, 2, 11, 4, 4, 0, time.UTC)
	if s.userOf(c) != "alice" {
		t.Fatal("ended before its absolute end")
	}
	s.now = s.now.Add(time.Second)
	if _, err := s.Get(request(c)); !errors.Is(err, session.ErrUnknown) {
		t.Fatalf("after its absolute end: %v", err)
	}

	idle := s.login(t, "alice")
	s.now = s.now.Add(30 * time.Minute)
	if _, err := s.Get(request(idle)); !errors.Is(err, session.ErrUnknown) {
		t.Fatalf("after it was idle: %v", err)
	}
}

func TestRenewalKeepsTheAbsoluteEnd(t *testing.T) {
	s := newSite(t, nil)
	c := s.login(t, "alice")
	before, err := s.Get(request(c))
	if err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(20 * time.Minute)
	w := httptest.NewRecorder()
	after, err := s.Renew(w, request(c))
	if err != nil {
		t.Fatal(err)
	}
	if !after.End().Equal(before.End()) || !after.Created().Equal(before.Created()) || string(after.Data()) != "token of alice" {
		t.Errorf("renewal changed more than the identifier: %v", after)
	}
	if after.Binding("csrf") == before.Binding("csrf") {
		t.Error("what was bound to the old identifier fits the new one")
	}
	if s.userOf(c) != "" || s.userOf(cookieOf(t, w)) != "alice" {
		t.Error("the old identifier lives, or the new one does not")
	}
}

func TestElevationEndsTheSessionBeforeLogin(t *testing.T) {
	s := newSite(t, nil)
	anonymous := s.login(t, "")
	w := httptest.NewRecorder()
	if _, err := s.Elevate(w, request(anonymous), "alice", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if s.userOf(cookieOf(t, w)) != "alice" {
		t.Error("not logged in")
	}
	if _, err := s.Get(request(anonymous)); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("the session before login: %v", err)
	}
}

func TestLogout(t *testing.T) {
	s := newSite(t, nil)
	here, there, other := s.login(t, "alice"), s.login(t, "alice"), s.login(t, "bob")
	w := httptest.NewRecorder()
	if err := s.End(w, request(here)); err != nil {
		t.Fatal(err)
	}
	if s.userOf(here) != "" || s.userOf(there) != "alice" {
		t.Error("logout ended the wrong session")
	}
	if err := s.EndAll(context.Background(), "alice"); err != nil {
		t.Fatal(err)
	}
	if s.userOf(there) != "" || s.userOf(other) != "bob" {
		t.Error("logout everywhere ended the wrong sessions")
	}
	if err := s.End(httptest.NewRecorder(), request()); err != nil {
		t.Errorf("logout without session: %v", err)
	}
}

func TestSetDataNeverOverwritesWhatItHasNotSeen(t *testing.T) {
	s := newSite(t, nil)
	c := s.login(t, "alice")
	first, err := s.Get(request(c))
	if err != nil {
		t.Fatal(err)
	}
	newer, err := s.SetData(context.Background(), first, []byte("newer"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetData(context.Background(), first, []byte("stale")); !errors.Is(err, session.ErrConflict) {
		t.Errorf("a stale write: %v", err)
	}
	if _, err := s.SetData(context.Background(), newer, []byte("newest")); err != nil {
		t.Error(err)
	}
	if got, err := s.Get(request(c)); err != nil || string(got.Data()) != "newest" {
		t.Errorf("got %q, %v", got.Data(), err)
	}
	if err := s.End(httptest.NewRecorder(), request(c)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetData(context.Background(), newer, []byte("undead")); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("a write after logout: %v", err)
	}
	if s.userOf(c) != "" {
		t.Error("a write brought the session back")
	}
}

// A spy keeps what the manager gives to its store.
type spy struct {
	session.Store
	mu      sync.Mutex
	records []session.Record
	keys    []session.Key
}

func (s *spy) Create(ctx context.Context, k session.Key, r session.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.records = append(s.keys, k), append(s.records, r)
	return s.Store.Create(ctx, k, r)
}

func TestTheStoreLearnsNeitherIdentifierNorData(t *testing.T) {
	var log *spy
	s := newSite(t, func(c *session.Config) { log = &spy{Store: c.Store}; c.Store = log })
	c := s.login(t, "alice")
	_, value, _ := strings.Cut(c, "=")
	if len(log.records) != 1 {
		t.Fatalf("%d records", len(log.records))
	}
	text := fmt.Sprintf("%x %s %q", log.keys, log.records[0].Sealed, log.records[0].User)
	if strings.Contains(text, value) || strings.Contains(text, "token of") {
		t.Errorf("the store was told %s", text)
	}
	// Who may write to the store cannot give the session to another user.
	r := log.records[0]
	r.User = "admin"
	if err := s.store.Replace(context.Background(), log.keys[0], log.keys[0], r); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(request(c)); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("a record changed in the store gives %v, %v", got, err)
	}
}

func TestHandler(t *testing.T) {
	s := newSite(t, nil)
	h := s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("public") {
			w.Header().Set("Cache-Control", "public, max-age=60")
		}
		got, _ := session.FromContext(r.Context())
		fmt.Fprint(w, got.User())
	}))
	c := s.login(t, "alice")
	for _, path := range []string{"/", "/?public"} {
		w := httptest.NewRecorder()
		r := request(c)
		r.URL.RawQuery = strings.TrimPrefix(path, "/?")
		h.ServeHTTP(w, r)
		if w.Body.String() != "alice" || w.Header().Get("Cache-Control") != "private, no-store" || w.Header().Get("Vary") != "Cookie" {
			t.Errorf("%s: %q with %v", path, w.Body, w.Header())
		}
	}
	for name, want := range map[string]struct {
		cookies []string
		status  int
	}{
		"none":      {nil, 401},
		"anonymous": {[]string{s.login(t, "")}, 401},
		"unknown":   {[]string{"__Host-Http-session=" + strings.Repeat("A", 43)}, 401},
		"malformed": {[]string{"__Host-Http-session=x"}, 400},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(want.cookies...))
		if w.Code != want.status || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}

func TestMistakesInAConfigurationAreToldTogether(t *testing.T) {
	_, err := session.New(session.Config{Cookie: "sid", SameSite: http.SameSiteNoneMode, Idle: -time.Minute, Absolute: 1000 * time.Hour, MaxData: -1})
	for _, key := range []string{"store", "cookie", "same_site", "idle", "absolute", "max_data"} {
		if err == nil || !strings.Contains(err.Error(), key+": ") {
			t.Errorf("%v does not name %s", err, key)
		}
	}
	if _, err := session.New(session.Config{Store: session.NewMemory(0, nil), InsecurePlainHTTP: true, Cookie: "__Host-session"}); err == nil {
		t.Error("a prefix without Secure was taken")
	}
	if _, err := session.New(session.Config{Store: session.NewMemory(0, nil), InsecurePlainHTTP: true, Cookie: "session"}); err != nil {
		t.Error(err)
	}
}

func TestAManagerThatNewDidNotMakeIsNone(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it is one")
		}
	}()
	new(session.Manager).Handler(http.NotFoundHandler())
}
