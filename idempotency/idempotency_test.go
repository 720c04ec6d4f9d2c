package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/idempotency"
)

// A bank counts the transfers that it makes.
type bank struct {
	transfers atomic.Int32
	status    atomic.Int32 // of the next answer; 0 means 201
}

func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	n := b.transfers.Add(1)
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Vary", "Accept")
	w.Header().Set("Location", fmt.Sprintf("/transfers/%d", n))
	w.Header().Add("Set-Cookie", "session=of-the-first; Path=/")
	w.Header().Set("Authorization", "Bearer of-the-first")
	status := int(b.status.Load())
	if status == 0 {
		status = http.StatusCreated
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, "transfer %d: %s", n, body)
}

type site struct {
	*bank
	handler http.Handler
	now     time.Time
}

func newSite(t testing.TB, change func(*idempotency.Config)) *site {
	t.Helper()
	s := &site{bank: &bank{}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	cfg := idempotency.Config{
		Store: idempotency.NewMemory(0, 0, clock),
		User:  func(r *http.Request) string { return r.Header.Get("X-Test-User") },
		Clock: clock,
	}
	if change != nil {
		change(&cfg)
	}
	mw, err := idempotency.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.handler = mw.Handler(s.bank)
	return s
}

func post(user, path, key, body string) *http.Request {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("X-Test-User", user)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	w.Header().Set("Vary", "Origin") // as CORS outside sets it
	h.ServeHTTP(w, r)
	return w
}

func TestRepetitionIsAnsweredAndNotRun(t *testing.T) {
	s := newSite(t, nil)
	first := serve(s.handler, post("alice", "/transfer", `"k"`, "100"))
	second := serve(s.handler, post("alice", "/transfer", `"k"`, "100"))
	if s.transfers.Load() != 1 {
		t.Fatalf("%d transfers", s.transfers.Load())
	}
	if first.Code != 201 || second.Code != 201 || second.Body.String() != "transfer 1: 100" || second.Header().Get("Location") != "/transfers/1" {
		t.Errorf("first %d %q, second %d %q %v", first.Code, first.Body, second.Code, second.Body, second.Header())
	}
	if second.Header().Get("Idempotency-Replayed") != "true" || first.Header().Get("Idempotency-Replayed") != "" {
		t.Error("it is not said which answer is a repetition")
	}
	for _, w := range []*httptest.ResponseRecorder{first, second} {
		if got := strings.Join(w.Header()["Vary"], ", "); got != "Origin, Accept" {
			t.Errorf("Vary: %s", got)
		}
	}
	s.now = s.now.Add(24 * time.Hour)
	if w := serve(s.handler, post("alice", "/transfer", `"k"`, "100")); w.Code != 201 || s.transfers.Load() != 2 {
		t.Errorf("after a day: %d, %d transfers", w.Code, s.transfers.Load())
	}
}

// control runs two requests against the bank without defence.
func control(t *testing.T, requests ...*http.Request) {
	t.Helper()
	b := &bank{}
	for _, r := range requests {
		b.ServeHTTP(httptest.NewRecorder(), r)
	}
	if int(b.transfers.Load()) != len(requests) {
		t.Fatalf("the control made %d transfers of %d", b.transfers.Load(), len(requests))
	}
}

func TestAttack_77_KeyOfAnotherRequest(t *testing.T) {
	control(t, post("alice", "/transfer", `"k"`, "100"), post("alice", "/transfer", `"k"`, "999"))
	s := newSite(t, nil)
	if w := serve(s.handler, post("alice", "/transfer", `"k"`, "100")); w.Code != 201 {
		t.Fatalf("the first: %d", w.Code)
	}
	for name, r := range map[string]*http.Request{
		"another body":   post("alice", "/transfer", `"k"`, "999"),
		"no body":        post("alice", "/transfer", `"k"`, ""),
		"another path":   post("alice", "/close", `"k"`, "100"),
		"another query":  post("alice", "/transfer?x=1", `"k"`, "100"),
		"encoded path":   post("alice", "/%74ransfer", `"k"`, "100"),
		"another method": func() *http.Request { r := post("alice", "/transfer", `"k"`, "100"); r.Method = "PATCH"; return r }(),
		"another type": func() *http.Request {
			r := post("alice", "/transfer", `"k"`, "100")
			r.Header.Set("Content-Type", "x/y")
			return r
		}(),
	} {
		if w := serve(s.handler, r); w.Code != 422 || !strings.Contains(w.Body.String(), `"idempotency-key-reused"`) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	// Another user's key of the same text is another key: neither blocked by
	// alice's nor answered with what alice was told.
	if w := serve(s.handler, post("bob", "/transfer", `"k"`, "100")); w.Code != 201 || w.Body.String() != "transfer 2: 100" {
		t.Errorf("another user: %d %s", w.Code, w.Body)
	}
	// User and key are not run together.
	if w := serve(s.handler, post("alice\x00", "/transfer", `"k"`, "1")); w.Code != 201 {
		t.Errorf("a user of a like name: %d %s", w.Code, w.Body)
	}
	if s.transfers.Load() != 3 {
		t.Errorf("%d transfers, want 3", s.transfers.Load())
	}
}

func TestAttack_78_StoredCredentials(t *testing.T) {
	b := &bank{}
	w := serve(b, post("alice", "/transfer", "", "1"))
	if w.Header().Get("Set-Cookie") == "" || w.Header().Get("Authorization") == "" {
		t.Fatal("the control answers without credentials")
	}
	s := newSite(t, nil)
	if w := serve(s.handler, post("alice", "/transfer", `"k"`, "1")); w.Header().Get("Set-Cookie") == "" {
		t.Error("the first asker does not get the cookie")
	}
	again := serve(s.handler, post("alice", "/transfer", `"k"`, "1"))
	if again.Header().Get("Idempotency-Replayed") != "true" {
		t.Fatal("not replayed")
	}
	for _, name := range []string{"Set-Cookie", "Authorization"} {
		if v := again.Header()[name]; v != nil {
			t.Errorf("%s: %q was replayed", name, v)
		}
	}
	if again.Header().Get("Cache-Control") != "no-store" {
		t.Error("the repetition may be cached")
	}
}

func TestAttack_79_StoredFailure(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504} {
		s := newSite(t, nil)
		s.status.Store(int32(status))
		if w := serve(s.handler, post("alice", "/transfer", `"k"`, "1")); w.Code != status {
			t.Fatalf("%d: answered %d", status, w.Code)
		}
		s.status.Store(0)
		// The control, an answer kept whatever it is, would be the status again.
		if w := serve(s.handler, post("alice", "/transfer", `"k"`, "1")); w.Code != 201 || s.transfers.Load() != 2 {
			t.Errorf("%d: the good retry is answered %d after %d runs", status, w.Code, s.transfers.Load())
		}
	}
}

func TestAttack_80_ConcurrentDuplicates(t *testing.T) {
	control(t, post("alice", "/transfer", `"k"`, "1"), post("alice", "/transfer", `"k"`, "1"))
	var runs atomic.Int32
	entered, release := make(chan struct{}), make(chan struct{})
	mw, err := idempotency.New(idempotency.Config{Store: idempotency.NewMemory(0, 0, nil), User: func(*http.Request) string { return "alice" }})
	if err != nil {
		t.Fatal(err)
	}
	h := mw.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if runs.Add(1) == 1 {
			close(entered)
		}
		<-release
	}))
	var first, others sync.WaitGroup
	first.Go(func() {
		if w := serve(h, post("alice", "/t", `"k"`, "1")); w.Code != 200 {
			t.Errorf("the first: %d", w.Code)
		}
	})
	<-entered
	for range 20 {
		others.Go(func() {
			if w := serve(h, post("alice", "/t", `"k"`, "1")); w.Code != 409 || w.Header().Get("Retry-After") == "" {
				t.Errorf("a duplicate: %d", w.Code)
			}
		})
	}
	others.Wait() // they do not wait for the first
	close(release)
	first.Wait()
	if runs.Load() != 1 {
		t.Errorf("%d ran", runs.Load())
	}
	if w := serve(h, post("alice", "/t", `"k"`, "1")); w.Code != 200 || w.Header().Get("Idempotency-Replayed") == "" {
		t.Errorf("after the first: %d", w.Code)
	}
}

