// Package csrf_test measures middleware against cross-site request forgery,
// this project's beside its peers'. Each case runs whole middleware over an
// empty handler; whoever is not named in a case cannot do what it asks.
package csrf_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	gorilla "github.com/gorilla/csrf"
	"github.com/justinas/nosurf"

	"github.com/d710e0ae/countersign/bench/internal/discard"
	"github.com/d710e0ae/countersign/csrf"
)

const (
	ownOrigin = "https://bank.example"
	ownHost   = "bank.example"
	sessionID = "3q2-7wQGB0mXkKp4rZ0cYh5vN1sTf8uJ"
)

// key is for both, which want 32 bytes.
var key = bytes.Repeat([]byte("key."), 8)

// request is what Chromium sends for a fetch of the page.
func request(method string, pairs ...string) *http.Request {
	r := httptest.NewRequest(method, "/transfer", nil)
	r.Host = ownHost
	for _, h := range [][2]string{
		{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"},
		{"Accept", "*/*"},
		{"Accept-Language", "en-GB,en;q=0.9"},
		{"Accept-Encoding", "gzip, deflate, br, zstd"},
		{"Content-Type", "application/json"},
		{"Content-Length", "43"},
		{"Cookie", "__Host-session=" + sessionID},
		{"Referer", ownOrigin + "/account"},
		{"Sec-Ch-Ua-Platform", `"Linux"`},
	} {
		r.Header.Set(h[0], h[1])
	}
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Add(pairs[i], pairs[i+1])
	}
	return r
}

func std() http.Handler { return http.NewCrossOriginProtection().Handler(discard.Handler) }

func ours(b *testing.B, cfg csrf.Config) (*csrf.Protection, http.Handler) {
	b.Helper()
	p, err := csrf.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	return p, p.Handler(discard.Handler)
}

// withToken reads the session's cookie for each request, as the peers read
// theirs.
func withToken(b *testing.B) (http.Handler, string) {
	p, h := ours(b, csrf.Config{
		PublicOrigin: ownOrigin,
		Keys:         [][]byte{key},
		Session: func(r *http.Request) csrf.Session {
			c, err := r.Cookie("__Host-session")
			if err != nil {
				return csrf.Session{}
			}
			return csrf.Session{ID: c.Value, Ambient: true}
		},
	})
	token, err := p.Token(sessionID)
	if err != nil {
		b.Fatal(err)
	}
	return h, token
}

// gorillaToken asks for a page as a browser does, and returns the cookie and
// the token that it would send back.
func gorillaToken(b *testing.B) (h http.Handler, cookie, token string) {
	h = gorilla.Protect(key)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" && token == "" {
			token = gorilla.Token(r)
		}
	}))
	return h, cookieOf(b, h), token
}

func nosurfToken(b *testing.B) (h http.Handler, cookie, token string) {
	h = nosurf.New(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" && token == "" {
			token = nosurf.Token(r)
		}
	}))
	return h, cookieOf(b, h), token
}

func cookieOf(b *testing.B, h http.Handler) string {
	b.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request("GET"))
	for _, c := range w.Result().Cookies() {
		return c.Name + "=" + c.Value
	}
	b.Fatal("the library set no cookie")
	return ""
}

func run(b *testing.B, name string, h http.Handler, r *http.Request, status int) {
	b.Run(name, func(b *testing.B) {
		w := discard.New()
		b.ReportAllocs()
		for b.Loop() {
			w.Reset()
			h.ServeHTTP(w, r)
		}
		if w.Status != status {
			b.Fatalf("status %d, want %d: this is not what was to be measured", w.Status, status)
		}
	})
}

var (
	same  = []string{"Origin", ownOrigin, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}
	cross = []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}
	old   = []string{"Origin", ownOrigin} // a browser without Fetch Metadata
)

func BenchmarkCSRF(b *testing.B) {
	_, plain := ours(b, csrf.Config{PublicOrigin: ownOrigin})
	token, tokenText := withToken(b)
	gorillaH, gorillaCookie, gorillaText := gorillaToken(b)
	nosurfH, nosurfCookie, nosurfText := nosurfToken(b)
	with := func(list []string, more ...string) []string { return append(list[:len(list):len(list)], more...) }

	for _, c := range []struct {
		name, method string
		headers      []string
		status       int
	}{
		{"accept", "POST", same, http.StatusOK},
		{"origin-only", "POST", old, http.StatusOK},
		{"refuse", "POST", cross, http.StatusForbidden},
		{"safe", "GET", same, http.StatusOK},
	} {
		run(b, "case="+c.name+"/lib=countersign", plain, request(c.method, c.headers...), c.status)
		run(b, "case="+c.name+"/lib=std", std(), request(c.method, c.headers...), c.status)
	}
	run(b, "case=token/lib=countersign", token, request("POST", with(same, "X-Csrf-Token", tokenText)...), http.StatusOK)
	run(b, "case=token/lib=gorilla", gorillaH, request("POST", with(same, "X-Csrf-Token", gorillaText, "Cookie", gorillaCookie)...), http.StatusOK)
	run(b, "case=token/lib=nosurf", nosurfH, request("POST", with(same, "X-Csrf-Token", nosurfText, "Cookie", nosurfCookie)...), http.StatusOK)

	run(b, "case=token-refuse/lib=countersign", token, request("POST", cross...), http.StatusForbidden)
	run(b, "case=token-refuse/lib=gorilla", gorillaH, request("POST", with(cross, "Cookie", gorillaCookie)...), http.StatusForbidden)
	run(b, "case=token-refuse/lib=nosurf", nosurfH, request("POST", with(cross, "Cookie", nosurfCookie)...), http.StatusBadRequest)

	run(b, "case=token-safe/lib=countersign", token, request("GET", same...), http.StatusOK)
	run(b, "case=token-safe/lib=gorilla", gorillaH, request("GET", with(same, "Cookie", gorillaCookie)...), http.StatusOK)
	run(b, "case=token-safe/lib=nosurf", nosurfH, request("GET", with(same, "Cookie", nosurfCookie)...), http.StatusOK)
}

// BenchmarkCheck measures the decision alone, apart from the middleware, on
// requests with no other header.
func BenchmarkCheck(b *testing.B) {
	p, _ := ours(b, csrf.Config{PublicOrigin: ownOrigin})
	zero, _ := ours(b, csrf.Config{})
	for _, c := range []struct {
		name    string
		headers []string
		refused bool
	}{
		{"accept", same[:4], false},
		{"origin-only", old, false},
		{"refuse", cross[:4], true},
	} {
		r := &http.Request{Method: "POST", Host: ownHost, Header: http.Header{}}
		for i := 0; i < len(c.headers); i += 2 {
			r.Header.Set(c.headers[i], c.headers[i+1])
		}
		plain := r.Clone(b.Context())
		if o := plain.Header.Get("Origin"); o == ownOrigin {
			plain.Header.Set("Origin", "http://"+ownHost) // no TLS, as the zero Config sees it
		}
		for _, l := range []struct {
			name string
			p    interface{ Check(*http.Request) error }
			r    *http.Request
		}{{"countersign", p, r}, {"countersign-zero", zero, plain}, {"std", http.NewCrossOriginProtection(), r}} {
			b.Run("case="+c.name+"/lib="+l.name, func(b *testing.B) {
				b.ReportAllocs()
				var err error
				for b.Loop() {
					err = l.p.Check(l.r)
				}
				if (err != nil) != c.refused {
					b.Fatalf("%v: this is not what was to be measured", err)
				}
			})
		}
	}
}
