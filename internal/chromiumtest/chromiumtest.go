// Package chromiumtest drives a Chromium for tests: one browser under names
// of the test's choosing, and tabs that run scripts.
package chromiumtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/d710e0ae/countersign/internal/needs"
)

// stepTimeout is how long one step in the browser may take, on a loaded
// machine too.
const stepTimeout = 60 * time.Second

// A Browser runs with a profile of its own.
type Browser struct {
	ctx context.Context
}

// Launch starts a browser for which the hosts, and their subdomains where a
// name begins with "*.", are at the addresses given, on ports 80 and 443 as on
// all others. It trusts the certificate of id. The browser ends with the test.
func Launch(t testing.TB, id *Identity, hosts map[string]net.Addr) *Browser {
	t.Helper()
	chromium := needs.Chromium(t)
	// As upstream's default, and not as Debian's: that foreign pages get no
	// cookies at all would hide what the defences do.
	profile, err := os.MkdirTemp("", "countersign-test-") // short: Chromium binds a Unix socket under it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(profile); err != nil {
			t.Errorf("removing the browser's profile: %v", err)
		}
	})
	if err := os.MkdirAll(filepath.Join(profile, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	const preferences = `{"profile":{"cookie_controls_mode":0,"block_third_party_cookies":false}}`
	if err := os.WriteFile(filepath.Join(profile, "Default", "Preferences"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
	var rules []string
	for host, addr := range hosts {
		rules = append(rules, "MAP "+host+" "+addr.String())
	}
	sort.Strings(rules)
	rules = append(rules, "MAP * ~NOTFOUND") // nothing leaves the machine
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(chromium), chromedp.UserDataDir(profile), chromedp.Env("TMPDIR=" + profile)}
	flags := map[string]any{
		"headless": "new", "disable-gpu": true, "disable-quic": true, "no-first-run": true, "no-default-browser-check": true,
		"disable-background-networking": true, "disable-component-update": true, "disable-sync": true, "disable-default-apps": true,
		"disable-extensions": true, "disable-dev-shm-usage": true, "disable-popup-blocking": true, "mute-audio": true,
		"password-store": "basic", "use-mock-keychain": true, "window-size": "1200,1000",
		"host-resolver-rules":                 strings.Join(rules, ","),
		"ignore-certificate-errors-spki-list": id.pin,
		"disable-features":                    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,OptimizationHints,MediaRouter,Translate,LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
		"no-sandbox":                          os.Geteuid() == 0, // Chromium refuses to run as root otherwise
	}
	for name, value := range flags {
		options = append(options, chromedp.Flag(name, value))
	}
	allocator, stopAll := chromedp.NewExecAllocator(context.Background(), options...)
	quiet := func(string, ...any) {}
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithLogf(quiet), chromedp.WithErrorf(quiet))
	t.Cleanup(func() {
		cancel()
		stopAll()
	})
	// The context of the first call lives as long as the browser, so that the
	// time-out has to stand beside it.
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(ctx) }()
	select {
	case err := <-started:
		if err != nil {
			t.Fatalf("launching %s: %v", chromium, err)
		}
	case <-time.After(stepTimeout):
		t.Fatalf("%s did not start within %v", chromium, stepTimeout)
	}
	return &Browser{ctx}
}

// A Tab of a browser. Its methods end the test where a step fails; they must
// be called from the test's own goroutine.
type Tab struct {
	t      testing.TB
	ctx    context.Context
	target *chromedp.Target
}

// Tab opens a tab, which closes with the test.
func (b *Browser) Tab(t testing.TB) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	tab := &Tab{t, ctx, chromedp.FromContext(ctx).Target}
	Call(tab, page.Enable, page.EnableParams{})
	return tab
}

// Call sends one command of the protocol.
func Call[P, R any](tab *Tab, command cdp.Command[P, R], params P) R {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, stepTimeout)
	defer cancel()
	r, err := cdp.Call(ctx, tab.target, command, params)
	if err != nil {
		tab.t.Fatalf("the browser: %v", err)
	}
	return r
}

