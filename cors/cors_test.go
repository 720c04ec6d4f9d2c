package cors_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/cors"
)

func remedyA() cors.Config {
	return cors.Config{
		Origins:         []string{"https://app.example.com", "https://*.trusted.example"},
		Methods:         []string{"GET", "POST", "PUT", "DELETE"},
		RequestHeaders:  []string{"Authorization", "Content-Type"},
		ResponseHeaders: []string{"X-Request-ID"},
		MaxAge:          10 * time.Minute,
	}
}

func mustNew(t testing.TB, cfg cors.Config) *cors.Middleware {
	t.Helper()
	m, err := cors.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

type headers = map[string]string

func request(method string, h headers) *http.Request {
	r := httptest.NewRequest(method, "https://api.example.com/transfer", nil)
	for k, v := range h {
		r.Header.Set(k, v)
	}
	return r
}

// serve returns the answer and whether the handler behind saw the request.
func serve(m *cors.Middleware, r *http.Request) (*http.Response, bool) {
	reached := false
	w := httptest.NewRecorder()
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached = true
		io.WriteString(w, "balance")
	})).ServeHTTP(w, r)
	return w.Result(), reached
}

func TestActualRequests(t *testing.T) {
	m := mustNew(t, remedyA())
	for origin, allowed := range map[string]bool{
		"https://app.example.com":           true,
		"https://a.trusted.example":         true,
		"":                                  false,
		"null":                              false,
		"http://app.example.com":            false,
		"https://app.example.com:8443":      false,
		"https://APP.example.com":           false,
		"https://app.example.com.evil.test": false,
		"https://evilapp.example.com":       false,
		"https://trusted.example":           false,
		"https://eviltrusted.example":       false,
		"https://evil@app.example.com":      false,
		"https://app.example.com/":          false,
	} {
		h := headers{}
		if origin != "" {
			h["Origin"] = origin
		}
		res, reached := serve(m, request("GET", h))
		if !reached || !slices.Contains(res.Header.Values("Vary"), "Origin") {
			t.Errorf("%q: reached %v, Vary %q", origin, reached, res.Header.Values("Vary"))
		}
		want, expose := "", ""
		if allowed {
			want, expose = origin, "X-Request-ID"
		}
		if got := res.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%q: allow origin %q", origin, got)
		}
		if got := res.Header.Get("Access-Control-Expose-Headers"); got != expose {
			t.Errorf("%q: expose %q", origin, got)
		}
		if res.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%q: credentials", origin)
		}
		if m.Allowed(origin) != allowed {
			t.Errorf("Allowed(%q) is %v", origin, !allowed)
		}
	}
}

