package scantest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/scantest"
	"github.com/d710e0ae/countersign/session"
)

const document = `{"openapi":"3.1.0","info":{"title":"Notes","version":"1"},"paths":{
 "/login":{"post":{"requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["username","password"],
   "properties":{"username":{"type":"string"},"password":{"type":"string"}}}}}},"responses":{"200":{"description":""}}}},
 "/notes":{"get":{"responses":{"200":{"description":""}}},"post":{"requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["text"],
   "properties":{"text":{"type":"string"}}}}}},"responses":{"200":{"description":""}}}}}}`

// notes is an API behind a session cookie; check stands before every write.
func notes(check func(*http.Request) bool) http.Handler {
	var kept []string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, document) })
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Username, Password string }
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.Password != "wonderland-7" || !check(r) {
			http.Error(w, `{"detail":"no"}`, http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "__Host-session", Value: "0123456789abcdef", Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
		_, _ = io.WriteString(w, `{"ok":true}`)
	})
	user := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if c, err := r.Cookie("__Host-session"); err != nil || c.Value != "0123456789abcdef" {
				http.Error(w, `{"detail":"Not authenticated"}`, http.StatusUnauthorized)
				return
			}
			next(w, r)
		}
	}
	mux.HandleFunc("GET /notes", user(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(kept) }))
	mux.HandleFunc("POST /notes", user(func(w http.ResponseWriter, r *http.Request) {
		if !check(r) {
			http.Error(w, `{"detail":"forged"}`, http.StatusForbidden)
			return
		}
		var in struct{ Text string }
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.Text == "" {
			http.Error(w, `{"detail":"text"}`, http.StatusUnprocessableEntity)
			return
		}
		kept = append(kept, in.Text)
		_, _ = fmt.Fprintf(w, `{"count":%d}`, len(kept))
	}))
	return mux
}

// recorder is a testing.TB that keeps what would have failed the test.
type recorder struct {
	testing.TB
	failed []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

func TestAForgeableHandlerFails(t *testing.T) {
	rec := &recorder{TB: t}
	found := scantest.Run(rec, notes(func(*http.Request) bool { return true }), scantest.Config{User: "alice", Password: "wonderland-7"})
	if !slices.ContainsFunc(found, func(f scantest.Finding) bool {
		return f.Weakness == "forgeable-from-sibling" && f.Operation == "POST /notes" && f.Severity == "medium"
	}) {
		t.Errorf("the forgery was not found: %+v", found)
	}
	if len(rec.failed) == 0 || !strings.Contains(strings.Join(rec.failed, "\n"), "forgeable-from-sibling (medium): POST /notes") {
		t.Errorf("the test failed with %q", rec.failed)
	}
	if strings.Contains(strings.Join(rec.failed, "\n"), "wonderland-7") {
		t.Error("the password is printed")
	}
}

func TestAGuardedHandlerPasses(t *testing.T) {
	check := http.NewCrossOriginProtection()
	scantest.Run(t, notes(func(r *http.Request) bool { return check.Check(r) == nil }), scantest.Config{User: "alice", Password: "wonderland-7"})
}

func TestAWrongPasswordFails(t *testing.T) {
	rec := &recorder{TB: t}
	scantest.Run(rec, notes(func(*http.Request) bool { return true }), scantest.Config{User: "alice", Password: "not-this-one"})
	if len(rec.failed) != 1 || !strings.Contains(rec.failed[0], "could not log in") {
		t.Errorf("the test failed with %q", rec.failed)
	}
}

// protected is an API with this module's defences, of which csrf knows the
// origin that it is served from.
func protected(t *testing.T, publicOrigin string) http.Handler {
	sessions, err := session.New(session.Config{Store: session.NewMemory(0, nil)})
	if err != nil {
		t.Fatal(err)
	}
	forgery, err := csrf.New(csrf.Config{PublicOrigin: publicOrigin})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, document) })
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Username, Password string }
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.Password != "wonderland-7" {
			http.Error(w, `{"detail":"no"}`, http.StatusUnauthorized)
			return
		}
		if _, err := sessions.Start(w, r, in.Username, nil); err != nil {
			sessions.Refuse(w, err)
			return
		}
		_, _ = io.WriteString(w, `{"ok":true}`)
	})
	var kept []string
	mux.Handle("GET /notes", sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(kept) })))
	mux.Handle("POST /notes", sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Text string }
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.Text == "" {
			http.Error(w, `{"detail":"text"}`, http.StatusUnprocessableEntity)
			return
		}
		kept = append(kept, in.Text)
		_, _ = fmt.Fprintf(w, `{"count":%d}`, len(kept))
	})))
	return forgery.Handler(mux)
}

func TestRunAtScansAServerThatKnowsItsOrigin(t *testing.T) {
	serve := func(of func(address string) string) string {
		srv := httptest.NewUnstartedServer(nil)
		srv.Config.Handler = protected(t, of(srv.Listener.Addr().String()))
		srv.Start()
		t.Cleanup(srv.Close)
		return srv.URL
	}
	account := scantest.Config{User: "alice", Password: "wonderland-7", FailOn: "low"}
	scantest.RunAt(t, serve(func(address string) string { return "http://" + address }), account)

	// Under another origin nobody can log in, which is no pass.
	rec := &recorder{TB: t}
	scantest.RunAt(rec, serve(func(string) string { return "https://bank.example" }), account)
	if len(rec.failed) == 0 {
		t.Error("a handler that refuses everything passes")
	}
}

func TestMessagesNameTheFieldsOfConfig(t *testing.T) {
	for name, c := range map[string]struct {
		h    http.Handler
		cfg  scantest.Config
		want string
	}{
		"no document":    {http.NotFoundHandler(), scantest.Config{User: "alice", Password: "x"}, "Config.OpenAPI"},
		"wrong password": {notes(func(*http.Request) bool { return true }), scantest.Config{User: "alice", Password: "x"}, "Config.Login"},
		"no account":     {notes(func(*http.Request) bool { return true }), scantest.Config{}, "Config.User"},
	} {
		rec := &recorder{TB: t}
		scantest.Run(rec, c.h, c.cfg)
		if said := strings.Join(rec.failed, "\n"); !strings.Contains(said, c.want) || strings.Contains(said, "--") {
			t.Errorf("%s: %s", name, said)
		}
	}
}
