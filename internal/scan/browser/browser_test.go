package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/needs"
	"github.com/d710e0ae/countersign/internal/scan/browser"
	"github.com/d710e0ae/countersign/internal/secret"
)

// An api keeps money for whoever holds its cookie, and checks nothing else.
type api struct {
	*httptest.Server
	mu    sync.Mutex
	moved int
	last  seen
}

// seen is what the API saw of the last request.
type seen struct{ contentType, body, origin, method string }

func (a *api) saw() seen {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last
}

const session = "s3cr3t-session-value"

func newAPI(t *testing.T, secure bool) *api {
	a := &api{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login/{kind}", func(w http.ResponseWriter, r *http.Request) {
		attributes := map[string]string{"none": "; SameSite=None; Secure", "lax": "; SameSite=Lax", "strict": "; SameSite=Strict", "unsaid": ""}
		w.Header().Add("Set-Cookie", "session="+session+"; Path=/; HttpOnly"+attributes[r.PathValue("kind")])
		fmt.Fprint(w, `{"ok":true}`)
	})
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		json.NewEncoder(w).Encode(map[string]int{"moved": a.moved})
	})
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<script>localStorage.setItem("access", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"); localStorage.setItem("theme", "dark")</script>`)
	})
	mux.HandleFunc("GET /ws", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("session"); err != nil || c.Value != session {
			http.Error(w, "no session", http.StatusForbidden)
			return
		}
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err == nil {
			c.Close(websocket.StatusNormalClosure, "")
		}
	})
	mux.HandleFunc("/transfer", func(w http.ResponseWriter, r *http.Request) {
		if o := r.Header.Get("Origin"); o != "" {
			w.Header().Set("Access-Control-Allow-Origin", o)
			w.Header().Set("Access-Control-Allow-Credentials", "true")
			w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
			w.Header().Set("Access-Control-Allow-Methods", "PUT, POST")
		}
		if r.Method == "OPTIONS" {
			return
		}
		c, err := r.Cookie("session")
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.last.contentType, a.last.body, a.last.origin, a.last.method = r.Header.Get("Content-Type"), string(body), r.Header.Get("Origin"), r.Method
		if err != nil || c.Value != session {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		a.moved++
		fmt.Fprint(w, `{"status":"ok"}`)
	})
	if secure {
		a.Server = httptest.NewTLSServer(mux)
	} else {
		a.Server = httptest.NewServer(mux)
	}
	t.Cleanup(a.Close)
	return a
}

func launch(t *testing.T, target string, change func(*browser.Config)) *browser.Browser {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	cfg := browser.Config{Path: needs.Chromium(t), Target: u, Redactor: &secret.Redactor{}}
	if change != nil {
		change(&cfg)
	}
	b, err := browser.Launch(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func (a *api) money(t *testing.T) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.moved
}

func login(t *testing.T, b *browser.Browser, a *api, kind string) *browser.Victim {
	t.Helper()
	v, err := b.NewVictim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	r, err := v.Login(t.Context(), browser.Request{Method: "POST", URL: a.URL + "/login/" + kind})
	if err != nil || r.Status != 200 {
		t.Fatalf("login: %+v, %v", r, err)
	}
	cookies, err := v.Cookies(t.Context())
	if err != nil || len(cookies) != 1 || cookies[0].Name != "session" || !cookies[0].HTTPOnly {
		t.Fatalf("cookies after login: %v, %v", cookies, err)
	}
	return v
}

func attackOf(a *api, p finding.Position, s finding.Shape) browser.Attack {
	at := browser.Attack{Picture: true, Position: p, Shape: s, Method: "POST", URL: a.URL + "/transfer", Operation: "POST /transfer"}
	switch s {
	case finding.Form:
		at.ContentType, at.Body = "application/x-www-form-urlencoded", []byte("amount=1&to=mallory")
	case finding.Multipart:
		at.ContentType, at.Body = "multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\nmallory\r\n--b--\r\n")
	case finding.TextPlain:
		at.ContentType, at.Body = "text/plain", []byte("{\"to\":\"mallory\",\"x\":\"=\"}\r\n")
	case finding.Blob, finding.Beacon:
		at.Body = []byte(`{"to":"mallory"}`)
	case finding.JSONCORS:
		at.ContentType, at.Body = "application/json", []byte(`{"to":"mallory"}`)
	case finding.Navigate, finding.Image:
		at.Method, at.URL = "GET", a.URL+"/transfer?to=mallory"
	case finding.Head:
		at.Method = "HEAD"
	case finding.WebSocket:
		at.Method, at.URL = "GET", a.URL+"/ws"
	}
	return at
}

