package openapi

import (
	"net/http"
	"testing"
)

// A thing that lives where a path names one fills the path, whatever the
// document calls it.
func TestThingsCalledOtherwise(t *testing.T) {
	d, err := Parse(t.Context(), []byte(`{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {
		"/task": {"post": {"requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}}}},
			"responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Todo"}}}}}}},
		"/task/{task_id}": {"get": {"parameters": [{"name": "task_id", "in": "path", "required": true, "schema": {"type": "string"}}], "responses": {"200": {"description": "ok"}}}}},
		"components": {"schemas": {"Todo": {"type": "object", "properties": {"id": {"type": "string"}, "title": {"type": "string"}}}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &Pool{}
	var made, got *Request
	for _, o := range d.Plan() {
		r, err := d.Build(o, p, BuildOptions{Serial: 1})
		if err != nil {
			t.Fatal(err)
		}
		if o.Method == http.MethodPost {
			made = r
			p.Learn(o, r, http.StatusOK, http.Header{}, Says([]byte(`{"id": "9f-1", "title": "x"}`)))
		} else {
			got = r
		}
	}
	if made == nil || got == nil || got.Path != "/task/9f-1" {
		t.Errorf("the request goes to %+v", got)
	}
}
