package openapi_test

import (
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

func TestAChangeGivesWhatTheThingHasNot(t *testing.T) {
	t.Parallel()
	const paths = `{"openapi":"3.1.0","paths":{
"/depots":{"get":{"responses":{"200":{"description":"","content":{"application/json":{"schema":{"type":"array","items":{"type":"object","properties":{"id":{"type":"integer"},"name":{"type":"string"}}}}}}}}}},
"/crates/{crate_id}/move":{"post":{"parameters":[{"name":"crate_id","in":"path","required":true,"schema":{"type":"integer"}}],
 "requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["depot_id","level","sealed","note"],
 "properties":{"depot_id":{"type":"integer"},"level":{"type":"string","enum":["low","high"]},"sealed":{"type":"boolean"},"note":{"type":"string"}}}}}}}}}}`
	doc, err := openapi.Parse(t.Context(), []byte(paths), nil)
	if err != nil {
		t.Fatal(err)
	}
	var list, move *openapi.Operation
	for _, op := range doc.Operations {
		if op.Method == "GET" {
			list = op
		} else {
			move = op
		}
	}
	pool := &openapi.Pool{}
	seen, err := doc.Build(list, pool, openapi.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pool.Learn(list, seen, 200, nil, openapi.Says([]byte(`[{"id":41,"name":"North"},{"id":42,"name":"South"}]`)))
	r, err := doc.Build(move, pool, openapi.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	was, _ := r.Value.(map[string]any)
	for name, want := range map[string]func(any) bool{
		"depot_id": func(v any) bool { return v != was["depot_id"] && (v == 41.0 || v == 42.0) },
		"level":    func(v any) bool { return v != was["level"] && (v == "low" || v == "high") },
		"sealed":   func(v any) bool { return v != was["sealed"] },
	} {
		next, ok := doc.Differ(move, pool, r, map[string]any{name: was[name]})
		if !ok {
			t.Errorf("%s: nothing differs", name)
			continue
		}
		if is, _ := next.Value.(map[string]any); !want(is[name]) {
			t.Errorf("%s was %v and is %v", name, was[name], is[name])
		}
	}
	for name, thing := range map[string]map[string]any{
		"another depot":  {"depot_id": 43.0},
		"nothing shared": {"id": 1.0},
		"a free text":    {"note": was["note"]},
		"nothing known":  nil,
	} {
		if next, ok := doc.Differ(move, pool, r, thing); ok {
			t.Errorf("%s: %s became %s", name, r.Body, next.Body)
		}
	}
}
