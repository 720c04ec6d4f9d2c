package scan_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan"
	"github.com/d710e0ae/countersign/internal/secret"
)

// document is the smallest API that has a login, a read and a write.
const document = `{"openapi":"3.1.0","info":{"title":"Small","version":"1"},"paths":{
 "/login":{"post":{"operationId":"login","requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["username","password"],
   "properties":{"username":{"type":"string"},"password":{"type":"string"}}}}}},"responses":{"200":{"description":""}}}},
 "/me":{"get":{"operationId":"me","responses":{"200":{"description":""}}}},
 "/name":{"post":{"operationId":"name","requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["name"],
   "properties":{"name":{"type":"string"}}}}}},"responses":{"200":{"description":""}}}}}}`

// small is that API: a session cookie, no protection but what attributes say.
type small struct {
	attributes string
	logins     atomic.Int32
	once       bool   // the login works one time only
	csrf       string // "rotating": a new token with each answer
	token      atomic.Int32
	name       atomic.Value
	page       func(w http.ResponseWriter, r *http.Request) bool // answers in place of the API
}

func (s *small) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.page != nil && s.page(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	say := func(status int, v any) { answer(w, status, v) }
	switch r.URL.Path {
	case "/openapi.json":
		_, _ = io.WriteString(w, document)
		return
	case "/login":
		var in struct{ Username, Password string }
		if json.NewDecoder(r.Body).Decode(&in) != nil {
			say(422, map[string]any{"detail": "body"})
			return
		}
		if in.Password != "wonderland-7" || s.once && s.logins.Load() > 0 {
			say(401, map[string]any{"detail": "wrong"})
			return
		}
		s.logins.Add(1)
		w.Header().Set("Set-Cookie", "session=0123456789abcdef; Path=/; HttpOnly; "+s.attributes)
		s.rotate(w)
		say(200, map[string]any{"ok": true})
		return
	}
	c, err := r.Cookie("session")
	if err != nil || c.Value != "0123456789abcdef" {
		say(401, map[string]any{"detail": "Not authenticated"})
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /me":
		name, _ := s.name.Load().(string)
		s.rotate(w)
		say(200, map[string]any{"username": "alice", "name": name})
	case "POST /name":
		if s.csrf != "" && r.Header.Get("X-CSRF-Token") != s.current() {
			say(403, map[string]any{"detail": "CSRF token"})
			return
		}
		s.rotate(w)
		var in struct{ Name string }
		if ct := r.Header.Get("Content-Type"); ct != "" && ct != "application/json" || json.NewDecoder(r.Body).Decode(&in) != nil || in.Name == "" {
			say(422, map[string]any{"detail": "body"})
			return
		}
		s.name.Store(in.Name)
		say(200, map[string]any{"ok": true})
	default:
		say(404, map[string]any{"detail": "Not Found"})
	}
}

func (s *small) current() string { return "csrf-token-" + string(rune('a'+s.token.Load()%26)) }

func (s *small) rotate(w http.ResponseWriter) {
	if s.csrf != "" {
		s.token.Add(1)
		w.Header().Set("X-CSRF-Token", s.current())
	}
}

// hang answers nothing until the client gives up. The body is read, since
// until then a server does not notice that.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestControlOfTheSmallAPI(t *testing.T) {
	r := run(t, scan.Config{Target: serve(t, &small{attributes: "Secure; SameSite=None"}), Victim: alice})
	f := find(r, "forgeable-operation", "POST /name")
	if f == nil {
		t.Fatalf("the forgery was not found among:\n%s", list(r))
	}
	if f.Confidence != finding.Observed || !strings.Contains(f.Message, "no browser has sent it") {
		t.Errorf("without a browser the finding says %s: %s", f.Confidence, f.Message)
	}
	state := false
	for _, e := range f.Evidence {
		state = state || e.Kind == finding.StateEvidence && strings.Contains(e.Text, `"name"`)
	}
	if !state {
		t.Errorf("the state was not read back: %+v", f.Evidence)
	}
}

