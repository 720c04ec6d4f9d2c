package journey_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/chromiumtest"
)

func TestJourney(t *testing.T) {
	w := newWorld(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"login, transfer, reload", loginAndTransfer},
		{"four tabs", fourTabs},
		{"back button after logout", backAfterLogout},
		{"logout and login in another tab", otherTab},
		{"session expiry", expiry},
		{"forged transfers meanwhile", forgedTransfers},
		{"redirect to another origin", redirectElsewhere},
		{"WebSocket", webSocket},
		{"event stream", eventStream},
		{"upload of 100 MB", upload},
		{"Swagger UI", swaggerUI},
	} {
		t.Run(step.name, func(t *testing.T) { step.run(t, w) })
	}
}

func loginAndTransfer(t *testing.T, w *world) {
	tab := w.Tab(t)
	tab.Open(bank + "/")
	tab.Wait(`document.body.dataset.state === "out"`)
	tab.Screenshot("journey-out")
	tab.Type("[name=username]", "alice")
	tab.Type("[name=password]", "wrong")
	tab.Click("#login button")
	tab.Wait(`document.getElementById("said").textContent.startsWith("login: 401")`)
	tab = w.logIn(t, bank)
	before := balance(tab)
	tab.Type("[name=to]", "mallory")
	tab.Type("[name=amount]", "250")
	tab.Click("#transfer button")
	tab.Wait(`document.getElementById("said").textContent.startsWith("transfer: done")`)
	tab.Screenshot("journey-in")
	if got := balance(tab); got != before-250 {
		t.Errorf("balance %d, was %d", got, before)
	}
	tab.Reload()
	tab.Wait(`document.body.dataset.state`)
	if got := state(tab); got != "in" {
		t.Errorf("after reloading: %s", got)
	}
	if a := post(tab, "/transfer", transfer); a.Status != 200 {
		t.Errorf("after reloading: %+v", a)
	}
	var seen string
	tab.Eval(`return document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)`, &seen)
	if seen != "{}{}" {
		t.Errorf("scripts can read %q", seen)
	}
}

func fourTabs(t *testing.T, w *world) {
	tabs := []*chromiumtest.Tab{w.logIn(t, bank)}
	for range 3 {
		tab := w.Tab(t)
		tab.Open(bank + "/")
		tab.Wait(`document.body.dataset.state === "in"`)
		tabs = append(tabs, tab)
	}
	before := balance(tabs[0])
	// Each tab sends three transfers at the same time as the others.
	var all sync.WaitGroup
	for i, tab := range tabs {
		all.Go(func() {
			script := `return await Promise.all([1, 2, 3].map(() => (async () => {` + postScript("/transfer", transfer) + `})()))`
			var got []answer
			if err := tab.Try(script, &got); err != nil {
				t.Errorf("tab %d: %v", i, err)
			}
			for _, a := range got {
				if a.Status != 200 {
					t.Errorf("tab %d: %+v", i, a)
				}
			}
		})
	}
	all.Wait()
	if got := balance(tabs[3]); got != before-12*100 {
		t.Errorf("balance %d, was %d", got, before)
	}
	// One token serves all tabs.
	var token string
	tabs[0].Eval(`return (await (await fetch("/.countersign/csrf")).json()).csrf_token`, &token)
	for i, tab := range tabs {
		var status int
		tab.Eval(fmt.Sprintf(`return await new Promise((done) => {
  const frame = document.body.appendChild(document.createElement("iframe")); // whose fetch is not the script's
  frame.contentWindow.fetch("/transfer", { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": %q }, body: %q }).then((r) => done(r.status));
})`, token, transfer), &status)
		if status != 200 {
			t.Errorf("tab %d with the token of the first: %d", i, status)
		}
	}
}

func backAfterLogout(t *testing.T, w *world) {
	visit := func(at string) string {
		tab := w.logIn(t, at)
		tab.Open(at + "/account")
		var text string
		tab.Eval(`return document.body.innerText`, &text)
		if !strings.Contains(text, "Account of alice") {
			t.Fatalf("account: %s", text)
		}
		tab.Open(at + "/")
		tab.Wait(`document.body.dataset.state === "in"`)
		tab.Click("#logout button")
		tab.Wait(`document.body.dataset.state === "out"`)
		tab.Back()
		tab.Wait(`location.pathname === "/account" && document.readyState === "complete"`)
		tab.Eval(`return document.body.innerText`, &text)
		return text
	}
	if text := visit(bare); !strings.Contains(text, "Account of alice") {
		t.Errorf("control: without the guard the browser keeps the page, but here it did not: %s", text)
	}
	if text := visit(bank); strings.Contains(text, "alice") || strings.Contains(text, "Balance") {
		t.Errorf("the back button shows a private page after logout: %s", text)
	}
}

