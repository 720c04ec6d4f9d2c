package openapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

const swagger2 = `swagger: "2.0"
info: {title: Pets, version: "1"}
basePath: /v2
securityDefinitions:
  password: {type: oauth2, flow: password, tokenUrl: /v2/token, scopes: {}}
definitions:
  Pet: {type: object, required: [name], properties: {name: {type: string}, tag: {type: string}}}
paths:
  /pets:
    post:
      consumes: [application/json]
      parameters:
        - {in: body, name: pet, required: true, schema: {$ref: "#/definitions/Pet"}}
      responses: {"201": {description: made, schema: {$ref: "#/definitions/Pet"}}}
  /pets/{id}/picture:
    post:
      parameters:
        - {in: path, name: id, required: true, type: integer}
        - {in: formData, name: file, required: true, type: file}
        - {in: formData, name: caption, required: true, type: string, maxLength: 5}
      responses: {"200": {description: ok}}
`

func TestSwagger2InYAML(t *testing.T) {
	t.Parallel()
	doc, err := openapi.Parse(t.Context(), []byte(swagger2), nil)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Kind != "Swagger 2.0" || doc.Title != "Pets" || !slices.Contains(doc.Bases, "/v2") || !slices.Equal(doc.TokenURLs, []string{"/v2/token"}) {
		t.Errorf("read as %q %q %v %v", doc.Kind, doc.Title, doc.Bases, doc.TokenURLs)
	}
	pool := &openapi.Pool{}
	made, err := doc.Build(doc.Operations[0], pool, openapi.BuildOptions{})
	if err != nil || !strings.Contains(string(made.Body), `"name":`) {
		t.Errorf("POST /pets: %v, %s", err, made.Body)
	}
	picture, err := doc.Build(doc.Operations[1], pool, openapi.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(picture.ContentType, "multipart/form-data") || !strings.Contains(string(picture.Body), `filename=`) {
		t.Errorf("the upload is %s: %s", picture.ContentType, picture.Body)
	}
}

func TestServersGiveBasesAndEmptyIsAmongThem(t *testing.T) {
	t.Parallel()
	data := `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"servers":[{"url":"/api/v1"},{"url":"https://unreachable.example/{stage}","variables":{"stage":{"default":"prod"}}}],"paths":{}}`
	doc, err := openapi.Parse(t.Context(), []byte(data), &url.URL{Scheme: "http", Host: "127.0.0.1:8000", Path: "/openapi.json"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/api/v1", "/prod", ""}; !slices.Equal(doc.Bases, want) {
		t.Errorf("bases %q, want %q", doc.Bases, want)
	}
}

func TestWhatIsNoDocumentIsSaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ data, says string }{
		"HTML":        {"<!DOCTYPE html><html><title>Log in</title></html>", "an HTML page"},
		"XML":         {`<?xml version="1.0"?><a/>`, "XML"},
		"empty":       {" \n", "empty"},
		"other JSON":  {`{"detail":"Not Found"}`, `without an "openapi" or "swagger"`},
		"a list":      {`[1,2]`, "a JSON list"},
		"broken JSON": {`{"openapi": "3.1.0", "paths": {`, "broken JSON"},
		"not UTF-8":   {"{\"openapi\": \"3.1.0\xff\"}", "not UTF-8"},
		"no paths":    {`{"openapi":"3.1.0"}`, `no "paths"`},
		"text":        {"Not Found", "text"},
		"deep":        {`{"openapi":"3.1.0","paths":` + strings.Repeat(`{"a":`, 5000) + `1` + strings.Repeat(`}`, 5001), "nested deeper"},
		"large":       {strings.Repeat(" ", openapi.MaxDocument+1), "larger than 32 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := openapi.Parse(t.Context(), []byte(c.data), nil)
			var not *openapi.NotADocument
			if !errors.As(err, &not) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}

func TestNestedAliasesAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("openapi: 3.0.0\npaths: {}\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	_, err := openapi.Parse(t.Context(), []byte(b.String()), nil)
	if err == nil || !strings.Contains(err.Error(), "aliases") {
		t.Errorf("error %v, want one about aliases", err)
	}
}

// large is a document of n operations over schemas that lead to each other in
// a circle.
func large(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"openapi":"3.1.0","info":{"title":"large","version":"1"},"paths":{`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"/r%d/{id}":{"post":{"operationId":"o%d","parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"integer"}}],"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/N%d"}}}},"responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/N%d"}}}}}}}`, i, i, i%500, i%500)
	}
	b.WriteString(`},"components":{"schemas":{`)
	for i := range 500 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"N%d":{"type":"object","required":["a","next"],"properties":{"a":{"type":"string"},"next":{"anyOf":[{"$ref":"#/components/schemas/N%d"},{"type":"null"}]},"all":{"allOf":[{"$ref":"#/components/schemas/N%d"},{"$ref":"#/components/schemas/N%d"}]}}}`, i, (i+1)%500, i, (i+1)%500)
	}
	b.WriteString(`}}}`)
	return []byte(b.String())
}

func TestTwoThousandOperationsWithCycles(t *testing.T) {
	t.Parallel()
	doc, err := openapi.Parse(t.Context(), large(2000), nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, pool := doc.Plan(), &openapi.Pool{}
	if len(plan) != 2000 {
		t.Fatalf("%d operations are planned", len(plan))
	}
	for _, op := range plan {
		if _, err := doc.Build(op, pool, openapi.BuildOptions{Optional: true}); err != nil {
			t.Fatalf("%s: %v", op, err)
		}
		doc.Oracles(op)
		doc.Producers(op)
	}
	if _, err := openapi.Parse(t.Context(), large(openapi.MaxOperations+1), nil); err == nil {
		t.Error("more operations than are allowed were read")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := openapi.Parse(ended, large(10), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(swagger2))
	f.Add(document(pydantic2, market[:2]))
	f.Add(large(3))
	f.Add([]byte(`{"openapi":"3.0.0","paths":{"/a/{b}":{"get":{"parameters":[{"$ref":"#/paths/~1a~1{b}/get/parameters/0"}]},"$ref":"#/paths/~1a~1{b}"}}}`))
	f.Add([]byte("openapi: 3.0.0\npaths: {/a: &a {get: {x: *a}}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 1<<16)] // more only costs time
		doc, err := openapi.Parse(t.Context(), data, nil)
		if err != nil {
			return
		}
		pool := &openapi.Pool{}
		if plan := doc.Plan(); len(plan) != len(doc.Operations) {
			t.Fatalf("%d of %d operations are planned", len(plan), len(doc.Operations))
		}
		for _, op := range doc.Operations[:min(len(doc.Operations), 50)] {
			doc.Oracles(op)
			doc.Producers(op)
			r, err := doc.Build(op, pool, openapi.BuildOptions{Optional: true})
			if err != nil {
				continue
			}
			if _, err := url.Parse(r.Target()); err == nil && strings.ContainsAny(r.Target(), " \r\n") {
				t.Errorf("%s: the target %q would break a request line", op, r.Target())
			}
			pool.Learn(op, r, 200, nil, openapi.Says(r.Body))
			doc.Repair(op, pool, r, 422, data)
		}
	})
}
