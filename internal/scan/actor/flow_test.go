package actor_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/secret"
)

const totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// in is a RoundTripper that asks a handler, within the bubble of a test.
type in struct{ http.Handler }

func (h in) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func someone(t *testing.T, h http.Handler, who actor.Account, flow *actor.Flow) (*actor.Actor, *secret.Redactor) {
	t.Helper()
	base := &url.URL{Scheme: "http", Host: "api.test"}
	red := &secret.Redactor{}
	return &actor.Actor{Account: who, Client: client.New(client.Config{Target: base, Transport: in{h}}), Base: base, Redactor: red,
		Page: func(http.Header, string, *url.URL) {}, Flow: flow}, red
}

func toldFlow(t *testing.T, text string) *actor.Flow {
	t.Helper()
	var told actor.ToldFlow
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&told); err != nil {
		t.Fatal(err)
	}
	f, err := told.Flow()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// twoSteps is a login that asks for a password, then for a one-time code,
// each of which it takes once.
func twoSteps(t *testing.T, totp *actor.TOTP) http.Handler {
	used := map[string]bool{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		b, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(b, &body)
		say := func(status int, v any) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(v)
		}
		switch r.URL.Path {
		case "/password":
			user, _ := body["user"].(map[string]any)
			if user["name"] != "alice" || user["word"] != `quote"d` || r.Header.Get("X-Client") != "web" {
				say(401, nil)
				return
			}
			say(200, map[string]any{"data": []any{map[string]any{"ticket": "ticket-of-alice"}}})
		case "/code":
			_ = r.ParseForm()
			form, _ := url.ParseQuery(string(b))
			code := form.Get("code")
			if form.Get("ticket") != "ticket-of-alice" || code != totp.Code(time.Now()) || used[code] {
				say(401, nil)
				return
			}
			used[code] = true
			w.Header().Set("X-Session-Token", "token-after-"+code)
			say(200, map[string]any{"token": "not-this-one"})
		default:
			t.Errorf("unexpected %s", r.URL)
		}
	})
}

func TestALoginOfTwoStepsWithACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		totp, err := actor.ParseTOTP(totpSecret)
		if err != nil {
			t.Fatal(err)
		}
		f := toldFlow(t, `
steps:
  - request: POST /password
    headers: {X-Client: web}
    json: {user: {name: "{username}", word: "{password}"}}
    keep: {ticket: /data/0/ticket}
  - request: POST /code
    form: {ticket: "{ticket}", code: "{totp}"}
token: header:X-Session-Token
send: "X-Auth: JWT {token}"
`)
		f.TOTP = totp
		a, red := someone(t, twoSteps(t, totp), actor.Account{Name: "alice", Password: secret.New(`quote"d`)}, f)
		start := time.Now()
		var last string
		for i := range 3 {
			c, err := a.Login(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if token := c.Bearer(); !strings.HasPrefix(token, "token-after-") || token == last {
				t.Errorf("login %d gave the token %q after %q", i+1, token, last)
			}
			last = c.Bearer()
			r := &client.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "api.test", Path: "/"}, Header: http.Header{}}
			c.Put(r, actor.Everything)
			if r.Header.Get("X-Auth") != "JWT "+last || r.Header.Get("Authorization") != "" {
				t.Errorf("it goes out as %v", r.Header)
			}
		}
		// Each code is good for one login: the next ones wait for theirs.
		if waited := time.Since(start); waited < 31*time.Second || waited > 60*time.Second {
			t.Errorf("three logins took %v", waited)
		}
		if text := red.Redact("ticket-of-alice " + last + ` quote"d`); strings.Contains(text, "alice") || strings.Contains(text, "token-after") || strings.Contains(text, "quote") {
			t.Errorf("secrets of the login are shown: %s", text)
		}
	})
}