// Open goes to a page and waits until it has loaded.
func (tab *Tab) Open(url string) {
	tab.t.Helper()
	tab.do(chromedp.Navigate(url), "opening "+url)
}

// Reload loads the page again.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.do(chromedp.Reload(), "reloading")
}

// Back goes back in the tab's history. Whether the page is loaded again or
// taken as it was left is the browser's choice: wait for what it shows.
func (tab *Tab) Back() {
	tab.t.Helper()
	h := Call(tab, page.GetNavigationHistory, cdp.Empty{})
	if h.CurrentIndex < 1 {
		tab.t.Fatal("there is no page to go back to")
	}
	Call(tab, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: h.Entries[h.CurrentIndex-1].ID})
}

func (tab *Tab) do(step chromedp.Action[chromedp.Void], what string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, stepTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, step); err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
}

// Eval runs a script, which may await, in the page and reads its value, a
// JSON one, into v unless that is nil. A script that throws ends the test.
func (tab *Tab) Eval(script string, v any) {
	tab.t.Helper()
	if err := tab.Try(script, v); err != nil {
		tab.t.Fatalf("%v in\n%s", err, script)
	}
}

// Try is Eval that returns what the script throws.
func (tab *Tab) Try(script string, v any) error {
	yes := true
	ctx, cancel := context.WithTimeout(tab.ctx, stepTimeout)
	defer cancel()
	r, err := cdp.Call(ctx, tab.target, runtime.Evaluate, runtime.EvaluateParams{
		Expression: "(async () => {" + script + "})()", AwaitPromise: &yes, ReturnByValue: &yes, UserGesture: &yes,
	})
	if err != nil {
		return err
	}
	if e := r.ExceptionDetails; e != nil {
		if e.Exception != nil && e.Exception.Description != "" {
			return fmt.Errorf("script: %s", e.Exception.Description)
		}
		return fmt.Errorf("script: %s", e.Text)
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(r.Result.Value, v)
}

// Wait looks again and again until the expression is true in the page, or in
// the one that takes its place, within the time that a step may take.
func (tab *Tab) Wait(expression string) {
	tab.t.Helper()
	script := `const end = performance.now() + 1000;
while (!(` + expression + `)) {
  if (performance.now() > end) return document.body.innerText.slice(0, 2000) || "nothing";
  await new Promise((done) => setTimeout(done, 10));
}
return ""`
	var shown string
	var err error
	for end := time.Now().Add(stepTimeout); time.Now().Before(end); {
		if err = tab.Try(script, &shown); err == nil && shown == "" {
			return
		}
		if err != nil {
			<-time.After(10 * time.Millisecond) // the page is being replaced
		}
	}
	tab.t.Fatalf("%s: never came true; the page shows: %s (%v)", expression, shown, err)
}

// Type puts text into the field that the selector finds, in place of what
// stands there.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	tab.Eval(fmt.Sprintf("const e = document.querySelector(%q); e.focus(); e.select?.();", selector), nil)
	Call(tab, input.InsertText, input.InsertTextParams{Text: text})
}

// Click clicks what the selector finds.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.Eval(fmt.Sprintf("document.querySelector(%q).click()", selector), nil)
}

// File chooses a file in the field that the selector finds.
func (tab *Tab) File(selector, path string) {
	tab.t.Helper()
	root := Call(tab, dom.GetDocument, dom.GetDocumentParams{})
	field := Call(tab, dom.QuerySelector, dom.QuerySelectorParams{NodeID: root.Root.NodeID, Selector: selector})
	Call(tab, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, NodeID: field.NodeID})
}

// Screenshot writes a picture of the tab into the folder that
// COUNTERSIGN_SCREENSHOTS names, for people to look at; without it, none.
func (tab *Tab) Screenshot(name string) {
	tab.t.Helper()
	dir := os.Getenv("COUNTERSIGN_SCREENSHOTS")
	if dir == "" {
		return
	}
	r := Call(tab, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	if err := os.WriteFile(filepath.Join(dir, name+".png"), r.Data, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}
