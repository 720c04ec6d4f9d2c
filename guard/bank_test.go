package guard_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/d710e0ae/countersign/guard"
	"github.com/d710e0ae/countersign/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hasJWT reports whether a JWT stands in s. Its first three letters alone
// stand by chance in one of some thousand random texts.
func hasJWT(s string) bool { return jwtShape.MatchString(s) }

var jwtShape = regexp.MustCompile(`eyJ[\w-]+\.`)

const (
	bankSecret = "a secret of at least thirty-two bytes, for tests"
	ownOrigin  = "https://bank.example"
	ownHost    = "bank.example"
)

func sign(claims map[string]any) string {
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	body, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed := head + "." + base64.RawURLEncoding.EncodeToString(body)
	mac := hmac.New(sha256.New, []byte(bankSecret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func tokenFor(user string) string {
	return sign(map[string]any{"sub": user, "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix()})
}

// A bank answers as FastAPI does: it gives its token in JSON and in a cookie,
// takes either, and checks nothing else. Forged requests succeed at it.
type bank struct {
	*httptest.Server
	mux *http.ServeMux

	mu    sync.Mutex
	seen  []*http.Request
	moved int
}

func newBank(t testing.TB) *bank {
	b := &bank{mux: http.NewServeMux()}
	b.mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		token := tokenFor("alice")
		http.SetCookie(w, &http.Cookie{Name: "access_token", Value: token, Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark", Path: "/"})
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","user":{"name":"alice"}}`, token)
	})
	b.mux.HandleFunc("GET /me", b.authenticated(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"username":"alice"}`)
	}))
	b.mux.HandleFunc("POST /transfer", b.authenticated(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		b.mu.Lock()
		b.moved++
		b.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"status":"ok"}`)
	}))
	b.mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "access_token", Path: "/", MaxAge: -1})
		io.WriteString(w, `{}`)
	})
	b.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		io.WriteString(w, "page")
	})
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.seen = append(b.seen, r)
		b.mu.Unlock()
		b.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *bank) authenticated(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if c, err := r.Cookie("access_token"); token == "" && err == nil {
			token = c.Value
		}
		parts := strings.Split(token, ".")
		mac := hmac.New(sha256.New, []byte(bankSecret))
		if len(parts) == 3 {
			mac.Write([]byte(parts[0] + "." + parts[1]))
		}
		if len(parts) != 3 || base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != parts[2] {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, `{"detail":"Not authenticated"}`, http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

// last is the last request that reached the bank.
func (b *bank) last() *http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.seen) == 0 {
		return nil
	}
	return b.seen[len(b.seen)-1]
}

func (b *bank) requests() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.seen)
}

func (b *bank) transfers() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.moved
}

// A site is a guard in front of a bank, and what it logs.
type site struct {
	*guard.Guard
	bank *bank
	log  *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// configFor is the configuration of a guard with keys in front of an API.
func configFor(upstream string) *guard.Config {
	c := guard.DefaultConfig()
	c.Listen = "127.0.0.1:0"
	c.Upstream = upstream
	c.PublicOrigin = ownOrigin
	c.JWT.Secret = secret.New(bankSecret)
	return c
}

func newSite(t testing.TB, change ...func(*guard.Config, *guard.Options)) *site {
	t.Helper()
	s := &site{bank: newBank(t), log: &logBuffer{}}
	c := configFor(s.bank.URL)
	o := guard.Options{Logger: slog.New(slog.NewJSONHandler(s.log, nil))}
	for _, f := range change {
		f(c, &o)
	}
	g, err := guard.New(t.Context(), *c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Guard = g
	return s
}

// request makes a request as a page of the bank's own origin sends it.
func request(method, path, body string, header ...string) *http.Request {
	var rd io.Reader
	if body != "" {
		rd = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, rd)
	r.Host = ownHost
	r.Header.Set("Origin", ownOrigin)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// A browser is what a login leaves in one.
type browser struct{ cookie, csrf string }

func (b browser) request(method, path, body string, header ...string) *http.Request {
	return request(method, path, body, append([]string{"Cookie", b.cookie, "X-CSRF-Token", b.csrf}, header...)...)
}

func (s *site) login(t testing.TB) browser {
	t.Helper()
	w := serve(s, request("POST", "/login", `{"username":"alice","password":"wonderland-7"}`))
	if w.Code != http.StatusOK {
		t.Fatalf("login: %d %s", w.Code, w.Body)
	}
	var answer struct {
		CSRF string `json:"csrf_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	for _, c := range w.Result().Cookies() {
		if c.Name == "__Host-Http-session" {
			return browser{c.Name + "=" + c.Value, answer.CSRF}
		}
	}
	t.Fatalf("login set no session: %v", w.Header())
	return browser{}
}

// code returns the code of a problem document.
func code(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("status %d, Content-Type %q, body %s: no problem document", w.Code, got, w.Body)
	}
	var p struct {
		Status int    `json:"status"`
		Code   string `json:"code"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Type   string `json:"type"`
		ID     string `json:"request_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Status != w.Code || p.Code == "" || p.Title == "" || p.Detail == "" || p.Type == "" || p.ID == "" || p.ID != w.Header().Get("X-Request-Id") {
		t.Fatalf("the problem document is not whole: %s", w.Body)
	}
	return p.Code
}
