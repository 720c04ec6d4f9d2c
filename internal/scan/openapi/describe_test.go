package openapi_test

import (
	"net/url"
	"regexp"
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

func TestAPageShowsWhatTheDocumentCallsTexts(t *testing.T) {
	doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{"/visits":{"post":{
		"requestBody":{"required":true,"content":{"application/x-www-form-urlencoded":{"schema":{"type":"object",
			"required":["when","tax_no","born","doctor","kind","day"],"properties":{"when":{"type":"string"},"tax_no":{"type":"string"},"born":{"type":"string"},
			"doctor":{"type":"integer"},"kind":{"type":"string","enum":["a","b"]},"day":{"type":"string"}}}}}},
		"responses":{"200":{"description":""}}}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	op, pool := doc.Operations[0], &openapi.Pool{}
	pool.Shown(op, []openapi.Field{
		{Name: "when", Type: "datetime-local"}, {Name: "tax_no", Type: "text", Placeholder: "000.000.000-00"}, {Name: "born", Type: "date"},
		{Name: "doctor", Type: "select", Options: []string{"", "7"}}, {Name: "kind", Type: "select", Options: []string{"z"}},
		{Name: "day", Type: "text", Placeholder: "31.12.2020"}, {Name: "unknown", Type: "date"},
	})
	seen := map[string]bool{}
	for serial := range 100 {
		r, err := doc.Build(op, pool, openapi.BuildOptions{Serial: serial})
		if err != nil {
			t.Fatal(err)
		}
		got, err := url.ParseQuery(string(r.Body))
		if err != nil {
			t.Fatal(err)
		}
		for name, pattern := range map[string]string{"when": `^\d{4}-\d\d-\d\dT\d\d:\d\d$`, "tax_no": `^\d{3}\.\d{3}\.\d{3}-\d\d$`, "born": `^\d{4}-\d\d-\d\d$`, "doctor": "^7$", "kind": "^a$"} {
			if !regexp.MustCompile(pattern).MatchString(got.Get(name)) {
				t.Errorf("%s is %q", name, got.Get(name))
			}
		}
		if regexp.MustCompile(`^\d\d\.\d\d\.\d{4}$`).MatchString(got.Get("day")) {
			t.Errorf("a date that is none: %q", got.Get("day"))
		}
		seen[got.Get("tax_no")] = true
	}
	if len(seen) < 99 {
		t.Errorf("%d numbers of 100 requests", len(seen))
	}
}