func TestALoginThatFailsSaysWhere(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/closed" {
			w.WriteHeader(403)
		}
		_, _ = io.WriteString(w, `{"a": {"b/c": "value-1"}}`)
	})
	for _, tc := range []struct{ flow, want string }{
		{"steps: [{request: POST /closed}]", "step 1, POST /closed, answered 403"},
		{"steps: [{request: POST /open, keep: {x: /a/none}}]", "nothing at /a/none to keep as x"},
		{"{steps: [{request: POST /open}], token: /a/none}", "no token at /a/none"},
		{"{steps: [{request: POST /open}], token: 'header:X-None'}", "no token at the field X-None"},
		{"steps: [{request: POST /open}]", "neither a token nor a cookie"},
	} {
		a, _ := someone(t, h, actor.Account{Name: "alice"}, toldFlow(t, tc.flow))
		if _, err := a.Login(t.Context()); !errors.Is(err, actor.ErrLogin) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.flow, err, tc.want)
		}
	}
	a, _ := someone(t, h, actor.Account{Name: "alice"}, toldFlow(t, "{steps: [{request: POST /open}], token: /a/b~1c, send: 'query:key'}"))
	c, err := a.Login(t.Context())
	if err != nil || c.Bearer() != "value-1" {
		t.Fatalf("control: %v", err)
	}
	r := &client.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "api.test", Path: "/", RawQuery: "a=b"}, Header: http.Header{}}
	c.Put(r, actor.Everything)
	if r.URL.RawQuery != "a=b&key=value-1" {
		t.Errorf("the token goes out as %s", r.URL)
	}
}

func TestToldFlowsThatAreWrong(t *testing.T) {
	var told actor.ToldFlow
	if err := yaml.Unmarshal([]byte(`
steps:
  - {request: login, json: {a: b}, form: {c: d}}
  - {request: POST /x, body: "raw", keep: {y: token}}
token: token
send: Authorization
`), &told); err != nil {
		t.Fatal(err)
	}
	_, err := told.Flow()
	for _, want := range []string{"login_flow.steps[0].request", "login_flow.steps[0].body", "login_flow.steps[1].content_type", "login_flow.steps[1].keep.y", "login_flow.token", "login_flow.send"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no mistake of %s in: %v", want, err)
		}
	}
}

// The format as github.com/WebFuzzing/Commons describes it, in both forms of
// its token.
func TestWebFuzzingCommons(t *testing.T) {
	var sent atomic.Value
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		sent.Store(r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") + " " + r.Header.Get("X-Tenant") + " " + string(b))
		w.Header().Set("X-Auth-Token", "token-of-the-header")
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "cookie-of-the-answer"})
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"token": {"authToken": "token-of-the-body"}}`)
	})
	for _, tc := range []struct{ name, text, sent, goes string }{
		{"JSON, a pointer, the older form", `
auth:
  - name: admin
    loginEndpointAuth:
      payloadUserPwd: {username: admin, password: admin-pass, usernameField: userId, passwordField: passwordOf}
      token: {headerPrefix: "JWT ", extractFromField: "/token/authToken", httpHeaderName: "Authorization"}
      endpoint: /login
      verb: POST
      contentType: application/json`,
			`POST /login application/json  {"passwordOf":"admin-pass","userId":"admin"}`, "Authorization: JWT token-of-the-body"},
		{"a template, a form, a header", `
schemaVersion: "0.2.0"
auth:
  - name: foo
    loginEndpointAuth: {payloadUserPwd: {username: foo, password: "1 2&3"}}
  - name: bar
    loginEndpointAuth: {payloadUserPwd: {username: bar, password: "456"}}
authTemplate:
  loginEndpointAuth:
    endpoint: /in
    verb: POST
    contentType: application/x-www-form-urlencoded
    payloadUserPwd: {usernameField: u, passwordField: p}
    headers: [{name: X-Tenant, value: acme}]
    token: {extractFrom: header, extractSelector: x-auth-token, sendIn: header, sendName: X-Token, sendTemplate: "{token}"}
configs: {maxTime: "60s"}`,
			`POST /in application/x-www-form-urlencoded acme p=1+2%263&u=foo`, "X-Token: token-of-the-header"},
		{"as it is, cookies", `
auth:
  - name: raw
    loginEndpointAuth: {endpoint: /raw, verb: PUT, contentType: application/json, payloadRaw: '{"password": "raw-pass"}', expectCookies: true}`,
			`PUT /raw application/json  {"password": "raw-pass"}`, "Cookie: session=cookie-of-the-answer"},
		{"fixed fields", `