// TestWhatChromiumSends is the table of what a browser attaches: for a
// cookie's SameSite, the attacker's position and the shape of the request.
// F: the request arrives with the cookie; -: without.
func TestWhatChromiumSends(t *testing.T) {
	a := newAPI(t, false)
	b := launch(t, a.URL, nil)
	shapes := []finding.Shape{finding.Form, finding.Multipart, finding.TextPlain, finding.Blob, finding.JSONCORS, finding.Navigate, finding.Image, finding.Beacon, finding.Head}
	for _, c := range []struct {
		kind     string
		position finding.Position
		want     string // one letter a shape
	}{
		{"none", finding.CrossSite, "FFFFFFFFF"},
		{"none", finding.Null, "FFFFFFFFF"},
		{"lax", finding.CrossSite, "-----F---"},
		{"lax", finding.SameSite, "FFFFFFFFF"},
		{"strict", finding.CrossSite, "---------"},
		{"strict", finding.SameSite, "FFFFFFFFF"},
		{"unsaid", finding.CrossSite, "FFF--F---"}, // fresh: Lax+POST
	} {
		t.Run(c.kind+" "+string(c.position), func(t *testing.T) {
			v := login(t, b, a, c.kind)
			got := ""
			for _, s := range shapes {
				before := a.money(t)
				tr, err := v.Attack(t.Context(), attackOf(a, c.position, s))
				if err != nil {
					t.Fatalf("%s: %v", s, err)
				}
				letter := "-"
				if a.money(t) > before {
					letter = "F"
				}
				got += letter
				if sent := slices.Contains(tr.CookiesSent, "session"); s != finding.Beacon && sent != (letter == "F") {
					t.Errorf("%s: the trace says sent %v, blocked %v, and the API saw %s\n%s", s, tr.CookiesSent, tr.CookiesBlocked, letter, tr.Transcript)
				}
				if letter == "-" && s != finding.Beacon && len(tr.CookiesBlocked) == 0 {
					t.Errorf("%s: no reason for keeping the cookie back\n%s", s, tr.Transcript)
				}
				if strings.Contains(tr.Transcript, session) {
					t.Errorf("%s: the transcript has the cookie", s)
				}
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestShapesOnTheWire(t *testing.T) {
	a := newAPI(t, false)
	b := launch(t, a.URL, nil)
	v := login(t, b, a, "none")
	for shape, want := range map[finding.Shape]string{
		finding.Form:      "application/x-www-form-urlencoded|amount=1&to=mallory",
		finding.TextPlain: "text/plain|{\"to\":\"mallory\",\"x\":\"=\"}\r\n",
		finding.Blob:      "|{\"to\":\"mallory\"}",
		finding.JSONCORS:  "application/json|{\"to\":\"mallory\"}",
		finding.Beacon:    "|{\"to\":\"mallory\"}",
	} {
		tr, err := v.Attack(t.Context(), attackOf(a, finding.CrossSite, shape))
		if err != nil {
			t.Fatal(err)
		}
		got, o := a.saw().contentType+"|"+a.saw().body, a.saw().origin
		if got != want {
			t.Errorf("%s: got %q, want %q", shape, got, want)
		}
		if !strings.HasPrefix(o, "http://127.0.0.1.attacker.test:") {
			t.Errorf("%s: origin %q", shape, o)
		}
		if shape == finding.JSONCORS && (!tr.PreflightAllowed || !tr.Readable) {
			t.Errorf("json-cors: %+v", tr)
		}
		if shape == finding.Form && len(tr.Screenshot) < 1000 {
			t.Errorf("screenshot of %d bytes", len(tr.Screenshot))
		}
	}
	typed := attackOf(a, finding.CrossSite, finding.Beacon)
	typed.ContentType, typed.Body = "application/x-www-form-urlencoded", []byte("to=mallory")
	if _, err := v.Attack(t.Context(), typed); err != nil || a.saw().contentType != typed.ContentType || a.saw().body != "to=mallory" {
		t.Errorf("a form by beacon: %+v, %v", a.saw(), err)
	}
	if tr, err := v.Attack(t.Context(), attackOf(a, finding.Null, finding.Form)); err != nil || a.saw().origin != "null" {
		t.Errorf("null: %+v, %+v, %v", a.saw(), tr, err)
	}
	if tr, err := v.Attack(t.Context(), attackOf(a, finding.CrossSite, finding.WebSocket)); err != nil || tr.Status != 101 {
		t.Errorf("websocket: %+v, %v", tr, err)
	}
	if _, err := v.Attack(t.Context(), attackOf(a, finding.Insecure, finding.Form)); err == nil {
		t.Error("an insecure position of an http target")
	}
}

func TestThirdPartyPolicyAndAge(t *testing.T) {
	a := newAPI(t, false)
	blocked := launch(t, a.URL, func(c *browser.Config) { c.ThirdPartyCookies = browser.BlockThirdParty })
	v := login(t, blocked, a, "none")
	before := a.money(t)
	if tr, err := v.Attack(t.Context(), attackOf(a, finding.CrossSite, finding.Blob)); err != nil || a.money(t) != before || len(tr.CookiesBlocked) == 0 {
		t.Errorf("fetch with third-party cookies blocked: %+v, %v", tr, err)
	}
	if tr, err := v.Attack(t.Context(), attackOf(a, finding.CrossSite, finding.Form)); err != nil || a.money(t) != before+1 {
		t.Errorf("form with third-party cookies blocked: %+v, %v", tr, err)
	}
	blocked.Close()

	aged := launch(t, a.URL, func(c *browser.Config) { c.Aged = true })
	v = login(t, aged, a, "unsaid")
	before = a.money(t)
	if tr, err := v.Attack(t.Context(), attackOf(a, finding.CrossSite, finding.Form)); err != nil || a.money(t) != before || len(tr.CookiesBlocked) == 0 {
		t.Errorf("form with an aged cookie: %+v, %v", tr, err)
	}
}

func TestOwnPageAndFrontend(t *testing.T) {
	a := newAPI(t, false)
	b := launch(t, a.URL, nil)
	v := login(t, b, a, "strict")
	r, err := v.Do(t.Context(), browser.Request{Method: "GET", URL: a.URL + "/state"})
	if err != nil || r.Status != 200 || !strings.Contains(string(r.Body), `"moved"`) {
		t.Errorf("%+v, %v", r, err)
	}
	s, err := v.Frontend(t.Context(), a.URL+"/page", "nobody", secret.New("none"))
	if err != nil || !slices.Equal(s.Local, []string{"access"}) {
		t.Errorf("%+v, %v", s, err)
	}
	if !strings.Contains(b.Version(), "Chrom") {
		t.Errorf("version %q", b.Version())
	}
}

// TestProofOfConceptByHand opens the page from a file, as a person would.
// A picture goes into reports: what it shows must not be a way in. Control: a
// token that nobody knows for one stays.
func TestPicturesShowNoSecret(t *testing.T) {
	a := newAPI(t, false)
	const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"
	pages := map[string]string{
		"application/json": `{"access_token":"` + token + `","name":"alice"}`,
		"text/html": `<p>alice, <b>` + session + `</b><input value="` + token + `">
			<div><template shadowrootmode="open">` + token + `</template></div>`,
		"text/plain": "alice\n" + token,
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Path[1:])
		io.WriteString(w, pages[r.URL.Path[1:]])
	}))
	t.Cleanup(site.Close)
	for _, finds := range []bool{true, false} {
		b := launch(t, a.URL, func(c *browser.Config) {
			c.Redactor.Add(session)
			c.Secrets = func(text string) []string {
				if !finds || !strings.Contains(text, token) {
					return nil
				}
				return []string{token}
			}
		})
		v, err := b.NewVictim(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for kind := range pages {
			got, err := v.Masked(t.Context(), site.URL+"/"+kind)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, "alice") || strings.Contains(got, session) || strings.Contains(got, token) == finds {
				t.Errorf("%s with secrets found %v: shows %q", kind, finds, got)
			}
		}
	}
}

func TestProofOfConceptByHand(t *testing.T) {
	a := newAPI(t, false)
	b := launch(t, a.URL, nil)
	v := login(t, b, a, "none")
	html, err := browser.ProofOfConcept(attackOf(a, finding.CrossSite, finding.Form))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(html), session) {
		t.Error("the page carries the cookie")
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write(html)
	}))
	defer other.Close()
	before := a.money(t)
	// localhost is another site than 127.0.0.1.
	page := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	if _, err := v.Frontend(t.Context(), page, "nobody", secret.New("none")); err != nil {
		t.Fatal(err)
	}
	if a.money(t) != before {
		t.Error("it sends without being asked")
	}
	if err := v.Visit(t.Context(), page+"/?again#auto", a.URL+"/transfer"); err != nil {
		t.Fatal(err)
	}
	if a.money(t) != before+1 {
		t.Error("it does not send when asked")
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	a := newAPI(t, false)
	// Not the test's own folder, whose path is too long for a Unix socket.
	tmp, err := os.MkdirTemp("", "left-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	t.Setenv("TMPDIR", tmp)
	ctx, cancel := context.WithCancel(t.Context())
	u, _ := url.Parse(a.URL)
	b, err := browser.Launch(ctx, browser.Config{Path: needs.Chromium(t), Target: u})
	if err != nil {
		t.Fatal(err)
	}
	profiles := func() []string {
		m, err := filepath.Glob(filepath.Join(os.TempDir(), "countersign-browser-*"))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	own := profiles()
	if len(own) != 1 || len(processes(t, own[0])) == 0 {
		t.Fatalf("profiles %q, processes %v", own, processes(t, own[0]))
	}
	cancel()
	b.Close()
	left, err := filepath.Glob(filepath.Join(tmp, "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left %q (%v)", left, err)
	}
	if left := processes(t, own[0]); len(left) != 0 {
		t.Errorf("left processes %v", left)
	}
	if _, err := b.NewVictim(t.Context()); err == nil {
		t.Error("a closed browser opens tabs")
	}
}

// processes finds those whose command line names the profile.
func processes(t *testing.T, profile string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		if text, err := os.ReadFile(f); err == nil && strings.Contains(string(text), profile) {
			out = append(out, f)
		}
	}
	return out
}

func TestFind(t *testing.T) {
	if p, err := browser.Find("off"); p != "" || err != nil {
		t.Errorf("off: %q, %v", p, err)
	}
	if _, err := browser.Find("/no/such/browser"); err == nil || !strings.Contains(err.Error(), "/no/such/browser") {
		t.Errorf("a path that is not there: %v", err)
	}
}
