package attack

import (
	"net/http"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

func reply(status int, contentType, body string, fields ...string) *client.Response {
	h := http.Header{"Content-Type": {contentType}}
	for i := 0; i < len(fields); i += 2 {
		h.Set(fields[i], fields[i+1])
	}
	return &client.Response{Status: status, Header: h, Body: []byte(body)}
}

const js = "application/json"

func TestJudgeTellsSuccessFromRefusal(t *testing.T) {
	ok := reply(200, js, `{"status":"ok","id":7}`)
	denied := reply(401, js, `{"detail":"Not authenticated"}`)
	for _, tc := range []struct {
		name    string
		yes, no *client.Response
		got     *client.Response
		want    Reading
	}{
		{"the same success", ok, denied, reply(200, js, `{"status":"ok","id":8}`), Accepted},
		{"the same refusal", ok, denied, denied, Refused},
		{"another refusal", ok, denied, reply(403, js, `{"detail":"CSRF"}`), Refused},
		{"validation before authentication", ok, denied, reply(422, js, `{"detail":[{"loc":["body"]}]}`), Malformed},
		{"unsupported type", ok, denied, reply(415, js, `{}`), Malformed},
		{"2xx with an error in the body", ok, denied, reply(200, js, `{"error":"not logged in"}`), Refused},
		{"2xx with success false", reply(200, js, `{"success":true}`), reply(200, js, `{"success":false}`), reply(200, js, `{"success":false}`), Refused},
		{"2xx with success true", reply(200, js, `{"success":true}`), reply(200, js, `{"success":false}`), reply(200, js, `{"success":true}`), Accepted},
		{"messages alone differ", reply(200, js, `{"message":"Transfer of 5 done"}`), reply(200, js, `{"message":"Please log in first"}`), reply(200, js, `{"message":"Transfer of 9 done"}`), Accepted},
		{"messages alone differ, refused", reply(200, js, `{"message":"Transfer of 5 done"}`), reply(200, js, `{"message":"Please log in first"}`), reply(200, js, `{"message":"Please log in first"}`), Refused},
		{"a list that has grown", reply(200, js, `[]`), denied, reply(200, js, `[{"id":1}]`), Accepted},
		{"a thing that has grown", reply(200, js, `{"id":1,"name":"a"}`), denied, reply(200, js, `{"id":1,"name":"a","theme":"b","pings":3}`), Accepted},
		{"no content", reply(204, "", ""), denied, reply(204, "", ""), Accepted},
		{"a redirect to success", reply(303, "", "", "Location", "/items/3"), reply(303, "", "", "Location", "/login"), reply(303, "", "", "Location", "/items/4"), Accepted},
		{"a redirect to the login", reply(303, "", "", "Location", "/items/3"), reply(303, "", "", "Location", "/login"), reply(303, "", "", "Location", "/login"), Refused},
		{"a server error", ok, denied, reply(500, "text/plain", "Internal Server Error"), Unclear},
		{"gone", ok, denied, reply(404, js, `{"detail":"Not Found"}`), Unclear},
	} {
		var j Judge
		j.Success(tc.yes)
		j.Refusal(tc.no)
		if j.Blind() {
			t.Errorf("%s: the controls cannot be told apart", tc.name)
		}
		if got := j.Read(tc.got); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestJudgeKnowsWhenItIsBlind(t *testing.T) {
	for _, body := range []string{`{"ok":true}`, `[]`, `{"message":"Thank you"}`, ``} {
		var j Judge
		j.Success(reply(200, js, body))
		j.Refusal(reply(200, js, body))
		if !j.Blind() || j.Read(reply(200, js, body)) != Unclear {
			t.Errorf("%q for both: blind %v, reads %v", body, j.Blind(), j.Read(reply(200, js, body)))
		}
	}
}

func TestFailed(t *testing.T) {
	for _, tc := range []struct {
		contentType, body string
		want              bool
	}{
		{js, `{"error":"not logged in"}`, true},
		{js, `{"success":false,"data":null}`, true},
		{js, `{"ok":false}`, true},
		{js, `{"status":"error"}`, true},
		{js, `{"errors":[{"message":"no such color"}]}`, true},
		{"application/problem+json", `{"Error":{"code":7}}`, true},
		{js, `{"error":null,"result":{"id":1}}`, false},
		{js, `{"errors":[],"success":true}`, false},
		{js, `{"error":"","status":"ok"}`, false},
		{js, `{"error":0,"status":"failed-over"}`, false},
		{js, `[{"error":"an entry of a log"}]`, false},
		{js, `{"message":"the login failed 3 times last week"}`, false},
		{"text/plain", `{"error":"not logged in"}`, false},
		{js, ``, false},
	} {
		if got := Failed(reply(200, tc.contentType, tc.body)); got != tc.want {
			t.Errorf("%s %s: %v, want %v", tc.contentType, tc.body, got, tc.want)
		}
	}
}
