package openapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

func asUnbuildable(err error, to **openapi.Unbuildable) bool { return errors.As(err, to) }

func TestReshape(t *testing.T) {
	t.Parallel()
	post := &openapi.Request{Method: "POST", Path: "/transfer", Header: http.Header{"X-Api": {"1"}}, ContentType: "application/json",
		Body: []byte(`{"amount":5,"to":"eve"}`), Value: map[string]any{"amount": 5.0, "to": "eve"}}
	get := &openapi.Request{Method: "GET", Path: "/transfer"}
	del := &openapi.Request{Method: "DELETE", Path: "/orders/3"}
	list := &openapi.Request{Method: "POST", Path: "/bulk", ContentType: "application/json", Body: []byte(`[1]`), Value: []any{1.0}}
	for name, c := range map[string]struct {
		request *openapi.Request
		shape   finding.Shape
		method  string // "" where the shape cannot hold the request
		media   string
		body    string
	}{
		"form":               {post, finding.Form, "POST", "application/x-www-form-urlencoded", "amount=5&to=eve"},
		"multipart":          {post, finding.Multipart, "POST", "multipart/form-data", `name=amount`},
		"text":               {post, finding.TextPlain, "POST", "text/plain", `{"amount":5,"to":"eve"`},
		"blob":               {post, finding.Blob, "POST", "", `{"amount":5,"to":"eve"}`},
		"JSON":               {post, finding.JSONCORS, "POST", "application/json", `{"amount":5,"to":"eve"}`},
		"navigation":         {get, finding.Navigate, "GET", "", ""},
		"navigation to POST": {post, finding.Navigate, "", "", ""},
		"image":              {get, finding.Image, "GET", "", ""},
		"HEAD":               {get, finding.Head, "HEAD", "", ""},
		"override":           {del, finding.Override, "POST", "application/x-www-form-urlencoded", "_method=DELETE"},
		"override of POST":   {post, finding.Override, "", "", ""},
		"form for DELETE":    {del, finding.Form, "", "", ""},
		"form of a list":     {list, finding.Form, "", "", ""},
		"blob of a list":     {list, finding.Blob, "POST", "", "[1]"},
		"socket":             {get, finding.WebSocket, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := openapi.Reshape(c.request, c.shape)
			if c.method == "" {
				var why *openapi.Unbuildable
				if !errors.As(err, &why) || why.Reason == "" {
					t.Errorf("%v, want the reason why it cannot be", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			media, _, _ := strings.Cut(r.ContentType, ";")
			if r.Method != c.method || media != c.media || !strings.Contains(string(r.Body), c.body) {
				t.Errorf("%s %s %s", r.Method, r.ContentType, r.Body)
			}
			if c.shape != finding.JSONCORS && len(r.Header) > 0 {
				t.Errorf("a simple request bears %v", r.Header)
			}
			if post.ContentType != "application/json" || post.Header.Get("X-Api") != "1" {
				t.Error("the original was changed")
			}
		})
	}
}

// What a text/plain form sends is still JSON (CVE-2021-32677).
func TestSmuggledJSONParses(t *testing.T) {
	t.Parallel()
	r, err := openapi.Reshape(&openapi.Request{Method: "POST", Value: map[string]any{"to": "a=b"}, ContentType: "application/json"}, finding.TextPlain)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(r.Body, &v); err != nil || v["to"] != "a=b" {
		t.Errorf("%s: %v", r.Body, err)
	}
	// A form joins one field's name and value by "=" and ends the line.
	if line, ended := strings.CutSuffix(string(r.Body), "\r\n"); !ended || !strings.Contains(line, "=") {
		t.Errorf("no form of one field sends %q", r.Body)
	}
}
