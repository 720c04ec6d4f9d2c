package client_test

import (
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/cors"
	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/internal/chromiumtest"
	"github.com/d710e0ae/countersign/session"
)

const (
	api = "https://api.bank.test"
	app = "https://app.bank.test"
)

// serveBank serves a bank at api, blank pages at app and evil, and a form of
// evil's that posts to the bank. It counts what was moved.
func serveBank(t *testing.T, moved *int) *chromiumtest.Tab {
	t.Helper()
	sessions, err := session.New(session.Config{Store: session.NewMemory(0, nil)})
	if err != nil {
		t.Fatal(err)
	}
	forgery, err := csrf.New(csrf.Config{
		PublicOrigin: api, TrustedOrigins: []string{app}, Field: "csrf_token", Keys: [][]byte{[]byte(strings.Repeat("k", csrf.MinKey))},
		Session: func(r *http.Request) csrf.Session {
			id, ambient := sessions.CSRF(r)
			return csrf.Session{ID: id, Ambient: ambient}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	crossOrigin, err := cors.New(cors.Config{Origins: []string{app}, Credentials: true, RequestHeaders: []string{csrf.DefaultHeader}})
	if err != nil {
		t.Fatal(err)
	}
	forms := template.Must(template.New("").Parse(`<!DOCTYPE html><title>forms</title>
<form method="post" action="/move"><input type="hidden" name="csrf_token" value="{{.}}"><input name="text" value="hello"><button id="plain">move</button></form>
<form method="post" action="/move" enctype="multipart/form-data"><input type="hidden" name="csrf_token" value="{{.}}"><input name="text" value="hello"><input type="file" name="file"><button id="upload">move</button></form>
<form method="post" action="/move"><input name="text" value="hello"><button id="bare">move</button></form>`))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if _, err := sessions.Start(w, r, "alice", nil); err != nil {
			sessions.Refuse(w, err)
		}
	})
	mux.Handle("GET /csrf", forgery.TokenHandler())
	mux.HandleFunc("GET /forms", func(w http.ResponseWriter, r *http.Request) {
		token, err := forgery.TokenFor(r)
		if err != nil {
			t.Error(err)
		}
		if err := forms.Execute(w, token); err != nil {
			t.Error(err)
		}
	})
	mux.Handle("POST /move", sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*moved++
		fmt.Fprintf(w, "<title>moved</title>%s", template.HTMLEscapeString(r.FormValue("text")))
	})))
	blank := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<!DOCTYPE html><title>blank</title>") })
	theirs := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!DOCTYPE html><title>forged</title><form method="post" action="%s/move"><input name="text" value="forged"><button id="forge">win</button></form>`, api)
	})
	id := chromiumtest.NewIdentity(t, "api.bank.test", "app.bank.test", "www.bank.test", "evil.test")
	return chromiumtest.Launch(t, id, map[string]net.Addr{
		"api.bank.test": id.Serve(t, crossOrigin.Handler(forgery.Handler(mux))), "app.bank.test": id.Serve(t, blank),
		"www.bank.test": id.Serve(t, theirs), "evil.test": id.Serve(t, theirs),
	}).Tab(t)
}

// A page of a trusted origin logs in, asks for its token and sends it; no other
// page gets one, not even of a sibling that the cookie goes along with.
func TestPagesOfATrustedOrigin(t *testing.T) {
	moved := 0
	tab := serveBank(t, &moved)
	visit := fmt.Sprintf(`
const ask = (path, init) => fetch(%q + path, { credentials: "include", ...init });
const token = await ask("/csrf").then((r) => r.json()).then((j) => j.csrf_token, () => "");
const status = (init) => ask("/move", { method: "POST", ...init }).then((r) => r.status, () => 0);
return { token: token ?? "", with: await status({ headers: { "X-CSRF-Token": token } }), without: await status() };`, api)
	var got struct {
		Token         string
		With, Without int
	}
	tab.Open(app + "/")
	tab.Eval(fmt.Sprintf(`return (await fetch(%q, { method: "POST", credentials: "include" })).status`, api+"/login"), new(int))
	tab.Eval(visit, &got)
	if got.Token == "" || got.With != 200 || got.Without != 403 || moved != 1 {
		t.Errorf("the application: %+v, and %d were moved", got, moved)
	}
	for _, origin := range []string{"https://www.bank.test", evil} {
		tab.Open(origin + "/")
		tab.Eval(visit, &got)
		if got.Token != "" || got.With != 0 || got.Without != 0 || moved != 1 {
			t.Errorf("%s: %+v, and %d were moved", origin, got, moved)
		}
	}
}

// Forms that the browser sends by itself carry the token in their field, and
// an upload before its file.
func TestFormsWithoutAScript(t *testing.T) {
	moved := 0
	tab := serveBank(t, &moved)
	tab.Open(api + "/forms-do-not-exist")
	tab.Eval(`return (await fetch("/login", { method: "POST" })).status`, new(int))
	for _, c := range []struct {
		page, button string
		moves        int
		shows        string
	}{
		{api + "/forms", "plain", 1, "hello"},
		{api + "/forms", "upload", 1, "hello"},
		{api + "/forms", "bare", 0, "csrf-token-missing"},
		{"https://www.bank.test/", "forge", 0, "same-site-origin"},
		{evil + "/", "forge", 0, "cross-origin"},
	} {
		before := moved
		tab.Open(c.page)
		tab.Click("#" + c.button)
		tab.Wait(`location.pathname === "/move"`)
		var text string
		tab.Eval(`return document.body.innerText`, &text)
		if moved-before != c.moves || !strings.Contains(text, c.shows) {
			t.Errorf("%s on %s: %d were moved, and it shows %q", c.button, c.page, moved-before, text)
		}
	}
}