func TestBadTargets(t *testing.T) {
	refused := httptest.NewServer(http.NotFoundHandler())
	refused.Close()
	var elsewhere atomic.Int32
	foreign := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	tls := httptest.NewTLSServer(&small{})
	t.Cleanup(tls.Close)
	afterLogin := func(do func(w http.ResponseWriter, r *http.Request)) *small {
		s := &small{attributes: "Secure; SameSite=None"}
		s.page = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/openapi.json" || r.URL.Path == "/login" {
				return false
			}
			do(w, r)
			return true
		}
		return s
	}
	for _, tc := range []struct {
		name   string
		target string
		reason string
	}{
		{"nothing listens", refused.URL, "cannot be reached"},
		{"hangs", serve(t, http.HandlerFunc(hang)), "no answer in time"},
		{"hangs after the login", serve(t, afterLogin(hang)), "no answer in time"},
		{"closes connections", serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })), "cannot be reached"},
		{"500 to all", serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })), "document was not found"},
		{"500 to all after the login", serve(t, afterLogin(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })), "no operation that changes state could be exercised"},
		{"redirects to another host", serve(t, http.RedirectHandler(foreign, http.StatusTemporaryRedirect)), "document was not found"},
		{"redirects to another host after the login", serve(t, afterLogin(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, foreign+r.URL.Path, http.StatusTemporaryRedirect)
		})), "no operation that changes state could be exercised"},
		{"streams without end", serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		})), "document was not found"},
		{"streams without end after the login", serve(t, afterLogin(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		})), ""},
		{"closes connections after the login", serve(t, afterLogin(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })), "cannot be reached"},
		{"answers in no known encoding after the login", serve(t, afterLogin(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(400)
			_, _ = w.Write([]byte("{\"detail\": \"\xff\xfe\x80\"}"))
		})), "no operation that changes state could be exercised"},
		{"sends a head without end", serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := range 1000 {
				w.Header().Set("X-Field-"+strconv.Itoa(i), strings.Repeat("x", 1000))
			}
		})), "cannot be reached"},
		{"a document of 50 MB", serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/openapi.json" {
				http.NotFound(w, r)
				return
			}
			_, _ = io.WriteString(w, `{"openapi":"3.1.0","x":"`+strings.Repeat("x", 50<<20)+`"}`)
		})), "larger than"},
		{"a certificate that is not trusted", tls.URL, "certificate"},
		{"not a document", serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello") })), "document was not found"},
		{"non-UTF-8", serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0xfe, 0x00, 0x80}) })), "document was not found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, err := scan.Run(t.Context(), scan.Config{Target: tc.target, Victim: alice, Browser: "off", Timeout: 1500 * time.Millisecond})
			var incomplete *scan.IncompleteError
			if tc.reason != "" && (!errors.As(err, &incomplete) || r == nil || r.Complete) {
				t.Fatalf("got %v, want an IncompleteError with a report", err)
			}
			if r == nil || !strings.Contains(strings.Join(r.IncompleteReasons, " "), tc.reason) {
				t.Errorf("it says %q, want %q", r.IncompleteReasons, tc.reason)
			}
			if len(r.Findings) > 0 && !strings.Contains(tc.name, "after the login") {
				t.Errorf("findings on a target that said nothing:\n%s", list(r))
			}
			noSecrets(t, r, "wonderland-7", "0123456789abcdef")
		})
	}
	t.Cleanup(func() {
		if n := elsewhere.Load(); n != 0 {
			t.Errorf("%d requests went to another host", n)
		}
	})
}

func TestLargeAnswersAreCut(t *testing.T) {
	big := strings.Repeat("x", 50<<20)
	s := &small{attributes: "Secure; SameSite=None"}
	s.page = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method+r.URL.Path != "GET/me" {
			return false
		}
		_, _ = io.WriteString(w, big)
		return true
	}
	if r := run(t, scan.Config{Target: serve(t, s), Victim: alice}); r == nil {
		t.Fatal("no report")
	}
}

func TestALoginThatWorksOnceIsEnough(t *testing.T) {
	s := &small{attributes: "Secure; SameSite=None", once: true}
	r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
	if find(r, "forgeable-operation", "POST /name") == nil {
		t.Errorf("the forgery was not found among:\n%s", list(r))
	}
}

func TestARotatingTokenIsFollowed(t *testing.T) {
	s := &small{attributes: "Secure; SameSite=None", csrf: "rotating"}
	r := run(t, scan.Config{Target: serve(t, s), Victim: alice})
	for _, o := range r.Operations {
		if o.String() == "POST /name" && (!o.Exercised || o.Credential != finding.CredentialCookie) {
			t.Errorf("%+v", o)
		}
	}
	for _, v := range r.Verdicts {
		if v.Verdict == finding.Forged && v.Operation != "POST /login" { // which asks for no token
			t.Errorf("forged past a rotating token: %+v", v)
		}
	}
}

func TestWrongPassword(t *testing.T) {
	_, err := scan.Run(t.Context(), scan.Config{Target: serve(t, &small{}), Victim: scan.Account{Name: "alice", Password: secret.New("not-this-one")}, Browser: "off"})
	if err == nil || !strings.Contains(err.Error(), "could not log in as alice: POST /login (application/json): answered 401") || strings.Contains(err.Error(), "not-this-one") {
		t.Errorf("got %v", err)
	}
}

func TestInterruptedScansKeepWhatTheyFound(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &small{attributes: "Secure; SameSite=None"}
	var calls atomic.Int32
	s.page = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/name" && calls.Add(1) == 4 {
			cancel()
		}
		return false
	}
	r, err := scan.Run(ctx, scan.Config{Target: serve(t, s), Victim: alice, Browser: "off"})
	if !errors.Is(err, context.Canceled) || r == nil || r.Complete || len(r.Operations) == 0 {
		t.Fatalf("got %v and %+v", err, r)
	}
	if r.IncompleteReasons[0] != "the scan was interrupted" {
		t.Errorf("it says %q", r.IncompleteReasons)
	}
}

