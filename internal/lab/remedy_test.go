package lab_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/lab"
)

// A clock that tests set.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

const origin = "http://bank.test"

func newBank(t *testing.T, v lab.Variant) (*lab.Bank, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	b, err := lab.NewBank(v, lab.BankConfig{PublicOrigin: origin, Frontends: []string{"https://app.bank.test"}, Clock: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return b, c
}

type answer struct {
	*http.Response
	body map[string]any
}

func send(t *testing.T, h http.Handler, method, path, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, origin+path, strings.NewReader(body))
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{Response: w.Result()}
	data, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	json.Unmarshal(data, &a.body) // some answers are no objects
	return a
}

const (
	isJSON   = "Content-Type: application/json"
	isForm   = "Content-Type: application/x-www-form-urlencoded"
	transfer = `{"to":"mallory","amount":5}`
	loginOf  = `{"username":"alice","password":"wonderland-7"}`
)

// TestRemedyA holds the bearer variant to every clause of the remedy.
func TestRemedyA(t *testing.T) {
	b, c := newBank(t, lab.Bearer)
	login := send(t, b, "POST", "/login", loginOf, isJSON)
	token, _ := login.body["access_token"].(string)
	if login.StatusCode != 200 || login.body["token_type"] != "bearer" || token == "" || login.Header.Get("Set-Cookie") != "" {
		t.Fatalf("login: %d %v %v", login.StatusCode, login.body, login.Header)
	}
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil || !strings.Contains(string(head), `"HS256"`) {
		t.Errorf("header %s, %v", head, err)
	}
	bearer := "Authorization: Bearer " + token

	ok := send(t, b, "POST", "/transfer", transfer, isJSON, bearer)
	if ok.StatusCode != 200 || len(ok.body) != 1 || ok.body["status"] != "ok" || ok.Header.Get("X-Request-ID") == "" {
		t.Fatalf("transfer: %d %v", ok.StatusCode, ok.body)
	}

	parts := strings.Split(token, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	before := b.Balance("alice")
	refused := func(name, detail string, headers ...string) {
		t.Helper()
		a := send(t, b, "POST", "/transfer", transfer, append(headers, isJSON)...)
		if a.StatusCode != 401 || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") || a.body["detail"] != detail {
			t.Errorf("%s: %d %q %v", name, a.StatusCode, a.Header.Get("WWW-Authenticate"), a.body)
		}
	}
	refused("changed", "Invalid token", "Authorization: Bearer "+parts[0]+"."+parts[1]+".AAAA"+parts[2][4:])
	refused("alg none", "Invalid token", "Authorization: Bearer "+none)
	refused("junk", "Invalid token", "Authorization: Bearer x")
	refused("missing", "Not authenticated")
	refused("in a cookie", "Not authenticated", "Cookie: access_token="+token)
	refused("another scheme", "Not authenticated", "Authorization: Basic "+token)
	c.now = c.now.Add(15*time.Minute - time.Second)
	if a := send(t, b, "POST", "/transfer", transfer, isJSON, bearer); a.StatusCode != 200 {
		t.Errorf("a second before its end: %d %v", a.StatusCode, a.body)
	}
	before -= 5
	c.now = c.now.Add(time.Second)
	refused("after 15 minutes", "Token expired", bearer)
	if b.Balance("alice") != before {
		t.Errorf("money moved: %d, %d", b.Balance("alice"), before)
	}

	listed := []string{"Origin: https://app.bank.test", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type"}
	if a := send(t, b, "OPTIONS", "/transfer", "", listed...); a.Header.Get("Access-Control-Allow-Origin") != "https://app.bank.test" ||
		a.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight of a listed origin: %v", a.Header)
	}
	foreign := []string{"Origin: https://attacker.test", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization"}
	if a := send(t, b, "OPTIONS", "/transfer", "", foreign...); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of a foreign origin: %v", a.Header)
	}
	for method, allowed := range map[string]bool{"GET": true, "POST": true, "PUT": true, "DELETE": true, "PATCH": false} {
		a := send(t, b, "OPTIONS", "/transfer", "", "Origin: https://app.bank.test", "Access-Control-Request-Method: "+method)
		if got := a.Header.Get("Access-Control-Allow-Methods") != ""; got != allowed {
			t.Errorf("%s by CORS: %v", method, got)
		}
	}
	if a := send(t, b, "GET", "/balance", "", "Origin: https://app.bank.test", bearer); a.Header.Get("Access-Control-Expose-Headers") != "X-Request-ID" {
		t.Errorf("exposed: %v", a.Header)
	}
}

// TestRemedyB holds the cookie variant to every clause of the remedy.
func TestRemedyB(t *testing.T) {
	b, c := newBank(t, lab.Cookie)
	own := "Origin: " + origin
	login := func(credentials string) (cookie, csrf string) {
		t.Helper()
		a := send(t, b, "POST", "/login", credentials, isJSON, own)
		set := a.Cookies()
		if a.StatusCode != 200 || len(set) != 1 {
			t.Fatalf("login: %d %v %v", a.StatusCode, a.body, a.Header)
		}
		k := set[0]
		if !k.HttpOnly || !k.Secure || k.SameSite != http.SameSiteStrictMode || k.Path != "/" || k.Domain != "" || !strings.HasPrefix(k.Name, "__Host-") {
			t.Errorf("cookie: %s", a.Header.Get("Set-Cookie"))
		}
		if strings.Count(k.Value, ".") == 2 || a.body["access_token"] != nil {
			t.Error("the browser is given the token")
		}
		return "Cookie: " + k.Name + "=" + k.Value, "X-CSRF-Token: " + a.body["csrf_token"].(string)
	}
	cookie, csrf := login(loginOf)
	_, foreignCSRF := login(`{"username":"mallory","password":"looking-glass-9"}`)

	if a := send(t, b, "POST", "/transfer", transfer, isJSON, own, cookie, csrf); a.StatusCode != 200 || a.body["status"] != "ok" {
		t.Fatalf("the control is refused: %d %v", a.StatusCode, a.body)
	}
	before := b.Balance("alice")
	refused := func(name string, status int, headers ...string) {
		t.Helper()
		for _, path := range []string{"/transfer", "/email"} {
			body := map[string]string{"/transfer": transfer, "/email": `{"email":"x@attacker.test"}`}[path]
			if a := send(t, b, "POST", path, body, append(headers, isJSON)...); a.StatusCode != status {
				t.Errorf("%s %s: %d %v", name, path, a.StatusCode, a.body)
			}
		}
		if a := send(t, b, "POST", "/transfer/form", "to=mallory&amount=5", append(headers, isForm)...); a.StatusCode != status {
			t.Errorf("%s /transfer/form: %d %v", name, a.StatusCode, a.body)
		}
	}
	refused("no CSRF token", 403, own, cookie)
	refused("empty CSRF token", 403, own, cookie, "X-CSRF-Token: ")
	refused("another session's CSRF token", 403, own, cookie, foreignCSRF)
	refused("junk Authorization beside the cookie", 403, own, cookie, "Authorization: Bearer x")
	refused("foreign origin", 403, "Origin: http://attacker.test", cookie, csrf)
	refused("sibling origin", 403, "Origin: http://blog.bank.test", cookie, csrf)
	refused("null origin", 403, "Origin: null", cookie, csrf)
	refused("no origin", 403, cookie, csrf)
	refused("no cookie", 401, own, csrf)
	if a := send(t, b, "POST", "/login", loginOf, isJSON, "Origin: http://attacker.test"); a.StatusCode != 403 {
		t.Errorf("login from another site: %d", a.StatusCode)
	}
	if a := send(t, b, "POST", "/logout", "", "Origin: http://attacker.test", cookie); a.StatusCode != 403 {
		t.Errorf("logout from another site: %d", a.StatusCode)
	}
	if a := send(t, b, "OPTIONS", "/transfer", "", "Origin: http://attacker.test", "Access-Control-Request-Method: POST"); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of a foreign origin: %v", a.Header)
	}
	if b.Balance("alice") != before {
		t.Error("money moved")
	}

	fresh := send(t, b, "GET", "/csrf", "", cookie)
	if fresh.StatusCode != 200 || fresh.body["csrf_token"] == nil {
		t.Errorf("csrf: %d %v", fresh.StatusCode, fresh.body)
	}
	if a := send(t, b, "POST", "/logout", "", own, cookie, csrf); a.StatusCode != 200 {
		t.Errorf("logout: %d %v", a.StatusCode, a.body)
	}
	refused("after logout", 401, own, cookie, csrf)

	cookie, csrf = login(loginOf)
	c.now = c.now.Add(15 * time.Minute)
	refused("after 15 minutes", 401, own, cookie, csrf)
}

// TestVulnerable is the control of both: every attack on them works here.
func TestVulnerable(t *testing.T) {
	b, _ := newBank(t, lab.Vulnerable)
	token, err := b.Token("alice")
	if err != nil {
		t.Fatal(err)
	}
	cookie := "Cookie: access_token=" + token
	evil := "Origin: http://attacker.test"
	for name, headers := range map[string][]string{
		"foreign origin": {evil, cookie, isJSON},
		"no type":        {evil, cookie},
		"junk beside it": {"X-CSRF-Token: x", cookie, isJSON},
	} {
		before := b.Balance("alice")
		a := send(t, b, "POST", "/transfer", transfer, headers...)
		if a.StatusCode != 200 || b.Balance("alice") != before-5 {
			t.Errorf("%s: %d %v", name, a.StatusCode, a.body)
		}
		if a.Header.Get("Access-Control-Allow-Origin") == "http://attacker.test" != strings.Contains(strings.Join(headers, " "), "attacker.test") {
			t.Errorf("%s: %v", name, a.Header)
		}
	}
}