func TestAttack_81_KeysThatAreNoStrings(t *testing.T) {
	s := newSite(t, func(c *idempotency.Config) { c.Required = func(*http.Request) bool { return true } })
	for _, lines := range [][]string{
		nil, {""}, {" "}, {`"`}, {`""`}, {`k`}, {`'k'`}, {`"k`}, {`k"`}, {`"k" "l"`}, {`"k"l"`}, {`"k\"`}, {`"\k"`}, {`"k\n"`},
		{"\"k\x00\""}, {"\"k\n\""}, {"\"k\x7f\""}, {`"ü"`}, {`"k";a=1`}, {`"k", "l"`}, {`1`}, {`:aw==:`}, {`?1`}, {`("k")`},
		{"\t\"k\""}, {`"` + strings.Repeat("k", 257) + `"`}, {`"` + strings.Repeat("k", 1<<20) + `"`}, {`"k"`, `"k"`}, {`"k"`, `"l"`},
	} {
		r := post("alice", "/transfer", "", "1")
		r.Header["Idempotency-Key"] = lines
		b := &bank{}
		b.ServeHTTP(httptest.NewRecorder(), r)
		if b.transfers.Load() != 1 {
			t.Fatal("the control does not run")
		}
		if w := serve(s.handler, r); w.Code != 400 {
			t.Errorf("%.60q: %d", lines, w.Code)
		}
	}
	if s.transfers.Load() != 0 {
		t.Errorf("%d ran", s.transfers.Load())
	}
	for text, want := range map[string]string{
		`"k"`: "k", ` "k" `: "k", `"a\"b\\c"`: `a"b\c`, `" "`: " ", `"8e03978e-40d5-43dd-bc93-6894a57f9324"`: "8e03978e-40d5-43dd-bc93-6894a57f9324",
		`"` + strings.Repeat("k", 256) + `"`: strings.Repeat("k", 256),
	} {
		if got, err := idempotency.ParseKey(http.Header{"Idempotency-Key": {text}}); got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

// A mortal store fails when it is told to.
type mortal struct {
	idempotency.Store
	begin, finish error
	late          bool // begin fails after it was done
}

func (m *mortal) Begin(ctx context.Context, k idempotency.Key, r idempotency.Record) (idempotency.Record, bool, error) {
	if m.begin != nil {
		if m.late {
			m.Store.Begin(ctx, k, r)
		}
		return idempotency.Record{}, false, m.begin
	}
	return m.Store.Begin(ctx, k, r)
}

func (m *mortal) Finish(ctx context.Context, k idempotency.Key, o idempotency.Owner, answer []byte) error {
	if m.finish != nil {
		return m.finish
	}
	return m.Store.Finish(ctx, k, o, answer)
}

func TestAttack_83_StoreDiesBetweenCheckAndWrite(t *testing.T) {
	died := errors.New("connection reset")
	var store *mortal
	open := func() *site {
		return newSite(t, func(c *idempotency.Config) { store = &mortal{Store: c.Store}; c.Store = store })
	}
	request := func() *http.Request { return post("alice", "/transfer", `"k"`, "1") }
	// The control goes on when the store does not answer, and runs twice.
	control(t, request(), request())

	s := open()
	store.begin = died
	if w := serve(s.handler, request()); w.Code != 503 || s.transfers.Load() != 0 {
		t.Errorf("dead at the check: %d, %d transfers", w.Code, s.transfers.Load())
	}
	store.begin = nil
	if w := serve(s.handler, request()); w.Code != 201 || s.transfers.Load() != 1 {
		t.Errorf("alive again: %d, %d transfers", w.Code, s.transfers.Load())
	}

	s = open()
	store.begin, store.late = died, true
	serve(s.handler, request())
	store.begin = nil
	if w := serve(s.handler, request()); w.Code != 409 || s.transfers.Load() != 0 {
		t.Errorf("dead after the write, before its answer: %d, %d transfers", w.Code, s.transfers.Load())
	}

	s = open()
	store.finish = died
	if w := serve(s.handler, request()); w.Code != 201 {
		t.Errorf("dead at the end: the first is answered %d", w.Code)
	}
	store.finish = nil
	for range 3 {
		if w := serve(s.handler, request()); w.Code != 409 || s.transfers.Load() != 1 {
			t.Errorf("dead at the end: the retry is answered %d after %d transfers", w.Code, s.transfers.Load())
		}
	}
	s.now = s.now.Add(24 * time.Hour)
	if w := serve(s.handler, request()); w.Code != 201 || s.transfers.Load() != 2 {
		t.Errorf("after the record has expired: %d", w.Code)
	}
}

func TestCrashAndUncertaintyNeverRunTwice(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{
		"panic": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"uncertain": func(w http.ResponseWriter, r *http.Request) {
			idempotency.MarkUncertain(r.Context())
			w.WriteHeader(504)
		},
	} {
		runs := 0
		mw, err := idempotency.New(idempotency.Config{Store: idempotency.NewMemory(0, 0, nil), User: func(*http.Request) string { return "alice" }})
		if err != nil {
			t.Fatal(err)
		}
		h := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			runs++
			first(w, r)
		}))
		func() {
			defer func() { _ = recover() }()
			serve(h, post("alice", "/t", `"k"`, "1"))
		}()
		if w := serve(h, post("alice", "/t", `"k"`, "1")); w.Code != 409 || runs != 1 {
			t.Errorf("%s: the retry is answered %d after %d runs", name, w.Code, runs)
		}
	}
}

