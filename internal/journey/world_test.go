// Package journey_test visits real FastAPI through the guard with Chromium, as
// people do, while an attacker's pages are open in the same browser.
package journey_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/guard"
	"github.com/d710e0ae/countersign/internal/chromiumtest"
	"github.com/d710e0ae/countersign/internal/fastapitest"
	"github.com/d710e0ae/countersign/internal/needs"
)

// The origins of the browser's world. The bank stands behind the guard, and
// so does late, whose guard has a clock of the test's own; bare is the same
// application behind a proxy that checks nothing.
const (
	bank    = "https://bank.test"
	sibling = "https://www.bank.test"
	late    = "https://late.test"
	bare    = "https://bare.test"
	evil    = "https://evil.test"
)

type world struct {
	*chromiumtest.Browser
	clock *clock
}

func newWorld(t *testing.T) *world {
	t.Helper()
	swagger := filepath.Dir(needs.Script(t, "swagger-ui-dist/swagger-ui-bundle.js"))
	needs.Chromium(t)
	secret := strings.Repeat("a secret of the tests ", 2)
	app := fastapitest.Start(t, "../../testdata/fastapi/journey/app.py", "SWAGGER="+swagger, "JWT_SECRET="+strings.TrimSpace(secret))
	id := chromiumtest.NewIdentity(t, "bank.test", "www.bank.test", "late.test", "bare.test", "evil.test")
	dir := t.TempDir()
	secretFile := filepath.Join(dir, "secret")
	if err := os.WriteFile(secretFile, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "countersign.yaml")
	text := fmt.Sprintf("listen: 127.0.0.1:0\nupstream: %s\npublic_origin: %s\ntls: {cert_file: %q, key_file: %q}\njwt: {algorithms: [HS256], secret_file: %q}\n", app.URL, bank, id.CertFile, id.KeyFile, secretFile)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	upstream, err := url.Parse(app.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: &clock{}}
	attacker := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		// What a redirect leads here is allowed all that it may ask for.
		rw.Header().Set("Access-Control-Allow-Origin", "*")
		rw.Header().Set("Access-Control-Allow-Headers", "*, X-CSRF-Token")
		fmt.Fprint(rw, `<!DOCTYPE html><title>You have won</title><form method="post" target="_self"><input name="to" value="mallory"><input name="amount" value="100"></form>`)
	})
	away := id.Serve(t, attacker)
	w.Browser = chromiumtest.Launch(t, id, map[string]net.Addr{
		"bank.test": serve(t, config), "www.bank.test": away, "evil.test": away,
		"late.test": id.Serve(t, lateGuard(t, config, w.clock)),
		"bare.test": id.Serve(t, httputil.NewSingleHostReverseProxy(upstream)),
	})
	return w
}

// serve runs the guard as the program does and returns where it listens.
func serve(t *testing.T, config string) net.Addr {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	at, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- guard.Serve(ctx, config, guard.ServeOptions{Listening: func(main, _ net.Addr) { at <- main }})
	}()
	select {
	case addr := <-at:
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("the guard: %v", err)
			}
		})
		return addr
	case err := <-ended:
		cancel()
		t.Fatalf("the guard did not start: %v", err)
		return nil
	}
}

// lateGuard is the same guard for late, which sees the time of the clock.
func lateGuard(t *testing.T, config string, c *clock) http.Handler {
	t.Helper()
	cfg, err := guard.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	cfg.PublicOrigin, cfg.TLS.CertFile, cfg.TLS.KeyFile = late, "", ""
	g, err := guard.New(t.Context(), *cfg, guard.Options{Clock: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// A clock is ahead of the machine's, which the API goes by.
type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// logIn opens the bank's page and fills in its form.
func (w *world) logIn(t *testing.T, at string) *chromiumtest.Tab {
	t.Helper()
	tab := w.Tab(t)
	tab.Open(at + "/")
	tab.Wait(`document.body.dataset.state`)
	if state(tab) == "in" {
		tab.Click("#logout button")
		tab.Wait(`document.body.dataset.state === "out"`)
	}
	tab.Type("[name=username]", "alice")
	tab.Type("[name=password]", "wonderland-7")
	tab.Click("#login button")
	tab.Wait(`document.body.dataset.state === "in"`)
	return tab
}

func state(tab *chromiumtest.Tab) (s string) {
	tab.Eval(`return document.body.dataset.state`, &s)
	return s
}

func balance(tab *chromiumtest.Tab) (n int) {
	tab.Eval(`return (await (await fetch("/balance")).json()).balance`, &n)
	return n
}

// post sends what the page's script would and returns status and code.
func post(tab *chromiumtest.Tab, path, body string) (a answer) {
	tab.Eval(postScript(path, body), &a)
	return a
}

type answer struct {
	Status int
	Code   string
}

func postScript(path, body string) string {
	quoted, err := json.Marshal(body)
	if err != nil {
		panic(err) // of a string: never
	}
	return fmt.Sprintf(`const r = await fetch(%q, { method: "POST", headers: { "Content-Type": "application/json" }, body: %s });
return { Status: r.status, Code: (await r.json().catch(() => ({}))).code ?? "" }`, path, quoted)
}

const transfer = `{"to":"mallory","amount":100}`