func otherTab(t *testing.T, w *world) {
	first := w.logIn(t, bank)
	second := w.Tab(t)
	second.Open(bank + "/")
	second.Wait(`document.body.dataset.state === "in"`)
	if a := post(second, "/transfer", transfer); a.Status != 200 {
		t.Errorf("%+v", a)
	}
	first.Click("#logout button")
	first.Wait(`document.body.dataset.state === "out"`)
	if a := post(second, "/transfer", transfer); a.Status != 401 {
		t.Errorf("after a logout in another tab: %+v", a)
	}
	second.Reload()
	second.Wait(`document.body.dataset.state`)
	if got := state(second); got != "out" {
		t.Errorf("after a logout in another tab: %s", got)
	}
	// The second tab's script still has the token of a session that has gone.
	third := w.logIn(t, bank)
	if a := post(third, "/transfer", transfer); a.Status != 200 {
		t.Errorf("%+v", a)
	}
	again := w.logIn(t, bank)
	if a := post(third, "/transfer", transfer); a.Status != 200 {
		t.Errorf("after a new login in another tab: %+v", a)
	}
	if a := post(again, "/transfer", transfer); a.Status != 200 {
		t.Errorf("%+v", a)
	}
}

func expiry(t *testing.T, w *world) {
	tab := w.logIn(t, late)
	if a := post(tab, "/transfer", transfer); a.Status != 200 {
		t.Errorf("%+v", a)
	}
	w.clock.advance(20 * time.Minute) // the API's token has 15
	if a := post(tab, "/transfer", transfer); a.Status != 401 {
		t.Errorf("after the end of the token: %+v", a)
	}
	w.clock.advance(31 * time.Minute) // the session may idle for 30
	var status int
	tab.Eval(`return (await fetch("/.countersign/session")).status`, &status)
	if a := post(tab, "/transfer", transfer); a.Status != 401 || status != 401 {
		t.Errorf("after the end of the session: %+v, session: %d", a, status)
	}
	tab.Reload()
	tab.Wait(`document.body.dataset.state`)
	if got := state(tab); got != "out" {
		t.Errorf("after the end of the session: %s", got)
	}
}

// forge sends forged transfers from a page of the attacker's.
func forge(t *testing.T, w *world, from, at string) {
	t.Helper()
	tab := w.Tab(t)
	tab.Open(from + "/")
	tab.Eval(fmt.Sprintf(`const body = new Blob([%q]);
for (const type of [undefined, "text/plain"]) await fetch(%q, { method: "POST", mode: "no-cors", credentials: "include", body: type ? body.slice(0, body.size, type) : body });
await fetch(%q, { method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({ to: "mallory", amount: 100 }) });
navigator.sendBeacon(%q, new URLSearchParams({ to: "mallory", amount: 100 }));`, transfer, at+"/transfer", at+"/transfer/form", at+"/transfer/form"), nil)
	// The beacon has no answer to wait for; a form does.
	tab.Eval(fmt.Sprintf(`const form = document.forms[0];
form.action = %q;
setTimeout(() => form.submit());`, at+"/transfer/form"), nil)
	tab.Wait(fmt.Sprintf(`location.origin === %q && document.readyState === "complete"`, at))
}

func forgedTransfers(t *testing.T, w *world) {
	control := w.logIn(t, bare)
	before := balance(control)
	forge(t, w, evil, bare)
	if got := balance(control); got >= before {
		t.Errorf("control: without the guard nothing was moved: %d", got)
	}
	home := w.logIn(t, bank)
	before = balance(home)
	for _, from := range []string{evil, sibling} {
		forge(t, w, from, bank)
		if got := balance(home); got != before {
			t.Errorf("a page of %s moved money: %d, was %d", from, got, before)
		}
	}
	if a := post(home, "/transfer", transfer); a.Status != 200 {
		t.Errorf("the owner's own transfer: %+v", a)
	}
}

// redirectElsewhere is what the script cannot keep an XMLHttpRequest from.
func redirectElsewhere(t *testing.T, w *world) {
	const script = `return await new Promise((done) => {
  const x = new XMLHttpRequest();
  x.open("POST", "/elsewhere?to=" + encodeURIComponent("https://evil.test/take"));
  x.onloadend = () => done(x.responseURL);
  x.send();
})`
	var reached string
	tab := w.logIn(t, bare)
	tab.Eval(`const open = XMLHttpRequest.prototype.open;
XMLHttpRequest.prototype.open = function (...args) { open.apply(this, args); this.setRequestHeader("X-CSRF-Token", "some"); };`+script, &reached)
	if reached != evil+"/take" {
		t.Errorf("control: the header did not come along: %q", reached)
	}
	tab = w.logIn(t, bank)
	tab.Eval(script, &reached)
	if strings.HasPrefix(reached, evil) {
		t.Error("an XMLHttpRequest with the token followed a redirect to another origin")
	}
}

