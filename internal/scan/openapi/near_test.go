package openapi_test

import (
	"net/http"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

func TestThingsOfTheNearerCollectionComeFirst(t *testing.T) {
	path := func(p string, parameter string) string {
		return `"` + p + `":{"get":{` + parameter + `"responses":{"200":{"description":""}}}}`
	}
	title := `"parameters":[{"name":"title","in":"path","required":true,"schema":{"type":"string"}}],`
	doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{`+
		path("/archive/books", "")+`,`+path("/shop/books", "")+`,`+path("/shop/order_book/{title}", title)+`,`+path("/archive/book/{title}", title)+`}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	pool := &openapi.Pool{}
	op := func(p string) *openapi.Operation {
		for _, o := range doc.Operations {
			if o.Path == p {
				return o
			}
		}
		t.Fatal(p)
		return nil
	}
	learn := func(p, body string) {
		r, err := doc.Build(op(p), pool, openapi.BuildOptions{})
		if err != nil {
			t.Fatal(err)
		}
		pool.Learn(op(p), r, http.StatusOK, http.Header{}, openapi.Says([]byte(body)))
	}
	learn("/shop/books", `[{"title":"B","author":"b"}]`)
	learn("/archive/books", `[{"title":"A","author":"a"}]`)
	for p, want := range map[string]string{"/shop/order_book/{title}": "/shop/order_book/B", "/archive/book/{title}": "/archive/book/A"} {
		r, err := doc.Build(op(p), pool, openapi.BuildOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Path != want {
			t.Errorf("%s: got %s", p, r.Path)
		}
	}
}
