package guard_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/guard"
	"github.com/d710e0ae/countersign/internal/secret"
	"github.com/d710e0ae/countersign/internal/store/memory"
	"github.com/d710e0ae/countersign/session"
)

// direct sends a request to the bank without the guard, with the token that a
// browser would hold then: the control of an attack.
func (s *site) direct(r *http.Request) *httptest.ResponseRecorder {
	r.Header.Set("Cookie", "access_token="+tokenFor("alice"))
	return serve(s.bank.Config.Handler, r)
}

func TestAttack_10_NoHeadersButACookie(t *testing.T) {
	s := newSite(t)
	if w := s.direct(request("POST", "/transfer", "{}", "Origin", "", "Sec-Fetch-Site", "")); w.Code != 200 {
		t.Fatalf("control: %d", w.Code)
	}
	b := s.login(t)
	if w := serve(s, b.request("POST", "/transfer", "{}", "Origin", "", "Sec-Fetch-Site", "")); w.Code != 403 || code(t, w) != "origin-missing" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w := serve(s, request("POST", "/transfer", "{}", "Origin", "", "Sec-Fetch-Site", "", "Authorization", "Bearer "+tokenFor("alice")))
	if w.Code != 200 {
		t.Errorf("a bearer alone: %d %s", w.Code, w.Body)
	}
}

// A program that bears a token, which the guard has no key for, may have kept
// a cookie that the API does not get.
func TestAttack_10_AnUnverifiedBearerBesideALeftoverCookie(t *testing.T) {
	s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.JWT.Secret = secret.Text{} })
	token := tokenFor("alice")
	for cookie, want := range map[string]int{
		"":                      200,
		"access_token=" + token: 200, // taken off
		"theme=dark":            403, // the API gets it, and who knows what it means there
	} {
		w := serve(s, request("POST", "/transfer", "{}", "Origin", "", "Sec-Fetch-Site", "", "Authorization", "Bearer "+token, "Cookie", cookie))
		if w.Code != want {
			t.Errorf("%.12q: %d %s", cookie, w.Code, w.Body)
		}
		w = serve(s, request("POST", "/transfer", "{}", "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer "+token, "Cookie", cookie))
		if w.Code != 403 {
			t.Errorf("%.12q from another site: %d", cookie, w.Code)
		}
	}
}

