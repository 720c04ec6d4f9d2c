package openapi_test

import (
	"net/url"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

func TestDescribeFillsAForm(t *testing.T) {
	doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{"/notes/add":{"post":{"responses":{"200":{"description":""}}}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	op := doc.Operations[0]
	op.Describe("application/x-www-form-urlencoded", []openapi.Field{
		{Name: "title", Type: "text"}, {Name: "priority", Type: "number"}, {Name: "kind", Type: "select", Options: []string{"a"}},
		{Name: "next", Type: "hidden", Value: "/here"}, {Name: "pinned", Type: "checkbox", Value: "on"},
	})
	r, err := doc.Build(op, &openapi.Pool{}, openapi.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := url.ParseQuery(string(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	if got.Get("title") == "" || got.Get("priority") == "" || got.Get("kind") != "a" || got.Get("next") != "/here" || got.Has("pinned") {
		t.Errorf("%s as %s", r.Body, r.ContentType)
	}
}