func TestAttack_75_76_Preflights(t *testing.T) {
	m := mustNew(t, remedyA())
	for name, c := range map[string]struct {
		h  headers
		ok bool
	}{
		"listed":                  {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type"}, true},
		"no headers":              {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "DELETE"}, true},
		"spaces":                  {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization, content-type"}, true},
		"foreign":                 {headers{"Origin": "https://evil.test", "Access-Control-Request-Method": "PUT"}, false},
		"null":                    {headers{"Origin": "null", "Access-Control-Request-Method": "PUT"}, false},
		"other method":            {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PATCH"}, false},
		"method in lower case":    {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "put"}, false},
		"other header":            {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-other"}, false},
		"one header of two":       {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,x-other"}, false},
		"75 comma flood":          {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": strings.Repeat(",", 100_000)}, false},
		"75 name flood":           {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": strings.Repeat("authorization,", 10_000)}, false},
		"CSRF token not listed":   {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-csrf-token"}, false},
		"private network request": {headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET", "Access-Control-Request-Private-Network": "true"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			res, reached := serve(m, request("OPTIONS", c.h))
			if reached {
				t.Error("76: the preflight reached the handler")
			}
			if v := res.Header.Get("Vary"); v != "Origin, Access-Control-Request-Method, Access-Control-Request-Headers" {
				t.Errorf("Vary %q", v)
			}
			allows := 0
			for k := range res.Header {
				if strings.HasPrefix(k, "Access-Control-") {
					allows++
				}
			}
			if c.ok != (allows > 0) || c.ok != (res.StatusCode == 204) {
				t.Errorf("%d %v", res.StatusCode, res.Header)
			}
			if res.Header.Get("Access-Control-Allow-Private-Network") != "" {
				t.Error("opens the private network")
			}
			if c.ok && (res.Header.Get("Access-Control-Max-Age") != "600" || res.Header.Get("Access-Control-Allow-Methods") != c.h["Access-Control-Request-Method"]) {
				t.Errorf("%v", res.Header)
			}
		})
	}
	if res, reached := serve(m, request("OPTIONS", headers{"Origin": "https://app.example.com"})); !reached {
		t.Errorf("an OPTIONS that is no preflight does not reach the handler: %v", res)
	}
}

func TestTwoOriginsAreNone(t *testing.T) {
	m := mustNew(t, remedyA())
	r := request("GET", nil)
	r.Header["Origin"] = []string{"https://app.example.com", "https://evil.test"}
	if res, _ := serve(m, r); res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", res.Header)
	}
}

func TestAttack_73_CredentialsAndAnyOrigin(t *testing.T) {
	m := mustNew(t, cors.Config{Origins: []string{"https://app.example.com"}, Credentials: true})
	res, _ := serve(m, request("GET", headers{"Origin": "https://app.example.com"}))
	if res.Header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("%v", res.Header)
	}
	res, _ = serve(m, request("GET", headers{"Origin": "https://evil.test"}))
	if res.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("credentials for a refused origin: %v", res.Header)
	}
	for _, origin := range []string{"*", "null"} {
		if _, err := cors.New(cors.Config{Origins: []string{origin}, Credentials: true}); err == nil {
			t.Errorf("%s with credentials is taken", origin)
		}
	}
	// The control: what Starlette makes of "*" with credentials once a cookie
	// is on the request.
	reflecting := func(r *http.Request) (origin, credentials string) {
		if r.Header.Get("Cookie") != "" {
			return r.Header.Get("Origin"), "true"
		}
		return "*", "true"
	}
	if o, c := reflecting(request("GET", headers{"Origin": "https://evil.test", "Cookie": "a=b"})); o != "https://evil.test" || c != "true" {
		t.Errorf("control: %s, %s", o, c)
	}
	m = mustNew(t, cors.Config{Origins: []string{"*"}})
	res, _ = serve(m, request("GET", headers{"Origin": "https://evil.test", "Cookie": "a=b"}))
	if res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", res.Header)
	}
}

func TestZeroConfigAllowsNothing(t *testing.T) {
	m := mustNew(t, cors.Config{})
	res, _ := serve(m, request("GET", headers{"Origin": "https://app.example.com"}))
	pre, reached := serve(m, request("OPTIONS", headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}))
	if res.Header.Get("Access-Control-Allow-Origin") != "" || pre.StatusCode != 403 || reached {
		t.Errorf("%v, %v", res.Header, pre)
	}
}

func TestVaryAddsToWhatIsThere(t *testing.T) {
	m := mustNew(t, remedyA())
	w := httptest.NewRecorder()
	w.Header().Set("Vary", "Accept-Encoding")
	m.Handler(http.NotFoundHandler()).ServeHTTP(w, request("GET", nil))
	if got := strings.Join(w.Header().Values("Vary"), ", "); got != "Accept-Encoding, Origin" {
		t.Errorf("Vary %q", got)
	}
}

// TestAnswersShareNothingThatLasts is the lesson of jub0bs/cors 0.13.6: what
// one wrapping handler writes into a header must not reach another answer.
func TestAnswersShareNothingThatLasts(t *testing.T) {
	cfg := remedyA()
	cfg.Credentials = true
	m := mustNew(t, cfg)
	vandal := func(h http.Header) {
		for k := range h {
			h[k] = append(h[k], "appended")
			h[k][0] = "overwritten"
		}
	}
	for range 3 {
		for _, r := range []*http.Request{
			request("GET", headers{"Origin": "https://app.example.com"}),
			request("OPTIONS", headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}),
		} {
			w := httptest.NewRecorder()
			m.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
			for k, v := range w.Header() {
				for _, s := range v {
					if strings.Contains(s, "overwritten") || strings.Contains(s, "appended") {
						t.Fatalf("%s: %q", k, v)
					}
				}
			}
			vandal(w.Header())
		}
	}
}

func TestReconfigure(t *testing.T) {
	m := mustNew(t, remedyA())
	before := m.Config()
	if err := m.Reconfigure(cors.Config{Origins: []string{"null"}}); err == nil {
		t.Error("a bad configuration was taken")
	}
	if !slices.Equal(m.Config().Origins, before.Origins) {
		t.Error("a bad configuration replaced the good one")
	}
	if err := m.Reconfigure(cors.Config{Origins: []string{"https://new.example"}}); err != nil {
		t.Fatal(err)
	}
	if !m.Allowed("https://new.example") || m.Allowed("https://app.example.com") {
		t.Error("the new configuration is not in force")
	}
	c := m.Config()
	c.Origins[0] = "https://evil.test"
	if m.Config().Origins[0] != "https://new.example" {
		t.Error("Config gives its own slice away")
	}
}

