package session_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/session"
)

// naive keeps sessions as careless code does, and is the control: it takes
// the identifier that the client brings, keeps it across login, reads cookies
// by net/http, and goes on where randomness fails.
type naive struct {
	users map[string]string // by identifier
	read  func([]byte) error
}

func (n *naive) id(r *http.Request) string {
	c, err := r.Cookie("__Host-Http-session")
	if err != nil {
		return ""
	}
	return c.Value
}

func (n *naive) login(r *http.Request, user string) string {
	id := n.id(r)
	if id == "" {
		b := make([]byte, 32)
		if n.read != nil {
			_ = n.read(b)
		}
		id = base64.RawURLEncoding.EncodeToString(b)
	}
	if n.users == nil {
		n.users = map[string]string{}
	}
	n.users[id] = user
	return id
}

const chosen = "__Host-Http-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"

func TestAttack_33_IdentifierChosenByTheClient(t *testing.T) {
	n := &naive{}
	n.login(request(chosen), "alice")
	if n.users[strings.TrimPrefix(chosen, "__Host-Http-session=")] != "alice" {
		t.Fatal("the control does not take the client's identifier")
	}
	s := newSite(t, nil)
	if got, err := s.Get(request(chosen)); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("CVE-2024-38513: got %v, %v", got, err)
	}
	if c := s.login(t, "alice", chosen); c == chosen {
		t.Error("login took the client's identifier")
	}
	if s.userOf(chosen) != "" {
		t.Error("the client's identifier is logged in")
	}
	if _, err := s.Renew(httptest.NewRecorder(), request(chosen)); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("renewal of what was never issued: %v", err)
	}
}

func TestAttack_34_FixationAcrossLogin(t *testing.T) {
	n := &naive{}
	attackers := n.login(request(), "")
	n.login(request("__Host-Http-session="+attackers), "alice")
	if n.users[attackers] != "alice" {
		t.Fatal("the control changes the identifier")
	}
	s := newSite(t, nil)
	planted := s.login(t, "") // the attacker's, before login
	victims := s.login(t, "alice", planted)
	if victims == planted || s.userOf(planted) != "" || s.userOf(victims) != "alice" {
		t.Error("the identifier from before login is logged in")
	}
	if _, err := s.Get(request(planted)); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("the session from before login lives: %v", err)
	}
	// The like for a planted session of the attacker's own user.
	mallory := s.login(t, "mallory")
	victims = s.login(t, "alice", mallory)
	if s.userOf(mallory) != "" || s.userOf(victims) != "alice" {
		t.Error("the attacker's session was kept beside the victim's")
	}
}