func TestBounds(t *testing.T) {
	s := newSite(t, func(c *idempotency.Config) { c.MaxBody, c.MaxAnswer = 10, 20 })
	if w := serve(s.handler, post("alice", "/t", `"a"`, "01234567890")); w.Code != 413 {
		t.Errorf("a long body: %d", w.Code)
	}
	r := post("alice", "/t", `"a"`, "")
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", 1000))), -1
	if w := serve(s.handler, r); w.Code != 413 || s.transfers.Load() != 0 {
		t.Errorf("a long body of unknown length: %d", w.Code)
	}
	if w := serve(s.handler, post("alice", "/t", `"b"`, "0123456789")); w.Code != 201 || w.Body.String() != "transfer 1: 0123456789" {
		t.Errorf("a long answer: %d %s", w.Code, w.Body)
	}
	if w := serve(s.handler, post("alice", "/t", `"b"`, "0123456789")); w.Code != 409 || !strings.Contains(w.Body.String(), "not-kept") || s.transfers.Load() != 1 {
		t.Errorf("a long answer, asked again: %d %s", w.Code, w.Body)
	}
	if w := serve(s.handler, post("alice", "/t", "", strings.Repeat("x", 1000))); w.Code != 201 {
		t.Errorf("without key: %d", w.Code)
	}
}

