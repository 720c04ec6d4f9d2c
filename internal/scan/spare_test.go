package scan

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// people is an API with the accounts of alice, who is scanned, and mallory.
func people(t *testing.T) *api {
	t.Helper()
	operation := func(method string) string {
		return `"` + method + `":{"parameters":[{"name":"user_id","in":"path","required":true,"schema":{"type":"integer"}}],"responses":{"200":{"description":""}}}`
	}
	doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{
		"/notes/{note_id}":{"delete":{"parameters":[{"name":"note_id","in":"path","required":true,"schema":{"type":"integer"}}],"responses":{"200":{"description":""}}}},
		"/users":{"get":{"responses":{"200":{"description":""}}}},
		"/users/toggle-status/{user_id}":{`+operation("post")+`},
		"/users/{user_id}":{`+operation("get")+`,`+operation("put")+`,`+operation("delete")+`}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	base := &url.URL{Scheme: "http", Host: "127.0.0.1"}
	account := func(name string) *actor.Actor { return &actor.Actor{Account: actor.Account{Name: name}, Base: base} }
	a := &api{doc: doc, pool: &openapi.Pool{}, cfg: &Config{}, t: &attack.Target{Base: base, Victim: account("alice"), Attacker: account("mallory")}, byOp: map[*openapi.Operation]*use{}}
	for _, op := range doc.Operations {
		a.uses = append(a.uses, a.newUse(op))
	}
	return a
}

// seen shows an answer to the scan, as the listing of all accounts.
func (a *api) seen(kind, body string) {
	res := &client.Response{Status: 200, Header: http.Header{"Content-Type": {kind}}, Body: []byte(body), Request: &client.Request{URL: a.t.Base.JoinPath("users")}}
	list := a.uses[0]
	for _, u := range a.uses {
		if u.op.Path == "/users" {
			list = u
		}
	}
	a.recognise(res)
	a.learnLinks(res)
	a.pool.Learn(list.op, &openapi.Request{Path: "/users"}, 200, res.Header, res.JSON)
}

const (
	pageOfPeople = `<table><tr><td>alice</td><td><a href="/users/toggle-status/1">x</a></td></tr>
		<tr><td> Mallory </td><td><a href="/users/toggle-status/2">x</a></td></tr>`
	others = `<tr><td>not alice</td><td><a href="/users/toggle-status/3">x</a></td></tr>`
)

func TestTheGivenAccountsAreSpared(t *testing.T) {
	for name, tc := range map[string]struct {
		kind, body string
		want       map[string]string // path by method; a guess where no one else is known
	}{
		"a page": {"text/html", pageOfPeople + others, map[string]string{"POST": "/users/toggle-status/3", "DELETE": "/users/3", "PUT": "/users/3", "GET": "/users/1"}},
		"JSON": {"application/json", `[{"id":1,"username":"alice"},{"id":2,"username":"mallory"},{"id":3,"username":"carol"}]`,
			map[string]string{"POST": "/users/toggle-status/3", "DELETE": "/users/3", "PUT": "/users/3"}},
		"no one else": {"text/html", pageOfPeople, map[string]string{"POST": "/users/toggle-status/3", "DELETE": "/users/3", "PUT": "/users/1"}},
	} {
		a := people(t)
		a.seen(tc.kind, tc.body)
		for _, u := range a.uses {
			want, asked := tc.want[u.op.Method]
			if !asked || !strings.HasPrefix(u.op.Path, "/users/") {
				continue
			}
			got := ""
			if r, err := a.build(u, nil); err == nil {
				got = r.Path
			}
			if got != want {
				t.Errorf("%s: %s: got %q, want %q", name, u.op, got, want)
			}
		}
	}
}

func TestNothingIsSparedWhereNoAccountIsNamed(t *testing.T) {
	a := people(t)
	a.seen("application/json", `[{"id":1,"username":"alice"}]`)
	for _, u := range a.uses {
		never, rather := a.spare(u)
		if spares := u.op.Method != "GET" && strings.HasPrefix(u.op.Path, "/users"); (len(rather) > 0) != spares {
			t.Errorf("%s: %v, %v", u.op, never, rather)
		}
	}
}