func TestAttack_35_TwoCookiesOfTheName(t *testing.T) {
	s := newSite(t, nil)
	alice, mallory := s.login(t, "alice"), s.login(t, "mallory")
	n := &naive{users: map[string]string{}}
	for _, c := range []string{alice, mallory} {
		_, v, _ := strings.Cut(c, "=")
		n.users[v] = s.userOf(c)
	}
	for name, cookies := range map[string][]string{
		"in one header":           {mallory + "; " + alice},
		"in two headers":          {mallory, alice},
		"with others between":     {mallory + "; a=b; " + alice},
		"the same twice":          {alice + "; " + alice},
		"without space":           {mallory + ";" + alice},
		"with space before =":     {mallory + "; __Host-Http-session =" + strings.TrimPrefix(alice, "__Host-Http-session=")},
		"a second without value":  {mallory + "; __Host-Http-session="},
		"a second without equals": {mallory + "; __Host-Http-session"},
	} {
		if n.users[n.id(request(cookies...))] == "" {
			t.Errorf("%s: the control finds nobody", name)
		}
		if got, err := s.Get(request(cookies...)); !errors.Is(err, session.ErrMalformed) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	// The control of the control: each alone is good, and so among others.
	for _, c := range []string{alice, "a=b; " + alice + "; c=d", "session=x; " + alice, "x__Host-Http-session=y; " + alice} {
		if s.userOf(c) != "alice" {
			t.Errorf("%s: refused", c)
		}
	}
}

func TestAttack_36_NameInDisguise(t *testing.T) {
	s := newSite(t, nil)
	mallory := s.login(t, "mallory")
	_, value, _ := strings.Cut(mallory, "=")
	// The control trims what Unicode calls space and folds case, as several
	// frameworks do with names.
	trims := func(header string) bool {
		for pair := range strings.SplitSeq(header, ";") {
			n, v, _ := strings.Cut(pair, "=")
			if strings.EqualFold(strings.Trim(strings.TrimSpace(n), "\"\x00\ufeff\u200b"), "__Host-Http-session") && v == value {
				return true
			}
		}
		return false
	}
	for _, name := range []string{
		"\u2000__Host-Http-session", "\u00a0__Host-Http-session", "\u3000__Host-Http-session", "\ufeff__Host-Http-session", "\u200b__Host-Http-session",
		"__Host-Http-session\u2028", "\x00__Host-Http-session", "\x0b__Host-Http-session", "__host-http-session", "__HOST-HTTP-SESSION", `"__Host-Http-session"`, "__Host-Http-session ", "__Host-Http-session\t",
	} {
		header := name + "=" + value
		if !trims(header) {
			t.Errorf("%q: the control does not fall for it", name)
		}
		if got, err := s.Get(request(header)); !errors.Is(err, session.ErrMalformed) {
			t.Errorf("%q: got %v, %v", name, got, err)
		}
		// Nor does it help beside the victim's own.
		if got, err := s.Get(request(header + "; " + s.login(t, "alice"))); !errors.Is(err, session.ErrMalformed) {
			t.Errorf("%q beside a good one: got %v, %v", name, got, err)
		}
	}
}

func TestAttack_37_CookieSandwich(t *testing.T) {
	s := newSite(t, nil)
	alice := s.login(t, "alice")
	_, value, _ := strings.Cut(alice, "=")
	// RFC 2109's parser takes all between the quotes for the value of param1,
	// which a page then reflects.
	sandwich := `$Version="1"; param1="start; ` + alice + `; param2=end"`
	if _, rest, _ := strings.Cut(sandwich, `param1="`); !strings.Contains(rest[:strings.IndexByte(rest, '"')], value) {
		t.Fatal("the control does not show the identifier")
	}
	if got, err := s.Get(request(sandwich)); !errors.Is(err, session.ErrMalformed) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, c := range []string{`__Host-Http-session="` + value + `"`, alice + `"`, `__Host-Http-session=` + value + ", x", `__Host-Http-session=` + value[:42], `__Host-Http-session=` + value + "A", `__Host-Http-session=` + value + "=", `__Host-Http-session=` + value[:20] + "\n" + value[20:]} {
		if got, err := s.Get(request(c)); !errors.Is(err, session.ErrMalformed) {
			t.Errorf("%q: got %v, %v", c, got, err)
		}
	}
	// One identifier has one text: unused bits are not ours to set.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, value[42])
	if got, err := s.Get(request("__Host-Http-session=" + value[:42] + string(alphabet[last|1]))); !errors.Is(err, session.ErrMalformed) {
		t.Errorf("unused bits: got %v, %v", got, err)
	}
}

func TestAttack_38_OverwriteFromASiblingOrPlainHTTP(t *testing.T) {
	// What browsers check of a name with this prefix before they store it
	// (RFC 6265bis §5.7): a sibling must give Domain, plain http has no Secure.
	browserTakes := func(c *http.Cookie, host, from string, secure bool) bool {
		if c.Domain == "" && host != from {
			return false
		}
		if strings.HasPrefix(c.Name, "__Host-") {
			return c.Secure && secure && c.Domain == "" && c.Path == "/"
		}
		return true
	}
	s := newSite(t, nil)
	w := httptest.NewRecorder()
	if _, err := s.Start(w, request(), "alice", nil); err != nil {
		t.Fatal(err)
	}
	ours := w.Result().Cookies()[0]
	if !browserTakes(ours, "bank.example", "bank.example", true) || !ours.HttpOnly || ours.SameSite != http.SameSiteStrictMode {
		t.Fatalf("browsers do not take our own cookie: %v", ours)
	}
	for name, c := range map[string]struct {
		cookie http.Cookie
		from   string
		secure bool
	}{
		"sibling":    {http.Cookie{Domain: "bank.example", Path: "/", Secure: true}, "evil.bank.example", true},
		"plain http": {http.Cookie{Path: "/"}, "bank.example", false},
		"subpath":    {http.Cookie{Path: "/transfer", Secure: true}, "bank.example", true},
	} {
		c.cookie.Name = "session"
		if !browserTakes(&c.cookie, "bank.example", c.from, c.secure) {
			t.Errorf("%s: the control is not overwritten", name)
		}
		c.cookie.Name = ours.Name
		if browserTakes(&c.cookie, "bank.example", c.from, c.secure) {
			t.Errorf("%s: ours is overwritten", name)
		}
	}
	for _, name := range []string{"session", "__Secure-session", "__host-session"} {
		if _, err := session.New(session.Config{Store: session.NewMemory(0, nil), Cookie: name}); err == nil {
			t.Errorf("the name %s was taken", name)
		}
	}
}

func TestAttack_39_FloodOfCookies(t *testing.T) {
	flood := strings.Repeat("a=;", 300_000)
	measure := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	r := request(flood)
	pairs := 0
	control := measure(func() { pairs = len(strings.Split(flood, ";")) })
	s := newSite(t, nil)
	var err error
	ours := measure(func() { _, err = s.Get(r) })
	if !errors.Is(err, session.ErrMalformed) || pairs < 300_000 || control < 1<<20 || ours > 16<<10 {
		t.Errorf("CVE-2025-58186: %v; the control allocates %d bytes, ours %d", err, control, ours)
	}
	// Many lines are added up.
	many := request()
	for range 2000 {
		many.Header.Add("Cookie", "aaaa=bbbb")
	}
	if _, err := s.Get(many); !errors.Is(err, session.ErrMalformed) {
		t.Errorf("2,000 lines: %v", err)
	}
	// An ordinary jar passes.
	if c := s.login(t, "alice"); s.userOf(strings.Repeat("k=v; ", 500)+c) != "alice" {
		t.Error("500 small cookies are refused")
	}
}

type broken struct{ after int }

func (b *broken) Read(p []byte) (int, error) {
	if b.after -= len(p); b.after < 0 {
		return 0, errors.New("the device is gone")
	}
	for i := range p {
		p[i] = byte(i + 1)
	}
	return len(p), nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAttack_40_RandomSourceFails(t *testing.T) {
	n := &naive{read: func([]byte) error { return errors.New("the device is gone") }}
	if a, b := n.login(request(), "alice"), n.login(request(), "bob"); a != b {
		t.Fatal("the control does not give out the same identifier twice")
	}
	for name, random := range map[string]interface{ Read([]byte) (int, error) }{
		"fails":            &broken{0},
		"fails half-way":   &broken{16},
		"fails at sealing": &broken{32},
		"gives zeros":      zeros{},
	} {
		s := newSite(t, func(c *session.Config) { c.Random = random })
		w := httptest.NewRecorder()
		got, err := s.Start(w, request(), "alice", nil)
		if !errors.Is(err, session.ErrRandom) || got != nil || len(w.Header()["Set-Cookie"]) > 0 {
			t.Errorf("CVE-2025-66630, %s: got %v, %v, %v", name, got, err, w.Header())
		}
	}
	// Renewal, too: the old session stays as it was.
	source := &broken{32 + 12}
	s := newSite(t, func(c *session.Config) { c.Random = source })
	c := s.login(t, "alice")
	w := httptest.NewRecorder()
	if _, err := s.Renew(w, request(c)); !errors.Is(err, session.ErrRandom) || len(w.Header()["Set-Cookie"]) > 0 {
		t.Errorf("renewal: %v", err)
	}
	if s.userOf(c) != "alice" {
		t.Error("a renewal that failed ended the session")
	}
}

func TestAttack_41_IdentifierInLogsAndErrors(t *testing.T) {
	s := newSite(t, nil)
	c := s.login(t, "alice")
	_, value, _ := strings.Cut(c, "=")
	got, err := s.Get(request(c))
	if err != nil {
		t.Fatal(err)
	}
	control := fmt.Sprintf("%+v", struct{ ID string }{value})
	if !strings.Contains(control, value) {
		t.Fatal("the control does not leak")
	}
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("request", "session", got, "value", *got, "key", got.Key(), "pointer", &got)
	json := slog.New(slog.NewJSONHandler(&log, nil))
	json.Info("request", "session", got, "value", *got)
	fmt.Fprintf(&log, "%v %+v %#v %q %x %s", got, *got, *got, got, got, *got)
	for _, cookie := range []string{c + "; " + c, c + "x", "__Host-Http-session=" + value[:30], "__Host-Http-session=\"" + value + "\""} {
		_, err := s.Get(request(cookie))
		fmt.Fprintf(&log, "%v\n", err)
		w := httptest.NewRecorder()
		s.Refuse(w, err)
		fmt.Fprintf(&log, "%s %v\n", w.Body, w.Header())
	}
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{value, value[:30], fmt.Sprintf("%x", raw), fmt.Sprint(raw)[1:40], "token of alice"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is in\n%s", secret, log.String())
		}
	}
}

func TestAttack_42_CachesAndTracesOfALogout(t *testing.T) {
	s := newSite(t, nil)
	c := s.login(t, "alice")
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		fmt.Fprint(w, "balance: 100")
	})
	plain, ours := httptest.NewRecorder(), httptest.NewRecorder()
	page.ServeHTTP(plain, request(c))
	s.Handler(page).ServeHTTP(ours, request(c))
	if !strings.Contains(plain.Header().Get("Cache-Control"), "public") {
		t.Fatal("the control may not be cached")
	}
	if got := ours.Header().Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("a page of a session: Cache-Control: %s", got)
	}
	own := httptest.NewRecorder()
	s.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60, Private")
		w.WriteHeader(200)
	})).ServeHTTP(own, request(c))
	if got := own.Header().Get("Cache-Control"); got != "max-age=60, Private" {
		t.Errorf("a page that says private itself: %s", got)
	}

	w := httptest.NewRecorder()
	if err := s.End(w, request(c)); err != nil {
		t.Fatal(err)
	}
	set := w.Header().Get("Set-Cookie")
	if w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(w.Header().Get("Clear-Site-Data"), `"storage"`) || !strings.Contains(set, "Max-Age=0") || !strings.HasPrefix(set, "__Host-Http-session=;") || !strings.Contains(set, "Secure") {
		t.Errorf("logout: %v", w.Header())
	}
	if s.userOf(c) != "" {
		t.Error("the cookie works after logout")
	}
}