auth:
  - name: fixed
    fixedHeaders: [{name: Authorization, value: ApiKey key-1}, {name: X-Key, value: key-2}, {name: Cookie, value: s=cookie-3}]`,
			"", "X-Key: key-2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var w actor.WFC
			if err := yaml.NewDecoder(strings.NewReader(tc.text), yaml.Strict()).Decode(&w); err != nil {
				t.Fatal(err)
			}
			users, err := w.Users()
			if err != nil {
				t.Fatal(err)
			}
			sent.Store("")
			a, red := someone(t, h, users[0].Account, users[0].Flow)
			c, err := a.Login(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := sent.Load(); got != tc.sent {
				t.Errorf("sent %q, want %q", got, tc.sent)
			}
			r := &client.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "api.test", Path: "/"}, Header: http.Header{}}
			c.Put(r, actor.Everything)
			name, value, _ := strings.Cut(tc.goes, ": ")
			if r.Header.Get(name) != value {
				t.Errorf("a request goes out with %v, want %s", r.Header, tc.goes)
			}
			if text := red.Redact("admin-pass 1 2&3 raw-pass key-2"); strings.Contains(tc.text, "pass") && strings.Contains(text, "raw-pass") && strings.Contains(tc.text, "raw-pass") {
				t.Errorf("the password of the payload is shown: %s", text)
			}
		})
	}
}

func TestWebFuzzingCommonsThatIsWrong(t *testing.T) {
	var w actor.WFC
	if err := yaml.Unmarshal([]byte(`
auth:
  - requireMockHandling: true
  - name: a
    createUsers: {verb: POST, endpoint: /users}
    loginEndpointAuth: {endpoint: login, verb: FETCH, payloadUserPwd: {username: a, password: secret-1}, token: {extractFrom: cookie, sendIn: body}}
  - name: b
    loginEndpointAuth: {externalEndpointURL: "https://idp.test/", verb: POST, payloadRaw: x}
`), &w); err != nil {
		t.Fatal(err)
	}
	_, err := w.Users()
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, want := range []string{"auth[0].name", "auth[0].requireMockHandling", "auth[0].loginEndpointAuth", "auth[1].createUsers", "auth[1].loginEndpointAuth.endpoint", "auth[1].loginEndpointAuth.verb",
		"auth[1].loginEndpointAuth.payloadUserPwd", "auth[1].loginEndpointAuth.contentType", "auth[1].loginEndpointAuth.token.extractFrom", "auth[1].loginEndpointAuth.token.sendIn",
		"auth[2].loginEndpointAuth.externalEndpointURL", "auth[2].loginEndpointAuth.contentType", "auth[2].loginEndpointAuth.token"} {
		if !strings.Contains(err.Error(), want+": ") {
			t.Errorf("no mistake of %s in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret-1") {
		t.Errorf("a password is repeated: %v", err)
	}
}

// A session that ends under the scan is renewed by its refresh token, and by
// the login only where that does not help.
func TestTokensAreRefreshed(t *testing.T) {
	doc := document(t, `"/auth/jwt":{"post":{`+body("application/x-www-form-urlencoded", `"username":{"type":"string"},"password":{"type":"string"}`)+`}},
	"/auth/refresh":{"post":{`+body("application/json", `"refresh_token":{"type":"string"}`)+`}}`)
	var logins, refreshes, valid atomic.Int32
	var broken atomic.Bool
	names := []string{"none", "first-token", "second-token", "third-token", "fourth-token"}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		say := func() {
			_ = json.NewEncoder(w).Encode(map[string]string{"access_token": names[valid.Add(1)], "refresh_token": "refresh-token-1"})
		}
		switch r.URL.Path {
		case "/auth/jwt":
			logins.Add(1)
			say()
		case "/auth/refresh":
			refreshes.Add(1)
			var in map[string]string
			if json.NewDecoder(r.Body).Decode(&in) != nil || in["refresh_token"] != "refresh-token-1" || broken.Load() {
				w.WriteHeader(401)
				return
			}
			say()
		default:
			if r.Header.Get("Authorization") != "Bearer "+names[valid.Load()] {
				w.WriteHeader(401)
			}
		}
	})
	a, _ := someone(t, h, actor.Account{Name: "alice", Password: secret.New("wonderland")}, nil)
	a.Routes, a.Refresh = actor.Find(doc), actor.FindRefresh(doc)
	if _, err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := func() int {
		r, err := a.Do(t.Context(), &client.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "api.test", Path: "/me"}, Header: http.Header{}})
		if err != nil {
			t.Fatal(err)
		}
		return r.Status
	}
	valid.Add(1) // the token has expired
	if got := ask(); got != 200 || refreshes.Load() != 1 || logins.Load() != 1 {
		t.Errorf("after the end of a token: %d, %d refreshes, %d logins", got, refreshes.Load(), logins.Load())
	}
	broken.Store(true)
	valid.Store(0)
	if got := ask(); got != 200 || refreshes.Load() != 2 || logins.Load() != 2 {
		t.Errorf("where refreshing is refused: %d, %d refreshes, %d logins", got, refreshes.Load(), logins.Load())
	}
}
