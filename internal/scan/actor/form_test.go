package actor_test

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

func page(body string) *client.Response {
	u := &url.URL{Scheme: "http", Host: "api.test", Path: "/api/start/"}
	return &client.Response{Status: 200, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte(body), Request: &client.Request{Method: "GET", URL: u}}
}

func TestFormsOfAPage(t *testing.T) {
	forms := actor.Forms(page(`<!doctype html><input name=outside>
		<form action="../login#top" METHOD=Post><input NAME="csrf_token" type=hidden value="a&amp;b"><input name=user required>
		<input type=password name=pw><input type=submit name=go value=Go><button name=b></button></form>
		<form method=post enctype="multipart/form-data" action=""><select name=kind><option value=a>A<option value=b>B</select>
		<input type=radio name=size value=s><input type=radio name=size value=l><textarea name=text>x</textarea><input type=file name=f></form>
		<form action="https://elsewhere.test/x" method=post><input name=q></form>
		<form action=/search><input name=q value=1></form>`))
	if len(forms) != 3 {
		t.Fatalf("%d forms: %+v", len(forms), forms)
	}
	login := forms[0]
	if login.Method != "POST" || login.Action.String() != "http://api.test/api/login" || login.Encoding != actor.Form || len(login.Fields) != 3 {
		t.Errorf("%+v", login)
	}
	if f := login.Fields[0]; f.Name != "csrf_token" || f.Value != "a&b" || f.Type != "hidden" {
		t.Errorf("%+v", f)
	}
	upload := forms[1]
	if upload.Encoding != actor.Multipart || upload.Action.Path != "/api/start/" || len(upload.Fields) != 4 ||
		!reflect.DeepEqual(upload.Fields[0].Options, []string{"a", "b"}) || !reflect.DeepEqual(upload.Fields[1].Options, []string{"s", "l"}) {
		t.Errorf("%+v", upload)
	}
	if forms[2].Method != "GET" {
		t.Errorf("%+v", forms[2])
	}
	if got := actor.Forms(page(strings.Repeat("<form method=post>", 1000))); len(got) > 20 {
		t.Errorf("%d forms are read", len(got))
	}
}

func TestLoginForms(t *testing.T) {
	base := &url.URL{Scheme: "http", Host: "api.test", Path: "/api"}
	for _, c := range []struct {
		name, form string
		want       *actor.Route
	}{
		{"a login", `<form method=post action=/api/in><input type=hidden name=next value=/><input type=hidden name=xsrf><input name=mail type=email><input type=password name=p><input type=checkbox name=keep>`,
			&actor.Route{Method: "POST", Path: "/in", Encoding: actor.Form, UserField: "mail", PassField: "p", CSRFField: "xsrf", Extra: map[string]any{"next": "/"}}},
		{"a registration with two passwords", `<form method=post><input name=u><input type=password name=p><input type=password name=p2>`, nil},
		{"a registration with more than a name", `<form method=post><input name=u><input name=mail type=email><input type=password name=p>`, nil},
		{"a change of password", `<form method=post><input type=password name=p>`, nil},
		{"by GET", `<form><input name=u><input type=password name=p>`, nil},
		{"outside the API", `<form method=post action=/other><input name=u><input type=password name=p>`, nil},
	} {
		forms := actor.Forms(page(c.form))
		if len(forms) != 1 {
			t.Fatalf("%s: %d forms", c.name, len(forms))
		}
		got, ok := forms[0].Login(base)
		if ok != (c.want != nil) || ok && !reflect.DeepEqual(got, *c.want) {
			t.Errorf("%s: %v %+v", c.name, ok, got)
		}
	}
}

// htmx sends a form by the method and to the address of its own attributes.
func TestFormsOfHTMX(t *testing.T) {
	forms := actor.Forms(page(`<form hx-post="/goods"><input name="a"></form>
		<form data-hx-put="/goods/1" method="post" action="/else"><input name="b"></form><form action="/find"><input name="c"></form>`))
	want := []string{"POST /goods", "PUT /goods/1", "GET /find"}
	for i, f := range forms {
		if got := f.Method + " " + f.Action.Path; i >= len(want) || got != want[i] {
			t.Errorf("form %d: %s", i, got)
		}
	}
	if len(forms) != len(want) {
		t.Errorf("%d forms, want %d", len(forms), len(want))
	}
}