func TestMistakesAreToldTogether(t *testing.T) {
	// 73: any origin with credentials never starts.
	_, err := cors.New(cors.Config{
		Origins:         []string{"*", "null", "https://*.co.uk", "app.example.com", "https://App.example.com"},
		Credentials:     true,
		Methods:         []string{"*", "put", "TRACE", "a b"},
		RequestHeaders:  []string{"*", "Cookie", "Sec-Fetch-Site", "a:b"},
		ResponseHeaders: []string{"*", "Set-Cookie"},
		MaxAge:          -time.Second,
	})
	var keys []string
	for e := range cfgerrors.All(err) {
		keys = append(keys, e.Key)
	}
	for _, want := range []string{"origins[0]", "origins[1]", "origins[2]", "origins[3]", "origins[4]", "methods[0]", "methods[1]", "methods[2]", "methods[3]",
		"request_headers[0]", "request_headers[1]", "request_headers[2]", "request_headers[3]", "response_headers[0]", "response_headers[1]", "max_age"} {
		if !slices.Contains(keys, want) {
			t.Errorf("no error for %s in %q", want, keys)
		}
	}
	if _, err := cors.New(cors.Config{Credentials: true}); err == nil {
		t.Error("credentials for nobody")
	}
}

func TestBehindServeMux(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /transfer", func(http.ResponseWriter, *http.Request) {})
	w := httptest.NewRecorder()
	mustNew(t, remedyA()).Handler(mux).ServeHTTP(w, request("OPTIONS", headers{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT"}))
	if w.Code != 204 {
		t.Errorf("%d: the router's 405 stands before CORS", w.Code)
	}
}

// discard is a ResponseWriter that allocates nothing itself.
type discard struct{ h http.Header }

func (d discard) Header() http.Header       { return d.h }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

func many(n int) cors.Config {
	cfg := remedyA()
	cfg.Origins = nil
	for i := range n {
		cfg.Origins = append(cfg.Origins, "https://a"+strconv.Itoa(i)+".example.com")
	}
	return cfg
}

func TestNoAllocation(t *testing.T) {
	m := mustNew(t, many(100))
	h := m.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for name, r := range map[string]*http.Request{
		"actual":    request("GET", headers{"Origin": "https://a99.example.com"}),
		"foreign":   request("GET", headers{"Origin": "https://evil.test"}),
		"preflight": request("OPTIONS", headers{"Origin": "https://a99.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type"}),
		"refused":   request("OPTIONS", headers{"Origin": "https://evil.test", "Access-Control-Request-Method": "PUT"}),
	} {
		w := discard{http.Header{}}
		if n := testing.AllocsPerRun(100, func() { clear(w.h); h.ServeHTTP(w, r) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkHandler(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		m := mustNew(b, many(n))
		h := m.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for name, r := range map[string]*http.Request{
			"actual":    request("GET", headers{"Origin": "https://a0.example.com"}),
			"preflight": request("OPTIONS", headers{"Origin": "https://a0.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type"}),
		} {
			b.Run("case="+name+"/origins="+strconv.Itoa(n), func(b *testing.B) {
				w := discard{http.Header{}}
				b.ReportAllocs()
				for b.Loop() {
					clear(w.h)
					h.ServeHTTP(w, r)
				}
			})
		}
	}
}

// Forgotten New: nothing is allowed, nor does a request find out.
func TestTheZeroMiddleware(t *testing.T) {
	var m cors.Middleware
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("page")) }))
	for method, want := range map[string]int{"GET": 200, "OPTIONS": 403} {
		r := httptest.NewRequest(method, "/", nil)
		r.Header.Set("Origin", "https://evil.test")
		if method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "PUT")
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != want || w.Header().Get("Access-Control-Allow-Origin") != "" || w.Header().Get("Vary") == "" {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
	}
	if m.Allowed("https://evil.test") || len(m.Config().Origins) != 0 {
		t.Error("something is allowed")
	}
	if err := m.Reconfigure(cors.Config{Origins: []string{"https://app.example"}}); err != nil || !m.Allowed("https://app.example") {
		t.Errorf("%v", err)
	}
	if m, err := cors.New(cors.Config{Origins: []string{"null"}}); err == nil || m != nil {
		t.Errorf("%v with %v", m, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no handler is one")
		}
	}()
	m.Handler(nil)
}

// CVE-2025-47909, for reading: whoever is on the network speaks for a
// plain-http origin.
func TestAttack_73_PlainHTTPOriginsHaveNoCredentials(t *testing.T) {
	for _, origin := range []string{"http://app.example.com", "http://*.example.com", "http://192.0.2.1"} {
		if _, err := cors.New(cors.Config{Origins: []string{origin}}); err != nil {
			t.Errorf("control: %s without credentials: %v", origin, err)
		}
		if _, err := cors.New(cors.Config{Origins: []string{origin}, Credentials: true}); err == nil {
			t.Errorf("%s with credentials", origin)
		}
	}
	if _, err := cors.New(cors.Config{Origins: []string{"http://localhost:3000"}, Credentials: true}); err != nil {
		t.Errorf("this machine: %v", err)
	}
}