func TestAttack_13_WebSocketAndEventStreamFromAnotherSite(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	for name, c := range map[string]struct{ own, foreign *http.Request }{
		"websocket": {
			b.request("GET", "/", "", "Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
			b.request("GET", "/", "", "Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"),
		},
		"event stream": {
			b.request("GET", "/", "", "Accept", "text/event-stream"),
			b.request("GET", "/", "", "Accept", "text/event-stream", "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"),
		},
	} {
		if w := s.direct(c.foreign.Clone(t.Context())); w.Code != 200 {
			t.Errorf("%s: control: %d", name, w.Code)
		}
		if w := serve(s, c.own); w.Code != 200 {
			t.Errorf("%s: own: %d %s", name, w.Code, w.Body)
		}
		if w := serve(s, c.foreign); w.Code != 403 || code(t, w) != "cross-origin" {
			t.Errorf("%s: foreign: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestAttack_14_MethodOverride(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	for _, name := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method", "X_HTTP_Method_Override"} {
		r := b.request("GET", "/page?_method=DELETE", "")
		r.Header[name] = []string{"DELETE"}
		if got := serve(s.bank.Config.Handler, r.Clone(t.Context())); got.Code != 200 || s.bank.last().Header[name] == nil {
			t.Errorf("%s: control: the header did not reach the API", name)
		}
		if w := serve(s, r); w.Code != 200 {
			t.Errorf("%s: %d", name, w.Code)
		}
		got := s.bank.last()
		if got.Method != "GET" {
			t.Errorf("%s: the method became %s", name, got.Method)
		}
		for h := range got.Header {
			if strings.Contains(strings.ToLower(h), "method") {
				t.Errorf("%s reached the API", h)
			}
		}
	}
}

func TestAttack_15_OtherMethodsAreNotSafe(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	for _, method := range []string{"QUERY", "PROPFIND", "get", "BREW"} {
		r := request(method, "/page", "", "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site")
		if w := s.direct(r.Clone(t.Context())); w.Code != 200 {
			t.Errorf("%s: control: %d", method, w.Code)
		}
		if w := serve(s, b.request(method, "/page", "", "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site")); w.Code != 403 {
			t.Errorf("%s: %d", method, w.Code)
		}
		if w := serve(s, b.request(method, "/page", "", "X-CSRF-Token", "")); w.Code != 403 || code(t, w) != "csrf-token-missing" {
			t.Errorf("%s without token: %d", method, w.Code)
		}
	}
	for _, method := range []string{"TRACE", "TRACK", "CONNECT"} {
		r := b.request("GET", "/page", "")
		r.Method = method
		if w := serve(s, r); w.Code != 405 || code(t, w) != "method-not-allowed" {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

func TestAttack_16_17_ExemptPaths(t *testing.T) {
	s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.Exempt = []string{"POST /webhooks/stripe"} })
	b := s.login(t)
	forged := []string{"Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site", "X-CSRF-Token", ""}
	if w := serve(s, request("POST", "/webhooks/stripe", "{}", "Origin", "", "Sec-Fetch-Site", "")); w.Code != 200 {
		t.Fatalf("control: the exempt request itself: %d %s", w.Code, w.Body)
	}
	if w := serve(s, b.request("POST", "/webhooks/stripe", "{}", forged...)); w.Code != 200 {
		t.Fatalf("exempt: %d", w.Code)
	}
	if h := s.bank.last().Header; h.Get("Authorization") != "" || h.Get("Cookie") != "" {
		t.Errorf("an exempt request bears the session: %v", h)
	}
	for _, path := range []string{"/webhooks/stripe/../../transfer", "/webhooks/stripe/%2e%2e/x", "/webhooks/stripe2", "/webhooks/stripe/x", "//webhooks/stripe", "/webhooks//stripe", "/webhooks/stripe;x", "/webhooks%2fstripe", "/webhooks/stripe%00", "/Webhooks/stripe", "/webhooks/stripe/"} {
		r := b.request("POST", "/", "{}", forged...)
		r.RequestURI = path
		if w := serve(s, r); w.Code != 403 && w.Code != 400 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestAttack_20_HostWithPortOrCase(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	std := http.NewCrossOriginProtection()
	for _, host := range []string{"bank.example:443", "BANK.example", "Bank.Example:443"} {
		r := b.request("POST", "/transfer", "{}", "Sec-Fetch-Site", "")
		r.Host = host
		if std.Check(r) == nil {
			t.Errorf("control: the standard library takes %s for the origin's host", host)
		}
		r = b.request("POST", "/transfer", "{}")
		r.Host = host
		if w := serve(s, r); w.Code != 200 {
			t.Errorf("%s: %d %s", host, w.Code, w.Body)
		}
		if got := s.bank.last().Host; got != ownHost {
			t.Errorf("the API got Host %q", got)
		}
	}
	for _, host := range []string{"evil.test", "bank.example:8443", "bank.example.", "bank.example@evil.test", ""} {
		r := b.request("GET", "/page", "")
		r.Host = host
		if w := serve(s, r); w.Code != 403 && w.Code != 400 {
			t.Errorf("%q: %d", host, w.Code)
		}
	}
}

func TestAttack_21_22_23_ContentTypes(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	for _, contentType := range []string{"text/plain", "", "TEXT/PLAIN", "application/x-www-form-urlencoded; charset=utf-8", "multipart/form-data; boundary=x", "text/plain; application/json", "application/json, text/plain"} {
		forged := []string{"Content-Type", contentType, "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"}
		if w := s.direct(request("POST", "/transfer", `{"to":"mallory"}`, forged...)); w.Code != 200 {
			t.Fatalf("control %q: %d", contentType, w.Code)
		}
		moved := s.bank.transfers()
		if w := serve(s, b.request("POST", "/transfer", `{"to":"mallory"}`, forged...)); w.Code != 403 {
			t.Errorf("%q from elsewhere: %d", contentType, w.Code)
		}
		if w := serve(s, b.request("POST", "/transfer", `{"to":"mallory"}`, "Content-Type", contentType, "X-CSRF-Token", "")); w.Code != 403 {
			t.Errorf("%q without token: %d", contentType, w.Code)
		}
		if s.bank.transfers() != moved {
			t.Errorf("%q: money moved", contentType)
		}
	}
}

func TestAttack_24_JunkBearerBesideTheCookie(t *testing.T) {
	for name, change := range map[string]func(*guard.Config, *guard.Options){
		"with keys":    func(*guard.Config, *guard.Options) {},
		"without keys": func(c *guard.Config, _ *guard.Options) { c.JWT.Secret = secret.Text{} },
	} {
		s := newSite(t, change)
		b := s.login(t)
		for _, junk := range []string{"Bearer x", "Bearer", "Bearer ", "bearer x", "Basic eDp5", "Bearer undefined", "Bearer null", "Token x", "Bearer a.b.c"} {
			forged := []string{"Authorization", junk, "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site", "X-CSRF-Token", ""}
			// The control checks no request that bears a credential of its own,
			// as asgi-csrf does, before an API that looks for the cookie.
			r := request("POST", "/transfer", "{}", forged...)
			if r.Header.Get("Authorization") == "" {
				t.Fatalf("control: %q would be checked", junk)
			}
			r.Header.Del("Authorization")
			if w := newSite(t).direct(r); w.Code != 200 {
				t.Fatalf("control: %q: %d", junk, w.Code)
			}
			if w := serve(s, b.request("POST", "/transfer", "{}", forged...)); w.Code != 403 && w.Code != 401 {
				t.Errorf("%s: %q from elsewhere: %d", name, junk, w.Code)
			}
			if w := serve(s, b.request("POST", "/transfer", "{}", "Authorization", junk, "X-CSRF-Token", "")); w.Code != 403 && w.Code != 401 {
				t.Errorf("%s: %q without token: %d", name, junk, w.Code)
			}
		}
		if s.bank.transfers() != 0 {
			t.Errorf("%s: money moved", name)
		}
		r := b.request("POST", "/transfer", "{}")
		r.Header["Authorization"] = []string{"Bearer " + tokenFor("alice"), "Bearer x"}
		if w := serve(s, r); w.Code != 400 {
			t.Errorf("%s: two Authorization headers: %d", name, w.Code)
		}
	}
}

func TestAttack_25_TokenOfAnotherSession(t *testing.T) {
	s := newSite(t)
	a, b := s.login(t), s.login(t)
	if w := serve(s, a.request("POST", "/transfer", "{}")); w.Code != 200 {
		t.Fatalf("control: %d", w.Code)
	}
	if w := serve(s, browser{a.cookie, b.csrf}.request("POST", "/transfer", "{}")); w.Code != 403 || code(t, w) != "csrf-token-invalid" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAttack_31_LoginAndLogoutFromAnotherSite(t *testing.T) {
	s := newSite(t)
	forged := []string{"Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"}
	if w := s.direct(request("POST", "/login", "{}", forged...)); w.Code != 200 {
		t.Fatalf("control: %d", w.Code)
	}
	if w := serve(s, request("POST", "/login", "{}", forged...)); w.Code != 403 || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("login: %d %v", w.Code, w.Header())
	}
	b := s.login(t)
	for _, path := range []string{"/logout", "/.countersign/logout"} {
		if w := serve(s, b.request("POST", path, "", append(forged, "X-CSRF-Token", "")...)); w.Code != 403 {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
	if w := serve(s, b.request("GET", "/.countersign/logout", "", forged...)); w.Code != 405 {
		t.Errorf("GET logout: %d", w.Code)
	}
	if w := serve(s, b.request("GET", "/me", "")); w.Code != 200 {
		t.Errorf("the session is gone: %d", w.Code)
	}
}

func TestAttack_33_34_SessionsAreChosenHereAndChangeAtLogin(t *testing.T) {
	s := newSite(t)
	chosen := "__Host-Http-session=" + strings.Repeat("A", 43)
	w := serve(s, request("POST", "/login", "{}", "Cookie", chosen))
	if w.Code != 200 || strings.Contains(w.Header().Get("Set-Cookie"), chosen) {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := serve(s, request("GET", "/me", "", "Cookie", chosen)); w.Code != 401 {
		t.Errorf("a chosen session: %d", w.Code)
	}
	old := s.login(t)
	if w := serve(s, old.request("POST", "/login", "{}")); w.Code != 200 {
		t.Fatalf("a second login: %d %s", w.Code, w.Body)
	}
	if w := serve(s, old.request("GET", "/me", "")); w.Code != 401 {
		t.Errorf("the session before the login: %d", w.Code)
	}
}

func TestAttack_35_36_37_39_Cookies(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	refused := map[string]string{
		"twice":               b.cookie + "; " + b.cookie,
		"unicode space":       b.cookie + "; \u2000__Host-Http-session=x",
		"$Version":            `$Version=1; ` + b.cookie,
		"flood":               b.cookie + strings.Repeat("; a=b", 100),
		"misspelt identifier": b.cookie + "A",
	}
	for name, cookie := range refused {
		if w := serve(s, b.request("GET", "/me", "", "Cookie", cookie)); w.Code != 400 && w.Code != 431 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	// The sandwich: quotes that swallow what stands between them.
	w := serve(s, b.request("GET", "/me", "", "Cookie", `a="x; `+b.cookie+`; theme=dark; b=y"`))
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := s.bank.last().Header.Get("Cookie")
	if strings.Contains(got, `"`) || strings.Contains(got, "__Host") || !strings.Contains(got, "theme=dark") {
		t.Errorf("the API got Cookie %q", got)
	}
}

// RFC 2109 parts cookies at commas as well.
func TestAttack_37_ASessionCookieBehindAComma(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	serve(s, request("GET", "/page", "", "Cookie", "a=b, c=d"))
	if got := s.bank.last().Header.Get("Cookie"); got != "a=b, c=d" {
		t.Fatalf("control: the API got %q", got)
	}
	serve(s, request("GET", "/page", "", "Cookie", "theme=dark; a=b, "+b.cookie))
	if got := s.bank.last().Header.Get("Cookie"); got != "theme=dark" {
		t.Errorf("the API got %q", got)
	}
}

func TestAttack_38_TossedTokenCookie(t *testing.T) {
	s := newSite(t)
	tossed := "access_token=" + tokenFor("mallory")
	if w := serve(s.bank.Config.Handler, request("GET", "/me", "", "Cookie", tossed)); w.Code != 200 {
		t.Fatalf("control: %d", w.Code)
	}
	for _, cookie := range []string{tossed, `access_token="Bearer ` + tokenFor("mallory") + `"`, "access_token=Bearer%20" + tokenFor("mallory")} {
		if w := serve(s, request("GET", "/me", "", "Cookie", cookie)); w.Code != 401 {
			t.Errorf("%.30s: %d", cookie, w.Code)
		}
	}
	b := s.login(t)
	serve(s, b.request("GET", "/me", "", "Cookie", b.cookie+"; "+tossed))
	if got := s.bank.last().Header.Get("Cookie"); strings.Count(got, "access_token=") != 1 || strings.Contains(got, tossed) {
		t.Errorf("the API got Cookie %q", got)
	}
}

type noRandom struct{}

func (noRandom) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func TestAttack_40_NoRandomnessStopsTheLogin(t *testing.T) {
	s := newSite(t, func(_ *guard.Config, o *guard.Options) { o.Random = noRandom{} })
	w := serve(s, request("POST", "/login", "{}"))
	if w.Code != 503 || hasJWT(w.Body.String()) || strings.Contains(w.Header().Get("Set-Cookie"), "session") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestAttack_41_NothingLeaks(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	serve(s, b.request("GET", "/me?token=secret-in-query", ""))
	serve(s, b.request("POST", "/transfer?token=secret-in-query", "{}", "Origin", "https://evil.test"))
	serve(s, request("GET", "/me", "", "Authorization", "Bearer "+tokenFor("alice")+"x"))
	for _, h := range s.bank.last().Header {
		if strings.Contains(strings.Join(h, ""), "__Host") {
			t.Errorf("the API got the session cookie: %v", h)
		}
	}
	log := s.log.String()
	if !strings.Contains(log, `"step":"csrf"`) || !strings.Contains(log, `"code":"cross-origin"`) {
		t.Fatalf("the refusal is not in the log: %s", log)
	}
	_, id, _ := strings.Cut(b.cookie, "=")
	if hasJWT(log) {
		t.Error("the log has a token")
	}
	for _, leak := range []string{id, b.csrf, "secret-in-query"} {
		if strings.Contains(log, leak) {
			t.Errorf("the log has %.12s…", leak)
		}
	}
}

func TestAttack_42_SessionsAreNotCached(t *testing.T) {
	s := newSite(t)
	s.bank.mux.HandleFunc("GET /cached", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Header().Set("Expires", "Thu, 01 Dec 2033 16:00:00 GMT")
		w.Header().Set("Surrogate-Control", "max-age=3600")
		io.WriteString(w, "mine")
	})
	b := s.login(t)
	if h := serve(s, request("GET", "/cached", "")).Header(); h.Get("Cache-Control") != "public, max-age=3600" {
		t.Fatalf("control: without a session the answer may be cached: %v", h)
	}
	h := serve(s, b.request("GET", "/cached", "")).Header()
	if h.Get("Cache-Control") != "private, no-store" || h.Get("Expires") != "" || h.Get("Surrogate-Control") != "" || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Cookie") {
		t.Errorf("%v", h)
	}
	if h := serve(s, b.request("POST", "/logout", "")).Header(); !strings.Contains(h.Get("Clear-Site-Data"), "cache") || h.Get("Cache-Control") != "no-store" {
		t.Errorf("logout: %v", h)
	}
	if w := serve(s, b.request("GET", "/me", "")); w.Code != 401 {
		t.Errorf("after logout: %d", w.Code)
	}
}

func TestAttack_59_60_61_IdentityAndForwarding(t *testing.T) {
	s := newSite(t)
	forged := []string{"X_User", "X.User", "x-User", "X-User", "X-User-Id", "X_Forwarded_User", "X-Forwarded-User", "X-Auth-Request-Email", "Remote-User", "Forwarded", "X-Forwarded-Prefix", "X-Forwarded-Port", "X-Real-IP", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded_Host", "X!User", "X-Http-Method-Override", "Proxy", "Te", "Keep-Alive", "Client-Ip", "WL-Proxy-Client-IP", "X-Original-Forwarded-For", "X-Envoy-Original-Path", "X_Scope", "X-Middleware-Subrequest"}
	r := request("GET", "/page", "")
	for _, name := range forged {
		r.Header[name] = []string{"forged"}
	}
	r.Header["X-Forwarded-For"] = []string{"6.6.6.6"}
	r.Header["X-Forwarded-Proto"] = []string{"gopher"}
	r.Header["X-Forwarded-Host"] = []string{"evil.test"}
	r.Header["X-Mine"] = []string{"kept"}
	//lint:ignore SA1008 the spelling that is not canonical is the attack
	if serve(s.bank.Config.Handler, r.Clone(t.Context())); s.bank.last().Header["X_User"] == nil {
		t.Fatal("control: the header does not reach the API")
	}
	serve(s, r)
	h := s.bank.last().Header
	for name, values := range h {
		if strings.Contains(strings.Join(values, ","), "forged") {
			t.Errorf("%s: %q reached the API", name, values)
		}
	}
	if h.Get("X-Mine") != "kept" {
		t.Error("an innocent header was dropped")
	}
	if got := fmt.Sprint(h["X-Forwarded-For"], h["X-Forwarded-Proto"], h["X-Forwarded-Host"]); got != "[192.0.2.1] [https] [bank.example]" {
		t.Errorf("forwarding headers: %s", got)
	}
}

// Some servers take trailers for header fields.
func TestAttack_61_TrailersAreNoHeaderFields(t *testing.T) {
	s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.CSRF.Header = "X-Own-Token" })
	send := func(h http.Handler) http.Header {
		r := request("POST", "/page", "")
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(strings.NewReader("body")), -1, []string{"chunked"}
		r.Trailer = http.Header{}
		for _, name := range []string{"X-Sum", "Sec-Fetch-Site", "Origin", "X-User", "X_User", "Idempotency-Key", "If-Match", "Range", "Accept", "Content-Type", "X-Own-Token", "X_Own_Token", "Authorization", "Cookie"} {
			r.Trailer[name] = []string{"forged"}
		}
		serve(h, r)
		return s.bank.last().Trailer
	}
	if got := send(s.bank.Config.Handler); len(got) < 10 {
		t.Fatalf("control: %v", got)
	}
	if got := send(s); len(got) != 1 || got.Get("X-Sum") != "forged" {
		t.Errorf("the API got %v", got)
	}
}

func TestTrustedProxiesTellTheClient(t *testing.T) {
	s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.TrustedProxies = []string{"192.0.2.0/24", "10.0.0.0/8"} })
	for given, want := range map[string]string{
		"6.6.6.6, 203.0.113.9, 10.1.2.3": "203.0.113.9",
		"203.0.113.9":                    "203.0.113.9",
		"junk, 10.1.2.3":                 "10.1.2.3",
		"":                               "192.0.2.1",
	} {
		serve(s, request("GET", "/page", "", "X-Forwarded-For", given))
		if got := s.bank.last().Header.Get("X-Forwarded-For"); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

func TestAttack_62_ConnectionNamesOurHeaders(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	naming := []string{"Connection", "close, Authorization, Cookie, X-Forwarded-For, X-Mine", "X-Mine", "hop"}
	api, err := url.Parse(s.bank.URL)
	if err != nil {
		t.Fatal(err)
	}
	// The control puts the credential on before hop-by-hop fields are taken off.
	//lint:ignore SA1019 it is deprecated for what is shown here
	careless := &httputil.ReverseProxy{Director: func(r *http.Request) {
		r.URL.Scheme, r.URL.Host = api.Scheme, api.Host
		r.Header.Set("Authorization", "Bearer "+tokenFor("alice"))
	}}
	if w := serve(careless, request("GET", "/me", "", naming...)); w.Code != 401 {
		t.Fatalf("control: %d", w.Code)
	}
	w := serve(s, b.request("GET", "/me", "", naming...))
	if w.Code != 200 {
		t.Fatalf("%d: our own credential was removed", w.Code)
	}
	h := s.bank.last().Header
	if h.Get("X-Forwarded-For") == "" || h.Get("X-Mine") != "" {
		t.Errorf("%v", h)
	}
	if w := serve(s, b.request("POST", "/transfer", "{}", "Connection", "Origin, Sec-Fetch-Site", "Origin", "https://evil.test")); w.Code != 403 {
		t.Errorf("Connection: Origin: %d", w.Code)
	}
}

func TestAttack_63_Paths(t *testing.T) {
	s := newSite(t)
	// The control decides by how a path begins, before an API that cleans it.
	for _, target := range []string{"/public/../admin", "/public/%2e%2e/admin"} {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(u.Path, "/public/") || path.Clean(u.Path) != "/admin" {
			t.Fatalf("control: %s: %v, %v", target, u, err)
		}
	}
	for _, target := range []string{"/public/../admin", "/public/%2e%2e/admin", "/public%2fadmin", "/public%5cadmin", "/public\\admin", "//admin", "/a//admin", "/admin;x=1", "/admin%00", "/admin%23x", "/admin%3fx", "/admin%252e", "/.countersign/../admin", "/%2e%2e/", "/a/.", "*", "/%zz", "/a b"} {
		r := request("GET", "/", "")
		r.RequestURI = target
		before := s.bank.requests()
		if w := serve(s, r); w.Code != 400 || code(t, w) != "path-not-canonical" {
			t.Errorf("%s: %d", target, w.Code)
		}
		if s.bank.requests() != before {
			t.Errorf("%s reached the API", target)
		}
	}
	r := request("GET", "/", "")
	r.RequestURI = "/%61dmin?q=%2F"
	if w := serve(s, r); w.Code != 200 || s.bank.last().RequestURI != "/admin?q=%2F" {
		t.Errorf("%d, the API got %q", w.Code, s.bank.last().RequestURI)
	}
}

func TestAttack_64_HealthCheckUserAgents(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	for _, agent := range []string{"GoogleHC/1.0", "kube-probe/1.30", "ELB-HealthChecker/2.0"} {
		forged := []string{"User-Agent", agent, "Origin", "https://evil.test"}
		if w := s.direct(request("POST", "/transfer", "{}", forged...)); w.Code != 200 {
			t.Fatalf("control: %s: %d", agent, w.Code)
		}
		moved := s.bank.transfers()
		if w := serve(s, b.request("POST", "/transfer", "{}", forged...)); w.Code != 403 || s.bank.transfers() != moved {
			t.Errorf("%s: %d", agent, w.Code)
		}
	}
}

func TestAttack_65_TooManyParameters(t *testing.T) {
	s := newSite(t)
	r := request("GET", "/", "")
	r.URL.RawQuery = strings.Repeat("a=1&", 1500)
	r.RequestURI = r.URL.RequestURI()
	if w := s.direct(r.Clone(t.Context())); w.Code != 200 {
		t.Fatalf("control: %d", w.Code)
	}
	before := s.bank.requests()
	if w := serve(s, r); w.Code != 400 || s.bank.requests() != before {
		t.Errorf("%d", w.Code)
	}
}

func TestAttack_68_UnboundedLoginAnswer(t *testing.T) {
	s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.Login.Paths = []string{"/token"} })
	s.bank.mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"`)
		for range 1 << 10 {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
				return
			}
		}
		io.WriteString(w, `"}`)
	})
	if w := s.direct(request("POST", "/token", "{}")); w.Code != 200 || w.Body.Len() < 1<<20 {
		t.Fatalf("control: %d with %d bytes", w.Code, w.Body.Len())
	}
	if w := serve(s, request("POST", "/token", "{}")); w.Code != 502 || code(t, w) != "login-answer-too-large" {
		t.Errorf("%d", w.Code)
	}
}

func TestAttack_74_76_CORS(t *testing.T) {
	s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.CORS.Origins = []string{"https://spa.example"} })
	evil := []string{"Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"}
	if w := s.direct(request("GET", "/page", "", evil...)); w.Header().Get("Access-Control-Allow-Origin") != "https://evil.test" {
		t.Fatal("control: the API does not reflect the origin")
	}
	h := serve(s, request("GET", "/page", "", evil...)).Header()
	if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
		t.Errorf("%v", h)
	}
	before := s.bank.requests()
	w := serve(s, request("OPTIONS", "/transfer", "", "Origin", "https://spa.example", "Sec-Fetch-Site", "cross-site", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization"))
	if w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != "https://spa.example" {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	if w := serve(s, request("OPTIONS", "/transfer", "", "Origin", "https://evil.test", "Access-Control-Request-Method", "POST")); w.Code != 403 {
		t.Errorf("foreign preflight: %d", w.Code)
	}
	if s.bank.requests() != before {
		t.Error("a preflight reached the API")
	}
	w = serve(s, request("POST", "/transfer", "{}", "Origin", "https://spa.example", "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer "+tokenFor("alice")))
	if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "https://spa.example" {
		t.Errorf("bearer of an allowed origin: %d %v", w.Code, w.Header())
	}
}

func TestAttack_77_80_IdempotencyKeys(t *testing.T) {
	s := newSite(t)
	b := s.login(t)
	for range 2 {
		if w := serve(s, b.request("POST", "/transfer", `{"to":"bob"}`, "Idempotency-Key", `"k-1"`)); w.Code != 200 || w.Body.String() != `{"status":"ok"}` {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if got := s.bank.transfers(); got != 1 {
		t.Errorf("the transfer ran %d times", got)
	}
	if w := serve(s, b.request("POST", "/transfer", `{"to":"eve"}`, "Idempotency-Key", `"k-1"`)); w.Code != 422 {
		t.Errorf("another body: %d", w.Code)
	}
	if w := serve(s, b.request("POST", "/transfer", `{}`, "Idempotency-Key", `k-1`)); w.Code != 400 {
		t.Errorf("a malformed key: %d", w.Code)
	}
}

// The API has carried out what the guard then cannot answer for.
func TestAttack_83_AnAnswerThatWasRefusedDoesNotFreeTheKey(t *testing.T) {
	for name, answer := range map[string]string{
		"cut off":      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"malformed":    "HTTP/1.1 200 OK\r\nA B\r\n\r\n",
		"elsewhere":    "HTTP/1.1 302 Found\r\nLocation: https://evil.test/\r\nContent-Length: 0\r\n\r\n",
		"odd coding":   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
		"a bad token":  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{\"access_token\":\"x y\"}",
		"control: 500": "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
	} {
		var ran atomic.Int32
		upstream := rawAPI(t, func(c net.Conn, r *bufio.Reader) {
			ran.Add(1)
			answering(answer)(c, r)
		})
		store := memory.NewSessions(0, nil)
		s := newSite(t, func(_ *guard.Config, o *guard.Options) { o.Sessions = store })
		b := s.login(t)
		s = newSite(t, func(c *guard.Config, o *guard.Options) { c.Upstream, o.Sessions = upstream, store })
		codes := ""
		for range 2 {
			codes += fmt.Sprint(serve(s, b.request("POST", "/transfer", "{}", "Idempotency-Key", `"k-1"`)).Code, " ")
		}
		want := int32(1)
		switch name {
		case "control: 500": // the API says itself that it failed
			want = 2
		case "odd coding": // passes through
		}
		if got := ran.Load(); got != want {
			t.Errorf("%s: ran %d times; %s", name, got, codes)
		}
	}
}

// dead is a store that cannot be asked.
type dead struct{ session.Store }

func (dead) Get(context.Context, session.Key) (session.Record, error) {
	return session.Record{}, errors.New("the disk is gone")
}

func TestAttack_83_ADeadStoreDenies(t *testing.T) {
	var s *site
	live := memory.NewSessions(0, nil)
	s = newSite(t, func(_ *guard.Config, o *guard.Options) { o.Sessions = live })
	b := s.login(t)
	if w := serve(s, b.request("POST", "/transfer", "{}")); w.Code != 200 {
		t.Fatalf("control: %d", w.Code)
	}
	s = newSite(t, func(_ *guard.Config, o *guard.Options) { o.Sessions = dead{live} })
	for _, method := range []string{"GET", "POST"} {
		if w := serve(s, b.request(method, "/transfer", "")); w.Code != 503 || code(t, w) != "session-store-unavailable" {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if s.bank.requests() != 0 {
		t.Error("a request reached the API")
	}
}

func TestReportModeRefusesNothing(t *testing.T) {
	s := newSite(t, func(c *guard.Config, _ *guard.Options) { c.Mode = "report" })
	b := s.login(t)
	w := serve(s, b.request("POST", "/transfer", "{}", "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"))
	if w.Code != 200 || !strings.Contains(s.log.String(), "would be refused") {
		t.Errorf("%d %s", w.Code, s.log)
	}
}

func TestAnExpiredTokenIsNotForwarded(t *testing.T) {
	now := time.Now()
	s := newSite(t, func(_ *guard.Config, o *guard.Options) { o.Clock = func() time.Time { return now } })
	s.bank.mux.HandleFunc("POST /short", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q}`, sign(map[string]any{"sub": "alice", "exp": now.Add(time.Minute).Unix()}))
	})
	w := serve(s, request("POST", "/short", "{}"))
	cookie, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	if w := serve(s, request("GET", "/me", "", "Cookie", cookie)); w.Code != 200 {
		t.Fatalf("control: %d", w.Code)
	}
	now = now.Add(2 * time.Minute)
	if w := serve(s, request("GET", "/me", "", "Cookie", cookie)); w.Code != 401 || code(t, w) != "token-expired" || w.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := serve(s, request("GET", "/page", "", "Cookie", cookie, "Accept", "text/html")); w.Code != 200 || s.bank.last().Header.Get("Authorization") != "" {
		t.Errorf("a page: %d", w.Code)
	}
}
