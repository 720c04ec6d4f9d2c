package openapi_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

const recorded = `{"log":{"version":"1.2","entries":[
 {"request":{"method":"GET","url":"https://shop.example/static/app.js"},"response":{"status":200,"content":{"mimeType":"text/javascript"}}},
 {"request":{"method":"POST","url":"https://tracker.example/hit","postData":{"mimeType":"application/json","text":"{}"}},"response":{"status":200,"content":{}}},
 {"request":{"method":"POST","url":"https://shop.example/api/orders","postData":{"mimeType":"application/json; charset=utf-8","text":"{\"product_id\":3,\"note\":\"soon\",\"gift\":true}"}},"response":{"status":201,"content":{"mimeType":"application/json","text":"{\"id\":17}"}}},
 {"request":{"method":"DELETE","url":"https://shop.example/api/orders/17"},"response":{"status":204,"content":{}}},
 {"request":{"method":"GET","url":"https://shop.example/api/orders/18/lines/9d3f6c1e-1b2a-4c3d-8e4f-000000000001?full=1","queryString":[{"name":"full","value":"1"}]},"response":{"status":200,"content":{"mimeType":"application/json","text":"{}"}}},
 {"request":{"method":"POST","url":"https://shop.example/search","postData":{"mimeType":"application/x-www-form-urlencoded","text":"q=tea&page=2"}},"response":{"status":200,"content":{}}}]}}`

func TestARecordingIsADocument(t *testing.T) {
	t.Parallel()
	doc, err := openapi.ParseHAR([]byte(recorded), &url.URL{Scheme: "https", Host: "shop.example"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, op := range doc.Operations {
		got = append(got, op.String())
	}
	want := "POST /api/orders, DELETE /api/orders/{order_id}, GET /api/orders/{order_id}/lines/{line_id}, POST /search"
	if strings.Join(got, ", ") != want {
		t.Fatalf("operations %q, want %s", got, want)
	}
	if doc.Kind != "HAR" {
		t.Errorf("kind %q", doc.Kind)
	}
	pool := &openapi.Pool{}
	for op, c := range map[string]struct{ target, body string }{
		"POST /api/orders":                           {"/api/orders", `{"gift":true,"note":"soon","product_id":3}`},
		"DELETE /api/orders/{order_id}":              {"/api/orders/17", ""},
		"GET /api/orders/{order_id}/lines/{line_id}": {"/api/orders/18/lines/9d3f6c1e-1b2a-4c3d-8e4f-000000000001?full=1", ""},
		"POST /search":                               {"/search", "page=2&q=tea"},
	} {
		r, err := doc.Build(operation(t, doc, op), pool, openapi.BuildOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Target() != c.target || string(r.Body) != c.body {
			t.Errorf("%s: %s %s, want %s %s", op, r.Target(), r.Body, c.target, c.body)
		}
	}
}

func TestWhatIsNoRecordingIsSaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ data, says string }{
		"HTML":      {"<html>", "HTML"},
		"no log":    {`{"openapi":"3.1.0"}`, `without a "log"`},
		"no entry":  {`{"log":{"entries":[]}}`, "records no request"},
		"not UTF-8": {"{\"log\xff\":{}}", "not UTF-8"},
		"broken":    {`{"log":`, "no HAR recording"},
	} {
		if _, err := openapi.ParseHAR([]byte(c.data), nil); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
	}
}

func FuzzParseHAR(f *testing.F) {
	f.Add([]byte(recorded))
	f.Add([]byte(`{"log":{"entries":[{"request":{"method":"post","url":"http://h/%2f/{x}/5","postData":{"mimeType":"application/json","text":"[[[["}}}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := openapi.ParseHAR(data, nil)
		if err != nil {
			return
		}
		for _, op := range doc.Operations[:min(len(doc.Operations), 50)] {
			if _, err := doc.Build(op, &openapi.Pool{}, openapi.BuildOptions{}); err != nil {
				var want *openapi.Unbuildable
				if !asUnbuildable(err, &want) {
					t.Errorf("%s: %v", op, err)
				}
			}
		}
	})
}
