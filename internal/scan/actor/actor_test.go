package actor_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/secret"
)

const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLXRlc3Q"

func TestIsJWT(t *testing.T) {
	for s, want := range map[string]bool{
		token:                      true,
		"eyJhbGciOiJub25lIn0.e30.": true,
		"":                         false,
		"a.b.c":                    false,
		token + ".x":               false,
		"e30.e30.x":                false, // no alg
		"eyJhbGciOjF9.e30.x":       false,
	} {
		if got := actor.IsJWT(s); got != want {
			t.Errorf("%q: got %v", s, got)
		}
	}
	for _, v := range []string{token, "Bearer " + token, `"Bearer ` + token + `"`} {
		if got, ok := actor.JWTIn(v); !ok || got != token {
			t.Errorf("%q: got %q, %v", v, got, ok)
		}
	}
}

func document(t *testing.T, paths string) *openapi.Document {
	t.Helper()
	d, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{`+paths+`},
	"components":{"securitySchemes":{"o":{"type":"oauth2","flows":{"password":{"tokenUrl":"auth/jwt","scopes":{}}}}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func body(media, properties string) string {
	return `"requestBody":{"content":{"` + media + `":{"schema":{"type":"object","properties":{` + properties + `}}}}},"responses":{}`
}

func TestFindLogins(t *testing.T) {
	creds := `"username":{"type":"string"},"password":{"type":"string"}`
	for _, tc := range []struct {
		name, paths string
		want        []string
	}{
		{"token endpoint first", `"/login":{"post":{` + body("application/json", creds) + `}},"/auth/jwt":{"post":{` + body("application/x-www-form-urlencoded", creds+`,"grant_type":{"type":"string"}`) + `}}`,
			[]string{"POST /auth/jwt (application/x-www-form-urlencoded)", "POST /login (application/json)"}},
		{"not the registration", `"/auth/jwt":{"post":{` + body("application/x-www-form-urlencoded", creds) + `}},"/auth/register":{"post":{` + body("application/json", creds) + `}},"/login/reset-password":{"post":{` + body("application/json", creds) + `}}`,
			[]string{"POST /auth/jwt (application/x-www-form-urlencoded)"}},
		{"named by the scheme only", `"/x":{"get":{"responses":{}}}`, []string{"POST /auth/jwt (application/x-www-form-urlencoded)"}},
		{"nested", `"/auth/jwt":{"post":{` + body("application/json", `"user":{"type":"object","properties":{"email":{"type":"string"},"password":{"type":"string"}}}`) + `}}`,
			[]string{"POST /auth/jwt (application/json)"}},
		{"an untyped body", `"/auth/jwt":{"post":{` + body("application/json", "") + `}}`, []string{"POST /auth/jwt (application/json)"}},
	} {
		var got []string
		for _, r := range actor.Find(document(t, tc.paths)) {
			got = append(got, r.String())
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	r := actor.Find(document(t, `"/login":{"post":{`+body("application/json", `"user":{"type":"object","properties":{"email":{"type":"string"},"password":{"type":"string"}}}`)+`}}`))
	if len(r) < 2 || r[1].UserField != "user.email" || r[1].PassField != "user.password" {
		t.Errorf("nested names: %+v", r)
	}
}

func TestCSRFTokensAreFoundWhereServersPutThem(t *testing.T) {
	res := func(contentType, body string, fields ...string) *client.Response {
		h := http.Header{"Content-Type": {contentType}}
		for i := 0; i < len(fields); i += 2 {
			h.Add(fields[i], fields[i+1])
		}
		u, _ := url.Parse("http://127.0.0.1/")
		return &client.Response{Request: &client.Request{URL: u}, Status: 200, Header: h, Body: []byte(body)}
	}
	for _, tc := range []struct {
		res  *client.Response
		want actor.CSRFToken
	}{
		{res("application/json", `{"data":{"csrf_token":"abcd1"}}`), actor.CSRFToken{Value: "abcd1", Where: "body", Name: "csrf_token"}},
		{res("text/html", `<meta name="csrf-token" content="abcd2&amp;x">`), actor.CSRFToken{Value: "abcd2&x", Where: "meta", Name: "csrf-token"}},
		{res("text/html", `<INPUT type='hidden' value='abcd3' name='csrf_token'>`), actor.CSRFToken{Value: "abcd3", Where: "field", Name: "csrf_token"}},
		{res("text/html", `<input type=hidden name=csrf value="abcd6">`), actor.CSRFToken{Value: "abcd6", Where: "field", Name: "csrf"}},
		{res("text/html", `<input type="hidden" id="csrf_token" value="abcd7">`), actor.CSRFToken{Value: "abcd7", Where: "field", Name: "csrf_token"}},
		{res("text/html", `<body hx-headers='{"X-CSRF-Token": "abcd8"}'>`), actor.CSRFToken{Value: "abcd8", Where: "attribute", Name: "X-CSRF-Token"}},
		{res("text/html", `<div data-csrf="abcd9">`), actor.CSRFToken{Value: "abcd9", Where: "attribute", Name: "data-csrf"}},
		{res("text/html", `<script>window.app = {csrfToken: "abcdefg10", name: "XSRF-TOKEN"}</script>`), actor.CSRFToken{Value: "abcdefg10", Where: "script", Name: "csrfToken"}},
		{res("text/html", `<script>const csrfCookie = "csrftoken_name"; window.csrf_token = 'abcdefg11';</script>`), actor.CSRFToken{Value: "abcdefg11", Where: "script", Name: "csrf_token"}},
		{res("text/plain", "", "X-Csrf-Token", "abcd4"), actor.CSRFToken{Value: "abcd4", Where: "header", Name: "X-Csrf-Token"}},
		{res("text/plain", "", "Set-Cookie", "XSRF-TOKEN=abcd5; Path=/"), actor.CSRFToken{Value: "abcd5", Where: "cookie", Name: "XSRF-TOKEN"}},
	} {
		if got := actor.CSRFTokens(tc.res); len(got) != 1 || got[0] != tc.want {
			t.Errorf("got %+v, want %+v", got, tc.want)
		}
	}
	if got := actor.CSRFTokens(res("application/json", `{"token":"abcd","csrf":""}`, "Access-Control-Allow-Headers", "X-CSRF-Token")); len(got) != 0 {
		t.Errorf("found where there is none: %+v", got)
	}
}

// api answers logins in many shapes, without a body.
type api func(r *http.Request) (status int, fields []string)

func (f api) RoundTrip(r *http.Request) (*http.Response, error) {
	status, fields := f(r)
	w := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(fields); i += 2 {
		w.Add(fields[i], fields[i+1])
	}
	return &http.Response{StatusCode: status, Header: w, Body: http.NoBody, Request: r}, nil
}

func TestLogins(t *testing.T) {
	good := func(r *http.Request) bool { _ = r.ParseForm(); return r.PostForm.Get("password") == "wonderland-7" }
	for _, tc := range []struct {
		name   string
		answer api
		ok     bool
	}{
		{"a cookie on 200", func(r *http.Request) (int, []string) {
			return 200, []string{"Set-Cookie", "session=0123456789; Path=/"}
		}, true},
		{"a cookie on 303", func(r *http.Request) (int, []string) {
			return 303, []string{"Set-Cookie", "session=0123456789; Path=/", "Location", "/login"}
		}, true},
		{"a token in a field", func(r *http.Request) (int, []string) {
			return 204, []string{"Authorization", "Bearer " + token}
		}, true},
		{"a CSRF cookie is no login", func(r *http.Request) (int, []string) {
			return 200, []string{"Set-Cookie", "csrftoken=0123456789; Path=/"}
		}, false},
		{"nothing", func(r *http.Request) (int, []string) { return 200, nil }, false},
		{"refused with a cookie", func(r *http.Request) (int, []string) {
			return 401, []string{"Set-Cookie", "session=0123456789; Path=/"}
		}, false},
		{"a foreign redirect is not followed", func(r *http.Request) (int, []string) {
			if r.URL.Host != "127.0.0.1:8000" {
				t.Errorf("a request went to %s", r.URL)
			}
			return 307, []string{"Location", "http://evil.test/login"}
		}, false},
		{"a login that wants a script's field", func(r *http.Request) (int, []string) {
			if r.Header.Get("X-Requested-With") != "XMLHttpRequest" || !good(r) {
				return 403, nil
			}
			return 200, []string{"Set-Cookie", "session=0123456789; Path=/"}
		}, true},
		{"a login that says 200 to what it refuses", func(r *http.Request) (int, []string) {
			if r.Method == "GET" {
				return 404, nil
			}
			if r.Header.Get("X-Requested-With") == "" || !good(r) {
				return 200, nil
			}
			return 200, []string{"Set-Cookie", "session=0123456789; Path=/"}
		}, true},
		{"a login that wants a CSRF token first", func(r *http.Request) (int, []string) {
			switch {
			case r.Method == "GET":
				return 200, []string{"Set-Cookie", "csrftoken=token-1; Path=/"}
			case r.Header.Get("X-Csrf-Token") != "token-1" || !strings.Contains(r.Header.Get("Cookie"), "csrftoken=token-1"):
				return 403, nil
			case !good(r):
				return 401, nil
			}
			return 200, []string{"Set-Cookie", "session=0123456789; Path=/"}
		}, true},
	} {
		base, _ := url.Parse("http://127.0.0.1:8000")
		var red secret.Redactor
		a := &actor.Actor{Account: actor.Account{Name: "alice", Password: secret.New("wonderland-7")}, Base: base, Redactor: &red,
			Client: client.New(client.Config{Target: base, Transport: tc.answer}),
			Routes: []actor.Route{{Method: "POST", Path: "/login", Encoding: actor.Form, UserField: "username", PassField: "password"}},
			Page:   func(http.Header, string, *url.URL) {}}
		creds, err := a.Login(t.Context())
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
		if err != nil && strings.Contains(err.Error(), "wonderland-7") {
			t.Errorf("%s: the error holds the password: %v", tc.name, err)
		}
		if err == nil && creds.Bearer() == "" && len(creds.Jar.Cookies()) == 0 {
			t.Errorf("%s: no credential", tc.name)
		}
		if red.Redact("wonderland-7") == "wonderland-7" {
			t.Errorf("%s: the redactor does not know the password", tc.name)
		}
	}
}

func TestCreatingAnAccountIsNoLogin(t *testing.T) {
	doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{
		"/auth/users/":{"post":{"requestBody":{"$ref":"#/components/requestBodies/b"},"responses":{}}},
		"/auth/user":{"post":{"requestBody":{"$ref":"#/components/requestBodies/b"},"responses":{}}},
		"/auth":{"post":{"requestBody":{"$ref":"#/components/requestBodies/b"},"responses":{}}}},
		"components":{"requestBodies":{"b":{"content":{"application/json":{"schema":{"type":"object","properties":{"username":{"type":"string"},"password":{"type":"string"}}}}}}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	routes := actor.Find(doc)
	if len(routes) != 1 || routes[0].Path != "/auth" {
		t.Errorf("%v", routes)
	}
}

func TestWhatTheLoginsFolderHoldsIsNoLogin(t *testing.T) {
	creds := `"email":{"type":"string"},"password":{"type":"string"}`
	post := func(path, id, more string) string {
		return `"` + path + `":{"post":{"operationId":"` + id + `",` + strings.Replace(body("application/json", creds), `"responses":{}`, `"responses":{`+more, 1) + `}}}`
	}
	const made, answered = `"201":{"description":""}`, `"200":{"description":""}`
	login := post("/api/auth/login", "login_api_auth_login_post", answered)
	for name, tc := range map[string]struct {
		paths string
		want  []string
	}{
		"it creates":              {login + "," + post("/api/auth/teachers", "add_teacher_api_auth_teachers_post", made), []string{"/api/auth/login"}},
		"it asks for a login":     {login + "," + strings.Replace(post("/api/auth/staff", "staff", answered), `"post":{`, `"post":{"security":[{"o":[]}],`, 1), []string{"/api/auth/login"}},
		"nothing speaks against":  {login + "," + post("/api/auth/staff", "staff", answered), []string{"/api/auth/login", "/api/auth/staff"}},
		"a session is created":    {login + "," + post("/api/auth/sessions", "open", made), []string{"/api/auth/login", "/api/auth/sessions"}},
		"its ID calls it a login": {login + "," + post("/api/auth/enter", "login_enter_api_auth_enter_post", made), []string{"/api/auth/login", "/api/auth/enter"}},
		"nothing else is there":   {post("/api/auth/enter", "enter", made), []string{"/api/auth/enter"}},
	} {
		doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{`+tc.paths+`}}`), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, r := range actor.Find(doc) {
			got = append(got, r.Path)
		}
		slices.Sort(got)
		slices.Sort(tc.want)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestLoginsByOtherNames(t *testing.T) {
	for name, tc := range map[string]struct{ operation, properties, user, pass string }{
		"nick and PIN":                 {"/session", `"nick":{"type":"string"},"pin":{"type":"string"}`, "nick", "pin"},
		"a number and a word":          {"/sign-in", `"pitch":{"type":"string"},"word":{"type":"string"}`, "pitch", "word"},
		"one of the names is usual":    {"/sign-in", `"password":{"type":"string"},"badge":{"type":"string"}`, "badge", "password"},
		"an envelope of which":         {"/auth/login", `"data":{"type":"object"}`, "data.username", "data.password"},
		"two texts that log nobody in": {"/messages", `"to":{"type":"string"},"text":{"type":"string"}`, "", ""},
	} {
		b := strings.Replace(body("application/json", tc.properties), `"type":"object",`, `"type":"object","required":["nick","pin","pitch","word","password","badge","data","to","text"],`, 1)
		routes := actor.Find(document(t, `"`+tc.operation+`":{"post":{`+b+`}}`))
		routes = slices.DeleteFunc(routes, func(r actor.Route) bool { return r.Path != tc.operation })
		switch {
		case tc.user == "" && len(routes) > 0:
			t.Errorf("%s: %+v", name, routes)
		case tc.user != "" && (len(routes) == 0 || routes[0].UserField != tc.user || routes[0].PassField != tc.pass):
			t.Errorf("%s: %+v", name, routes)
		}
	}
}

func TestATokenForTheSecondFactorIsNoAccessToken(t *testing.T) {
	base, _ := url.Parse("http://127.0.0.1:8000")
	for answer, ok := range map[string]bool{`{"mfa_token":"` + token + `"}`: false, `{"access_token":"` + token + `"}`: true} {
		var red secret.Redactor
		a := &actor.Actor{Account: actor.Account{Name: "alice", Password: secret.New("wonderland-7")}, Base: base, Redactor: &red,
			Client: client.New(client.Config{Target: base, Transport: saying(answer)}),
			Routes: []actor.Route{{Method: "POST", Path: "/login", Encoding: actor.JSON, UserField: "username", PassField: "password"}},
			Page:   func(http.Header, string, *url.URL) {}}
		if _, err := a.Login(t.Context()); (err == nil) != ok {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// saying answers every request by a JSON text.
type saying string

func (s saying) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(s))), Request: r}, nil
}

func TestACSRFCookieNamesItsField(t *testing.T) {
	c := actor.Credentials{Told: []string{"X-Told"}, CSRF: []actor.CSRFToken{
		{Value: "v1", Where: "cookie", Name: "__Host-swap_csrf"}, {Value: "v2", Where: "body", Name: "csrf"}, {Value: "v3", Where: "cookie", Name: "X-XSRF-TOKEN"}, {Value: "v4", Where: "cookie", Name: "csrf token\r\n"},
	}}
	if got := strings.Join(c.CSRFFields(), " "); got != "X-Told X-Swap-Csrf" {
		t.Errorf("got %q", got)
	}
}