// dead is a store that does not answer.
type dead struct{ session.Store }

func (dead) Get(context.Context, session.Key) (session.Record, error) {
	return session.Record{}, errors.New("connection refused")
}
func (dead) Create(context.Context, session.Key, session.Record) error {
	return errors.New("connection refused")
}
func (dead) Delete(context.Context, session.Key) error { return errors.New("connection refused") }

func TestADeadStoreDenies(t *testing.T) {
	s := newSite(t, nil)
	c := s.login(t, "alice")
	d := newSite(t, func(cfg *session.Config) { cfg.Store = dead{} })
	if got, err := d.Get(request(c)); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Get: %v, %v", got, err)
	}
	w := httptest.NewRecorder()
	if _, err := d.Start(w, request(), "alice", nil); !errors.Is(err, session.ErrUnavailable) || len(w.Header()["Set-Cookie"]) > 0 {
		t.Errorf("Start: %v", err)
	}
	w = httptest.NewRecorder()
	if err := d.End(w, request(c)); !errors.Is(err, session.ErrUnavailable) || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("End: %v, %v", err, w.Header())
	}
	w = httptest.NewRecorder()
	d.Handler(http.NotFoundHandler()).ServeHTTP(w, request(c))
	if w.Code != 503 || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("Handler: %d %v", w.Code, w.Header())
	}
}

