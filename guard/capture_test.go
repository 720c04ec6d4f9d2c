package guard_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/guard"
)

// zipped is what an API sends that compresses whatever it was asked.
func zipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// However a login gives its token, the page does not get it.
func TestAttack_41_EveryShapeOfALoginsAnswer(t *testing.T) {
	token := tokenFor("alice")
	type answer struct {
		name   string
		status int
		header string // "Name: value" or ""
		kind   string // Content-Type
		body   string
		known  bool // login.paths names it
		want   int
		code   string // of the refusal
		begins bool   // a session
	}
	for _, c := range []answer{
		{"nested deep", 200, "", "application/json", `{"a":{"b":{"c":{"d":{"access_token":"` + token + `"}}}}}`, false, 200, "", true},
		{"in a list", 200, "", "application/json", `{"tokens":[{"access_token":"` + token + `"}]}`, false, 200, "", true},
		{"a text alone", 200, "", "application/json", `"` + token + `"`, false, 200, "", true},
		{"under an odd name", 200, "", "application/json", `{"result":"` + token + `"}`, true, 200, "", true},
		{"a name twice", 200, "", "application/json", `{"a":1,"a":2,"access_token":"` + token + `"}`, false, 502, "login-answer-malformed", false},
		{"not UTF-8", 200, "", "application/json", "{\"n\":\"\xE9\",\"access_token\":\"" + token + "\"}", false, 502, "login-answer-malformed", false},
		{"something behind it", 200, "", "application/json", `{"access_token":"` + token + `"}{}`, false, 502, "login-answer-malformed", false},
		{"a prefix", 200, "", "application/json", ")]}',\n" + `{"access_token":"` + token + `"}`, true, 502, "login-answer-malformed", false},
		{"byte order mark", 200, "", "application/json", "\xEF\xBB\xBF" + `{"access_token":"` + token + `"}`, false, 200, "", true},
		{"text/json", 200, "", "text/json", `{"access_token":"` + token + `"}`, false, 200, "", true},
		{"as text", 200, "", "text/plain", `{"access_token":"` + token + `"}`, true, 200, "", true},
		{"in a page", 200, "", "text/html", `<script>t="` + token + `"</script>`, true, 502, "login-answer-malformed", false},
		{"gzip", 200, "Content-Encoding: gzip", "application/json", zipped(t, `{"access_token":"`+token+`"}`), false, 200, "", true},
		{"another coding", 200, "Content-Encoding: br", "application/json", `x`, false, 502, "login-answer-encoded", false},
		{"in a field", 200, "Authorization: Bearer " + token, "application/json", `{"ok":true}`, false, 200, "", true},
		{"beside an error", 400, "", "application/json", `{"detail":"no","access_token":"` + token + `"}`, true, 400, "", false},
		{"a cookie beside an error", 401, "Set-Cookie: access_token=" + token, "application/json", `{}`, false, 401, "", false},
		{"a quoted, encoded cookie", 200, "Set-Cookie: tok=%22" + token + "%22", "application/json", `{}`, false, 200, "", true},
		{"a cookie of another scheme", 200, "Set-Cookie: tok=BEARER " + token, "application/json", `{}`, false, 200, "", true},
		{"Set-Cookie2", 200, "Set-Cookie2: tok=" + token, "application/json", `{}`, false, 200, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, func(cfg *guard.Config, _ *guard.Options) {
				if c.known {
					cfg.Login.Paths = []string{"/enter"}
				}
			})
			s.bank.mux.HandleFunc("POST /enter", func(w http.ResponseWriter, r *http.Request) {
				if name, value, ok := strings.Cut(c.header, ": "); ok {
					w.Header().Set(name, value)
				}
				w.Header().Set("Content-Type", c.kind)
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			control := serve(s.bank.Config.Handler, request("POST", "/enter", "{}"))
			if shown := fmt.Sprint(control.Header()) + control.Body.String(); c.kind == "application/json" && c.header != "Content-Encoding: br" && c.name != "gzip" && !strings.Contains(shown, token) {
				t.Fatalf("control: the token is not shown: %s", shown)
			}
			w := serve(s, request("POST", "/enter", "{}"))
			if w.Code != c.want || c.code != "" && code(t, w) != c.code {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if shown := fmt.Sprint(w.Header()) + w.Body.String(); strings.Contains(shown, token) {
				t.Errorf("the page gets the token: %s", shown)
			}
			cookie := ""
			for _, k := range w.Result().Cookies() {
				if k.Name == "__Host-Http-session" {
					cookie = k.Name + "=" + k.Value
				}
			}
			if (cookie != "") != c.begins {
				t.Fatalf("session begun: %v", cookie != "")
			}
			if me := serve(s, request("GET", "/me", "", "Cookie", cookie)); c.begins && me.Code != 200 {
				t.Errorf("the session does not authenticate: %d", me.Code)
			}
		})
	}
}

// Identity providers return by GET, and what answers may be JSON.
func TestALoginByGETOnALoginPathIsCaptured(t *testing.T) {
	for _, path := range []string{"/callback", "/other"} {
		s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.Login.Paths = []string{"/callback"} })
		s.bank.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"access_token":%q}`, tokenFor("alice"))
		})
		w := serve(s, request("GET", path, "", "Origin", "", "Sec-Fetch-Site", "none"))
		if shown := strings.Contains(w.Body.String(), "access_token"); w.Code != 200 || shown != (path == "/other") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		w = serve(s, request("GET", path, "", "Origin", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"))
		if begun := strings.Contains(fmt.Sprint(w.Header()), "__Host-Http-session"); begun {
			t.Errorf("%s: a page of another site logged in", path)
		}
	}
}

// A stream that says neither its type nor its length, as StreamingResponse of
// FastAPI gives it, goes out as it comes.
func TestAStreamWithoutTypeIsNotHeldBack(t *testing.T) {
	b := newBank(t)
	read := make(chan struct{})
	b.mux.HandleFunc("POST /chat", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = nil
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-read
		io.WriteString(w, " second")
	})
	s := start(t, b.URL, "")
	r, err := http.NewRequest("POST", "http://"+s.addr+"/chat", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = servedHost
	r.Header.Set("Origin", "http://"+servedHost)
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, len("first"))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("%q %v", first, err)
	}
	close(read)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != " second" {
		t.Errorf("%q %v", rest, err)
	}
}

// RFC 9700, section 4.3.2: a token in an address gets into logs, histories and
// Referer, and goes wherever the address leads.
func TestAttack_41_ATokenInARedirectsAddress(t *testing.T) {
	token, renewal := tokenFor("alice"), tokenFor("renewal")
	for location, want := range map[string]string{
		"/home?next=a%2Fb&access_token=" + token + "&x=1":                                  "/home?next=a%2Fb&x=1",
		"/home#access_token=" + token + "&refresh_token=" + renewal + "&token_type=bearer": "/home#token_type=bearer",
		"https://app.test/?token=" + token:                                                 "https://app.test/",
		"/home":                                                                            "/home",
		"/t/" + token:                                                                      "", // refused
	} {
		s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.Login.Paths = []string{"/callback"} })
		s.bank.mux.HandleFunc("GET /callback", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		})
		w := serve(s, request("GET", "/callback", "", "Origin", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"))
		if got := w.Header().Get("Location"); got != want || want == "" && code(t, w) != "login-answer-malformed" {
			t.Errorf("%s: %d %q", location, w.Code, got)
		}
		if begun := strings.Contains(fmt.Sprint(w.Header()), "__Host-Http-session"); begun != (want != "" && want != location) {
			t.Errorf("%s: a session: %v", location, begun)
		}
		if control := serve(s.bank.Config.Handler, request("GET", "/callback", "")); control.Header().Get("Location") != location {
			t.Errorf("control: %v", control.Header())
		}
	}
}

// CWE-113: what an API calls a token is written into a field of every later
// request.
func TestATokenIsNoSecondHeaderField(t *testing.T) {
	s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.JWT.Secret = guard.DefaultConfig().JWT.Secret })
	s.bank.mux.HandleFunc("POST /enter", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Write(body) // the token that the page chose
	})
	enter := func(body string) browser {
		w := serve(s, request("POST", "/enter", body))
		for _, k := range w.Result().Cookies() {
			if k.Name == "__Host-Http-session" {
				return browser{cookie: k.Name + "=" + k.Value}
			}
		}
		if got := code(t, w); got != "login-token-malformed" {
			t.Errorf("%s: %d %s", body, w.Code, got)
		}
		return browser{}
	}
	b := enter(`{"access_token":"opaque-1","csrf_token":"abc"}`)
	serve(s, b.request("GET", "/page", "", "X-CSRF-Token", ""))
	if got := s.bank.last(); got.Header.Get("Authorization") != "Bearer opaque-1" || got.Header.Get("X-CSRF-Token") != "abc" {
		t.Fatalf("control: a good token is sent on: %v", got.Header)
	}
	for _, bad := range []string{
		`{"access_token":"x\r\nX-Role: admin"}`, `{"access_token":"x\ny"}`, `{"access_token":"x y"}`, `{"access_token":"\u00e9"}`, `{"access_token":"\u0000"}`,
		`{"access_token":"x","refresh_token":"y\r\nX-Role: admin"}`,
	} {
		if b := enter(bad); b.cookie != "" {
			t.Errorf("%s began a session", bad)
		}
	}
	b = enter(`{"access_token":"opaque-2","csrf_token":"x\r\nX-Role: admin"}`)
	serve(s, b.request("GET", "/page", "", "X-CSRF-Token", ""))
	if got := s.bank.last(); got.Header.Get("X-Role") != "" || got.Header.Get("X-CSRF-Token") != "" {
		t.Errorf("the API got %v", got.Header)
	}
}

// A GET that logs in, as a link to a login with a password in it does, would
// make the victim act in the attacker's account.
func TestAttack_31_LoginByGETFromAnotherSite(t *testing.T) {
	sets := func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "access_token", Value: tokenFor("mallory"), Path: "/"})
		io.WriteString(w, "page")
	}
	begun := func(s *site, path string, header ...string) bool {
		w := serve(s, request("GET", path, "", append([]string{"Origin", ""}, header...)...))
		if w.Code != 200 || w.Body.String() != "page" {
			t.Errorf("%s %v: %d %s", path, header, w.Code, w.Body)
		}
		if strings.Contains(fmt.Sprint(w.Header()), "access_token") {
			t.Errorf("%s %v: the API's cookie passed", path, header)
		}
		return strings.Contains(fmt.Sprint(w.Header()), "__Host-Http-session")
	}
	s := newSite(t)
	s.bank.mux.HandleFunc("GET /enter", sets)
	if !begun(s, "/enter", "Sec-Fetch-Site", "none") || !begun(s, "/enter") {
		t.Fatal("control: by the user's own hand it begins no session")
	}
	navigation := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	for _, foreign := range [][]string{
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
		{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
		{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.test"},
		{"Sec-Fetch-Site", "", "Origin", "null"},
		navigation,
	} {
		if begun(s, "/enter", foreign...) {
			t.Errorf("%v began a session", foreign)
		}
	}
	s = newSite(t, func(c *guard.Config, _ *guard.Options) { c.Login.Paths = []string{"/callback"} })
	s.bank.mux.HandleFunc("GET /callback", sets)
	s.bank.mux.HandleFunc("GET /enter", sets)
	if !begun(s, "/callback", navigation...) {
		t.Error("a return from an identity provider to a path of login.paths began no session")
	}
	if begun(s, "/enter", navigation...) {
		t.Error("a navigation to another path began a session")
	}
	if begun(s, "/callback", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image") {
		t.Error("an image of the callback began a session")
	}
}

// An API with sliding sessions sets a new token with every answer: that is no
// login, and leaves the CSRF tokens of open tabs good.
func TestASlidingCookieKeepsTheSession(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	slide := func(user string) string {
		s.bank.mux.HandleFunc("GET /slide/"+user, func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "access_token", Value: tokenFor(user), Path: "/"})
		})
		return fmt.Sprint(serve(s, b.request("GET", "/slide/"+user, "")).Header()["Set-Cookie"])
	}
	if set := slide("alice"); strings.Contains(set, "session") {
		t.Errorf("a new session: %s", set)
	}
	if w := serve(s, b.request("POST", "/transfer", "{}")); w.Code != 200 {
		t.Errorf("the tab's token: %d %s", w.Code, w.Body)
	}
	if set := slide("bob"); !strings.Contains(set, "session") {
		t.Error("another user got the session of alice")
	}
}

func TestAttack_72_A304BeginsNoSession(t *testing.T) {
	s := newSite(t)
	status := http.StatusOK
	s.bank.mux.HandleFunc("GET /cached", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "access_token", Value: tokenFor("alice"), Path: "/"})
		w.WriteHeader(status)
	})
	if w := serve(s, request("GET", "/cached", "")); !strings.Contains(fmt.Sprint(w.Header()), "__Host-Http-session") {
		t.Fatal("control: 200 begins none")
	}
	status = http.StatusNotModified
	if w := serve(s, request("GET", "/cached", "")); w.Code != 304 || w.Header()["Set-Cookie"] != nil {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// What is answered to a foreign GET as if nobody were logged in must not be
// kept for the user's own pages.
func TestAttack_42_AnswersToForeignGETsAreNotKept(t *testing.T) {
	s := newSite(t)
	s.bank.mux.HandleFunc("GET /news", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600")
		fmt.Fprint(w, r.Header.Get("Authorization") != "")
	})
	b := s.login(t)
	w := serve(s, request("GET", "/news", ""))
	if got := w.Header().Get("Cache-Control"); got != "public, max-age=600" {
		t.Fatalf("control: without a session: %q", got)
	}
	w = serve(s, b.request("GET", "/news", "", "Origin", "", "Sec-Fetch-Site", "cross-site"))
	if got := w.Header().Get("Cache-Control"); w.Body.String() != "false" || got != "private, no-store" {
		t.Errorf("%s %q", w.Body, got)
	}
}