// What cannot be kept was carried out all the same, and whoever asks again is
// told so.
func TestAnswersThatCannotBeKept(t *testing.T) {
	for name, c := range map[string]struct {
		bytes  int // room for answers
		header string
		body   string
	}{
		"no room for it":                {300, "", strings.Repeat("x", 400)},
		"a field that JSON cannot hold": {0, "attachment; filename=\"caf\xe9\"", "1"},
	} {
		runs := 0
		mw, err := idempotency.New(idempotency.Config{
			Store: idempotency.NewMemory(0, c.bytes, nil),
			User:  func(*http.Request) string { return "alice" },
		})
		if err != nil {
			t.Fatal(err)
		}
		h := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			runs++
			if c.header != "" {
				w.Header().Set("Content-Disposition", c.header)
			}
			io.WriteString(w, c.body)
		}))
		if w := serve(h, post("alice", "/t", `"k"`, "")); w.Code != 200 || w.Body.String() != c.body || w.Header().Get("Content-Disposition") != c.header {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		if w := serve(h, post("alice", "/t", `"k"`, "")); w.Code != 409 || !strings.Contains(w.Body.String(), "not-kept") || runs != 1 {
			t.Errorf("%s, asked again: %d %s, run %d times", name, w.Code, w.Body, runs)
		}
	}
}

func TestWhatIsNotMeantPasses(t *testing.T) {
	s := newSite(t, nil)
	get := post("alice", "/t", `"k"`, "")
	get.Method = "GET"
	for range 2 {
		for name, r := range map[string]*http.Request{"GET": get, "no key": post("alice", "/t", "", "1"), "no user": post("", "/t", `"k"`, "1")} {
			if w := serve(s.handler, r); w.Code != 201 || w.Header().Get("Idempotency-Replayed") != "" {
				t.Errorf("%s: %d", name, w.Code)
			}
		}
	}
	strict := newSite(t, func(c *idempotency.Config) { c.Required = func(r *http.Request) bool { return r.URL.Path == "/t" } })
	if w := serve(strict.handler, post("", "/t", `"k"`, "1")); w.Code != 401 {
		t.Errorf("required, without user: %d", w.Code)
	}
	if w := serve(strict.handler, post("alice", "/u", "", "1")); w.Code != 201 {
		t.Errorf("not required: %d", w.Code)
	}
}

func TestMistakesInAConfigurationAreToldTogether(t *testing.T) {
	_, err := idempotency.New(idempotency.Config{Methods: []string{"GET"}, TTL: -1, MaxBody: 1 << 40, MaxAnswer: -1})
	for _, key := range []string{"store", "user", "methods[0]", "ttl", "max_body", "max_answer"} {
		if err == nil || !strings.Contains(err.Error(), key+": ") {
			t.Errorf("%v does not name %s", err, key)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, s := range []string{`"k"`, `"a\"b\\c"`, ` "k" `, `"k`, `"k";a`, `""`, "\"\x00\"", `"\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := idempotency.ParseKey(http.Header{"Idempotency-Key": {text}})
		if err != nil {
			return
		}
		// What is accepted prints as an RFC 8941 String and reads back the same.
		printed := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
		if printed != strings.Trim(text, " ") {
			t.Errorf("%q is read as %q, which prints as %q", text, key, printed)
		}
	})
}

func TestAMiddlewareThatNewDidNotMakeIsNone(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it lets everything run twice")
		}
	}()
	new(idempotency.Middleware).Handler(http.NotFoundHandler())
}