const socketScript = `return await new Promise((done) => {
  const s = new WebSocket(%q);
  s.onopen = () => s.send("hello");
  s.onmessage = (m) => { done(m.data); s.close(); };
  s.onclose = () => done("closed");
})`

func webSocket(t *testing.T, w *world) {
	for _, c := range []struct{ page, at, want string }{
		{bank, bank, "alice: hello"},
		{evil, bank, "closed"},
		{sibling, bank, "closed"},
		{evil, bare, "alice: hello"}, // the control: hijacked
	} {
		w.logIn(t, c.at)
		tab := w.Tab(t)
		tab.Open(c.page + "/")
		var got string
		tab.Eval(fmt.Sprintf(socketScript, strings.Replace(c.at, "https:", "wss:", 1)+"/ws"), &got)
		if got != c.want {
			t.Errorf("a page of %s at %s: %q, want %q", c.page, c.at, got, c.want)
		}
	}
}

func eventStream(t *testing.T, w *world) {
	tab := w.logIn(t, bank)
	tab.Eval(`window.got = [];
const source = window.source = new EventSource("/events");
source.addEventListener("hello", (m) => got.push("hello " + m.data));
source.onmessage = (m) => got.push(m.data);`, nil)
	tab.Wait(`got.length === 1`) // while the stream goes on
	for _, text := range []string{"one", "two"} {
		if a := post(tab, "/publish?text="+text, ""); a.Status != 200 {
			t.Fatalf("%+v", a)
		}
		tab.Wait(`got.at(-1) === "` + text + `"`)
	}
	var got []string
	tab.Eval(`source.close(); return got`, &got)
	if s := strings.Join(got, ", "); s != "hello alice, one, two" {
		t.Error(s)
	}
}

const uploadSize = 100 << 20

func upload(t *testing.T, w *world) {
	name := filepath.Join(t.TempDir(), "film")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.New()
	_, err = io.CopyN(io.MultiWriter(f, digest), rand.NewChaCha8([32]byte{}), uploadSize)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	tab := w.logIn(t, bank)
	tab.File("[type=file]", name)
	tab.Click("#upload button")
	tab.Wait(`/^upload: (?!…)/.test(document.getElementById("said").textContent)`)
	var said string
	tab.Eval(`return document.getElementById("said").textContent`, &said)
	if want := "upload: done " + hex.EncodeToString(digest.Sum(nil)); said != want {
		t.Errorf("%q, want %q", said, want)
	}
	tab.Screenshot("journey-upload")
}

func swaggerUI(t *testing.T, w *world) {
	w.logIn(t, bank).Click("#logout button")
	tab := w.Tab(t)
	tab.Open(bank + "/docs")
	tab.Wait(`document.querySelector(".btn.authorize")`)
	tab.Click(".btn.authorize")
	tab.Wait(`document.querySelector("#oauth_username")`)
	tab.Type("#oauth_username", "alice")
	tab.Type("#oauth_password", "wonderland-7")
	tab.Screenshot("swagger-authorize")
	tab.Click(".auth-btn-wrapper .authorize")
	tab.Wait(`[...document.querySelectorAll(".auth-btn-wrapper button")].some((b) => b.textContent === "Logout")`)
	tab.Screenshot("swagger-authorized")
	tab.Click(".auth-btn-wrapper .btn-done")
	before := balance(tab)
	const operation = `#operations-default-transfer_transfer_post`
	tab.Click(operation + " .opblock-summary-control")
	tab.Wait(`document.querySelector("` + operation + ` .try-out__btn")`)
	tab.Click(operation + " .try-out__btn")
	tab.Wait(`document.querySelector("` + operation + ` textarea")`)
	tab.Type(operation+" textarea", transfer)
	tab.Click(operation + " .execute")
	tab.Wait(`document.querySelector("` + operation + ` .live-responses-table .response .response-col_status")`)
	tab.Eval(`document.querySelector("`+operation+` .responses-wrapper").scrollIntoView()`, nil)
	tab.Screenshot("swagger-tried")
	var status, page string
	tab.Eval(`return document.querySelector("`+operation+` .live-responses-table .response .response-col_status").innerText.trim()`, &status)
	if !strings.HasPrefix(status, "200") {
		t.Errorf("Try it out: %s", status)
	}
	if got := balance(tab); got != before-100 {
		t.Errorf("balance %d, was %d", got, before)
	}
	tab.Eval(`return document.documentElement.outerHTML`, &page)
	if regexp.MustCompile(`eyJ[\w-]+\.`).MatchString(page) { // a CSRF token may begin so
		t.Error("the page has a token in it")
	}
	// Only while the session lasts.
	var got json.RawMessage
	tab.Eval(`return await fetch("/.countersign/logout", { method: "POST" }).then((r) => r.status)`, &got)
	tab.Click(operation + " .execute")
	tab.Wait(`document.querySelector("` + operation + ` .live-responses-table .response .response-col_status").innerText.trim().startsWith("401")`)
}