// What the matrix saw by the time of the interruption is a finding, and what
// was not come to says so.
func TestInterruptedScansReportTheForgeriesTheySaw(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &small{attributes: "Secure; SameSite=None"}
	s.page = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/login" && r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			cancel() // the matrix of the login follows on those of the operations
		}
		return false
	}
	r, err := scan.Run(ctx, scan.Config{Target: serve(t, s), Victim: alice, Browser: "off"})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("ended with %v", err)
	}
	if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool {
		return f.Weakness == "forgeable-operation" && f.Operation.String() == "POST /name" && f.Confidence == finding.Observed
	}) {
		t.Errorf("the forgery is not among %+v", r.Findings)
	}
	for _, o := range r.Operations {
		if !o.Exercised && o.Reason == "" {
			t.Errorf("%s was not exercised, for no reason", o)
		}
	}
}

func TestReadOnlySendsNoChange(t *testing.T) {
	s := &small{attributes: "Secure; SameSite=None"}
	s.page = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != "GET" && r.Method != "HEAD" && r.Method != "OPTIONS" && r.URL.Path != "/login" {
			t.Errorf("a read-only scan sent %s %s", r.Method, r.URL)
		}
		return false
	}
	r := run(t, scan.Config{Target: serve(t, s), Victim: alice, ReadOnly: true})
	for _, o := range r.Operations {
		if o.String() == "POST /name" && (o.Exercised || !strings.Contains(o.Reason, "read-only")) {
			t.Errorf("%+v", o)
		}
	}
}

func TestIncludeExcludeAndShards(t *testing.T) {
	target := serve(t, &small{attributes: "Secure; SameSite=None"})
	names := func(cfg scan.Config) []string {
		cfg.Target, cfg.Victim = target, alice
		r, _ := scan.Run(t.Context(), withBrowserOff(cfg))
		var out []string
		for _, o := range r.Operations {
			out = append(out, o.String())
		}
		return out
	}
	if got := names(scan.Config{Include: []string{"GET /*"}}); strings.Join(got, ",") != "GET /me" {
		t.Errorf("include: %q", got)
	}
	if got := names(scan.Config{Exclude: []string{"/name", "POST /log*"}}); strings.Join(got, ",") != "GET /me" {
		t.Errorf("exclude: %q", got)
	}
	all := map[string]int{}
	for i := 1; i <= 3; i++ {
		for _, n := range names(scan.Config{Shard: scan.Shard{I: i, N: 3}}) {
			all[n]++
		}
	}
	if len(all) != 3 || all["POST /name"] != 1 || all["GET /me"] != 1 {
		t.Errorf("three shards report %v", all)
	}
}

func withBrowserOff(c scan.Config) scan.Config {
	c.Browser = "off"
	return c
}

func TestUsageErrorsComeAllAtOnce(t *testing.T) {
	_, err := scan.Run(t.Context(), scan.Config{Target: "https://93.184.216.34/", Login: "login", Rate: -1, Include: []string{"["}, Shard: scan.Shard{I: 3, N: 2}})
	var usage *scan.UsageError
	if !errors.As(err, &usage) {
		t.Fatalf("got %v", err)
	}
	keys := map[string]bool{}
	for e := range cfgerrors.All(err) {
		keys[e.Key] = true
	}
	for _, k := range []string{"target", "login", "rate", "include[0]", "shard"} {
		if !keys[k] {
			t.Errorf("no mistake of %s is told: %v", k, err)
		}
	}
}

func TestGivenCredentialsNeedNoLogin(t *testing.T) {
	s := &small{attributes: "Secure; SameSite=None"}
	s.page = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/login" && strings.Contains(r.Header.Get("Cookie"), "session") {
			t.Errorf("a login was sent: %s", r.URL)
		}
		return false
	}
	r := run(t, scan.Config{Target: serve(t, s), Cookies: map[string]string{"session": "0123456789abcdef"}})
	if find(r, "forgeable-operation", "POST /name") == nil {
		t.Errorf("the forgery was not found among:\n%s", list(r))
	}
	if find(r, "cookie-samesite-missing", "POST /login") != nil {
		t.Error("attributes that are not known were judged")
	}
	if !strings.Contains(strings.Join(r.Notes, " "), "attributes are not known") {
		t.Errorf("the notes are %q", r.Notes)
	}
	noSecrets(t, r, "0123456789abcdef")
}

func TestDocumentFromAFile(t *testing.T) {
	s := &small{attributes: "Secure; SameSite=None"}
	s.page = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "openapi") {
			http.NotFound(w, r)
			return true
		}
		return false
	}
	file := filepath.Join(t.TempDir(), "api.json")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, scan.Config{Target: serve(t, s), Victim: alice, OpenAPI: file, Login: "POST /login"})
	if find(r, "forgeable-operation", "POST /name") == nil {
		t.Errorf("the forgery was not found among:\n%s", list(r))
	}
	_, err := scan.Run(t.Context(), scan.Config{Target: serve(t, s), Victim: alice, OpenAPI: file + ".missing", Browser: "off"})
	if err == nil || !strings.Contains(err.Error(), "api.json.missing") {
		t.Errorf("a missing file: %v", err)
	}
}