func TestLoginFromAnotherSite(t *testing.T) {
	s := newSite(t, nil)
	r := request()
	r.Method = "POST"
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	if _, err := s.Start(w, r, "mallory", nil); !errors.Is(err, session.ErrCrossSite) || len(w.Header()["Set-Cookie"]) > 0 {
		t.Errorf("login CSRF: %v", err)
	}
	r.Method = "GET" // the return from an identity provider
	if _, err := s.Start(w, r, "alice", nil); err != nil {
		t.Errorf("a navigation: %v", err)
	}
}

// FuzzCookie holds that no Cookie header but the session's own cookie, once
// and as it was set, leads to the session.
func FuzzCookie(f *testing.F) {
	const name = "__Host-Http-session"
	for _, s := range []string{"%", "a=b; %", "%; %", " % ", "$Version=1; %", "\u2000%", "\"%\"", "%\n", "x%"} {
		f.Add(s)
	}
	s := newSite(f, nil)
	c := s.login(f, "alice")
	f.Fuzz(func(t *testing.T, pattern string) {
		header := strings.ReplaceAll(pattern, "%", c)
		if s.userOf(header) == "" {
			return
		}
		found := 0
		for pair := range strings.SplitSeq(header, ";") {
			if strings.Trim(pair, " \t") == c {
				found++
			} else if strings.Contains(pair, name+"=") && strings.HasPrefix(strings.Trim(pair, " \t"), name) {
				t.Errorf("%q leads to the session beside another of its name", header)
			}
		}
		if found != 1 {
			t.Errorf("%q leads to the session", header)
		}
	})
}

func BenchmarkGet(b *testing.B) {
	s := newSite(b, nil)
	r := request("theme=dark; " + s.login(b, "alice") + "; lang=en")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Get(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	s := newSite(b, func(c *session.Config) { c.Store = session.NewMemory(1<<30, nil); c.Clock = time.Now })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Start(httptest.NewRecorder(), request(), "alice", nil); err != nil {
			b.Fatal(err)
		}
	}
}
