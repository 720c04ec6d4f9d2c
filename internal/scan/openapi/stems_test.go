package openapi_test

import (
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// What a path takes to name a thing, a body takes too; but what the operation
// itself gives to what it makes is new, once the API has said so.
func TestBodiesNameWhatPathsName(t *testing.T) {
	t.Parallel()
	const text = `{"type":"object","required":["kennzeichen"],"properties":{"kennzeichen":{"type":"string"}}}`
	doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{
		"/fahrzeuge":{"get":{"responses":{}},"post":{"requestBody":{"content":{"application/json":{"schema":`+text+`}}},"responses":{}}},
		"/fahrzeuge/{kennzeichen}":{"get":{"parameters":[{"name":"kennzeichen","in":"path","required":true,"schema":{"type":"string"}}],"responses":{}}},
		"/buchungen":{"post":{"requestBody":{"content":{"application/json":{"schema":`+text+`}}},"responses":{}}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	pool := &openapi.Pool{}
	list := operation(t, doc, "GET /fahrzeuge")
	pool.Learn(list, &openapi.Request{Method: "GET"}, 200, nil, openapi.Says([]byte(`[{"kennzeichen":"B-XY 12","sitze":5}]`)))
	plate := func(op string) any {
		r, err := doc.Build(operation(t, doc, op), pool, openapi.BuildOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return r.Value.(map[string]any)["kennzeichen"]
	}
	if got := plate("POST /buchungen"); got != "B-XY 12" {
		t.Errorf("a booking is for the vehicle %v", got)
	}
	op := operation(t, doc, "POST /fahrzeuge")
	r, err := doc.Build(op, pool, openapi.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if next, ok := doc.Repair(op, pool, r, 409, []byte(`{"detail":"this plate already exists"}`)); !ok || !next.Renamed() {
		t.Fatalf("no other name was tried: %+v", next)
	}
	if got := plate("POST /fahrzeuge"); got == "B-XY 12" {
		t.Error("a new vehicle has the plate of another, although that is taken")
	}
	if got := plate("POST /buchungen"); got != "B-XY 12" {
		t.Errorf("then a booking is for the vehicle %v", got)
	}
}
