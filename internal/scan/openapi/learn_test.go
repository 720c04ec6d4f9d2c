package openapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// step is one answer that is learned from.
type step struct {
	op     string
	values map[string]string // of the path
	status int
	header http.Header
	body   string
}

func TestIdsAreTakenFromAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		learned []step
		op      string
		opt     openapi.BuildOptions
		want    string // the path; "" where none may be built
	}{
		"listed":                {[]step{{op: "GET /orders", body: `[{"id":7}]`}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/7"},
		"envelope":              {[]step{{op: "GET /orders", body: `{"data":{"items":[{"id":7}]},"total":1}`}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/7"},
		"created before listed": {[]step{{op: "POST /orders", body: `{"id":5}`}, {op: "GET /orders", body: `[{"id":5},{"id":7}]`}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/5"},
		"bare id":               {[]step{{op: "GET /orders", body: `[{"id":9}]`}}, "GET /orders/{id}", openapi.BuildOptions{}, "/orders/9"},
		"camel case":            {[]step{{op: "GET /orders", body: `[{"orderId":"a1"}]`}}, "GET /orders/{orderId}", openapi.BuildOptions{}, "/orders/a1"},
		"only the id":           {[]step{{op: "POST /orders", body: `{"message":"ok","order_id":12}`}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/12"},
		"bare number":           {[]step{{op: "POST /orders", body: `31`}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/31"},
		"under its own name":    {[]step{{op: "POST /orders", body: `{"order":{"id":6}}`}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/6"},
		"location":              {[]step{{op: "POST /orders", status: 201, header: http.Header{"Location": {"http://x/orders/88"}}}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/88"},
		"slug":                  {[]step{{op: "GET /articles", body: `{"articles":[{"id":1,"slug":"a-b"}]}`}}, "GET /articles/{slug}", openapi.BuildOptions{}, "/articles/a-b"},
		"escaped":               {[]step{{op: "GET /articles", body: `[{"slug":"a/../b ?"}]`}}, "GET /articles/{slug}", openapi.BuildOptions{}, "/articles/a%2F..%2Fb%20%3F"},
		"irregular plural":      {[]step{{op: "GET /people", body: `[{"id":3}]`}}, "GET /people/{person_id}", openapi.BuildOptions{}, "/people/3"},
		"of the same parent": {[]step{{op: "GET /shops", body: `[{"id":1},{"id":2}]`}, {op: "GET /shops/{shop_id}/items", values: map[string]string{"shop_id": "1"}, body: `[{"id":10}]`}},
			"GET /shops/{shop_id}/items/{item_id}", openapi.BuildOptions{}, "/shops/1/items/10"},
		"nested in its parent":   {[]step{{op: "GET /shops", body: `[{"id":1,"items":[]},{"id":2,"items":[{"id":20}]}]`}}, "GET /shops/{shop_id}/items/{item_id}", openapi.BuildOptions{}, "/shops/2/items/20"},
		"deleted":                {[]step{{op: "GET /orders", body: `[{"id":7},{"id":8}]`}, {op: "DELETE /orders/{order_id}", values: map[string]string{"order_id": "8"}, status: 204}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/7"},
		"fresh is created":       {[]step{{op: "GET /orders", body: `[{"id":7}]`}}, "DELETE /orders/{order_id}", openapi.BuildOptions{Fresh: true}, ""},
		"fresh and created":      {[]step{{op: "GET /orders", body: `[{"id":7}]`}, {op: "POST /orders", body: `{"id":8}`}}, "DELETE /orders/{order_id}", openapi.BuildOptions{Fresh: true}, "/orders/8"},
		"taken":                  {[]step{{op: "GET /orders", body: `[{"id":7},{"id":8}]`}}, "GET /orders/{order_id}", openapi.BuildOptions{Taken: map[string]bool{"8": true}}, "/orders/7"},
		"avoided":                {[]step{{op: "GET /orders", body: `[{"id":7},{"id":8}]`}}, "GET /orders/{order_id}", openapi.BuildOptions{Avoid: map[string]bool{"/orders/8": true}}, "/orders/7"},
		"ours before others'":    {[]step{{op: "GET /me", body: `{"id":2,"username":"alice"}`}, {op: "GET /orders", body: `[{"id":7,"owner_id":2},{"id":8,"owner_id":3}]`}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/7"},
		"oneself":                {[]step{{op: "GET /users", body: `[{"id":1},{"id":2},{"id":3}]`}, {op: "GET /me", body: `{"id":2,"username":"alice"}`}}, "PATCH /users/{user_id}", openapi.BuildOptions{}, "/users/2"},
		"not oneself":            {[]step{{op: "GET /me", body: `{"id":2,"username":"alice"}`}, {op: "GET /users", body: `[{"id":1},{"id":2}]`}}, "DELETE /users/{user_id}", openapi.BuildOptions{}, "/users/1"},
		"refusals do not teach":  {[]step{{op: "GET /orders", body: `[{"id":7}]`}, {op: "GET /orders", status: 403, body: `[{"id":9}]`}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/7"},
		"named elsewhere":        {[]step{{op: "GET /shops/{shop_id}/items", values: map[string]string{"shop_id": "4"}, body: `[{"id":1,"order_id":66}]`}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/66"},
		"another form of a noun": {[]step{{op: "GET /v2/faktury", body: `{"strona":1,"pozycje":[{"id":"f-7","stan":"szkic"}]}`}}, "PUT /v2/faktury/{faktura_id}", openapi.BuildOptions{}, "/v2/faktury/f-7"},
		"no other noun":          {[]step{{op: "GET /kunden", body: `{"buchungen":[{"id":4}],"anzahl":1}`}, {op: "GET /buchungen", body: `[{"id":5}]`}}, "GET /buchungen/{buchung_id}", openapi.BuildOptions{}, "/buchungen/5"},
		"a part of a collection": {[]step{{op: "GET /terminy/volne", body: `[{"id":31}]`}}, "POST /terminy/{termin_id}/rezervace", openapi.BuildOptions{}, "/terminy/31/rezervace"},
		"what paths name it by":  {[]step{{op: "GET /fahrzeuge", body: `[{"kennzeichen":"B-XY 12","sitze":5}]`}}, "POST /fahrzeuge/{kennzeichen}/tanken", openapi.BuildOptions{}, "/fahrzeuge/B-XY%2012/tanken"},
		"a list of texts":        {[]step{{op: "GET /jag", body: `{"id":1,"grupper":["simning"]}`}}, "DELETE /jag/grupper/{grupp}", openapi.BuildOptions{}, "/jag/grupper/simning"},
		"under an action":        {[]step{{op: "POST /orders/create", body: `{"id":41}`}}, "GET /orders/{order_id}", openapi.BuildOptions{}, "/orders/41"},
		"told":                   {[]step{{op: "GET /orders", body: `[{"id":7},{"id":8}]`}}, "GET /orders/{order_id}", openapi.BuildOptions{At: map[string]string{"order_id": "6/5"}}, "/orders/6%2F5"},
		"told in part":           {[]step{{op: "GET /shops", body: `[{"id":1,"items":[{"id":10}]}]`}}, "GET /shops/{shop_id}/items/{item_id}", openapi.BuildOptions{At: map[string]string{"item_id": "11"}}, "/shops/1/items/10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names := []string{c.op}
			for _, s := range c.learned {
				names = append(names, s.op)
			}
			doc := paths(t, unique(names)...)
			pool := &openapi.Pool{}
			for _, s := range c.learned {
				if s.status == 0 {
					s.status = 200
				}
				op := operation(t, doc, s.op)
				pool.Learn(op, &openapi.Request{Method: op.Method, PathValues: s.values}, s.status, s.header, openapi.Says([]byte(s.body)))
			}
			r, err := doc.Build(operation(t, doc, c.op), pool, c.opt)
			switch {
			case err != nil && c.want == "":
			case err != nil:
				t.Error(err)
			case r.Path != c.want || r.Guessed:
				t.Errorf("built %s (guessed: %v), want %s", r.Path, r.Guesses, c.want)
			}
		})
	}
}

func unique(names []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] {
			out = append(out, n)
		}
		seen[n] = true
	}
	return out
}

func operation(t *testing.T, doc *openapi.Document, name string) *openapi.Operation {
	t.Helper()
	for _, op := range doc.Operations {
		if op.String() == name {
			return op
		}
	}
	t.Fatalf("no operation %s", name)
	return nil
}

func TestAGuessSaysSo(t *testing.T) {
	t.Parallel()
	doc := paths(t, "GET /orders/{order_id}")
	r, err := doc.Build(doc.Operations[0], &openapi.Pool{}, openapi.BuildOptions{})
	if err != nil || !r.Guessed || len(r.Guesses) != 1 || r.Guesses[0] != "order_id" {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = doc.Build(doc.Operations[0], &openapi.Pool{}, openapi.BuildOptions{Fresh: true})
	if err == nil || !strings.Contains(err.Error(), "{order_id}") {
		t.Errorf("error %v, want one about {order_id}", err)
	}
}

func TestLinksFillParameters(t *testing.T) {
	t.Parallel()
	data := `{"openapi":"3.0.2","paths":{"/start":{"post":{"responses":{"200":{"description":"","links":{"next":{"operationId":"go","parameters":{"ticket":"$response.body#/data/no"}}}}}}},
	 "/go/{ticket}":{"post":{"operationId":"go","parameters":[{"name":"ticket","in":"path","required":true,"schema":{"type":"string"}}],"responses":{}}}}}`
	doc, err := openapi.Parse(t.Context(), []byte(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	pool := &openapi.Pool{}
	start := operation(t, doc, "POST /start")
	pool.Learn(start, &openapi.Request{}, 200, nil, openapi.Says([]byte(`{"data":{"no":"T-5"}}`)))
	r, err := doc.Build(operation(t, doc, "POST /go/{ticket}"), pool, openapi.BuildOptions{})
	if err != nil || r.Path != "/go/T-5" {
		t.Errorf("%+v, %v", r, err)
	}
	if p := doc.Producers(operation(t, doc, "POST /go/{ticket}")); len(p) != 1 || p[0] != start {
		t.Errorf("produced by %v", p)
	}
}

func TestAChangeShows(t *testing.T) {
	t.Parallel()
	data := `{"openapi":"3.1.0","paths":{"/orders":{"get":{"responses":{}}},"/orders/{order_id}":{"patch":{"parameters":[{"name":"order_id","in":"path","required":true,"schema":{"type":"integer"}}],
	 "requestBody":{"content":{"application/json":{"schema":{"type":"object","properties":{"status":{"enum":["open","closed"]}}}}}},"responses":{}}}}}`
	doc, err := openapi.Parse(t.Context(), []byte(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	pool := &openapi.Pool{}
	pool.Learn(operation(t, doc, "GET /orders"), &openapi.Request{}, 200, nil, openapi.Says([]byte(`[{"id":1,"status":"open"},{"id":2,"status":"closed"}]`)))
	for _, tc := range []struct {
		at   map[string]string
		want string
	}{
		{nil, `{"status":"open"}`}, // of the newest
		{map[string]string{"order_id": "1"}, `{"status":"closed"}`},
		{map[string]string{"order_id": "2"}, `{"status":"open"}`},
	} {
		r, err := doc.Build(operation(t, doc, "PATCH /orders/{order_id}"), pool, openapi.BuildOptions{At: tc.at})
		if err != nil || string(r.Body) != tc.want {
			t.Errorf("at %v: %s, %v: writing what is there already would change nothing", tc.at, r.Body, err)
		}
	}
}

func TestAChoiceHoldsUntilMoreIsLearnt(t *testing.T) {
	t.Parallel()
	doc := paths(t, "GET /orders", "POST /orders", "GET /orders/{order_id}", "DELETE /orders/{order_id}", "GET /pages/{page}")
	pool := &openapi.Pool{}
	built := func(name, want string) *openapi.Request {
		t.Helper()
		r, err := doc.Build(operation(t, doc, name), pool, openapi.BuildOptions{})
		if err != nil || r.Path != want {
			t.Errorf("%+v, %v, want %s", r, err, want)
		}
		return r
	}
	learn := func(name, body string, values map[string]string) {
		op := operation(t, doc, name)
		pool.Learn(op, &openapi.Request{Method: op.Method, PathValues: values}, 200, nil, openapi.Says([]byte(body)))
	}
	learn("GET /orders", `[{"id":7}]`, nil)
	built("GET /orders/{order_id}", "/orders/7")
	built("GET /orders/{order_id}", "/orders/7")
	learn("POST /orders", `{"id":8}`, nil)
	r := built("GET /orders/{order_id}", "/orders/8")
	pool.UseUp(operation(t, doc, "DELETE /orders/{order_id}"), r)
	built("GET /orders/{order_id}", "/orders/7")
	pool.Offer("page", "p1")
	built("GET /pages/{page}", "/pages/p1")
}

func TestPoolIsBoundedAndConcurrent(t *testing.T) {
	t.Parallel()
	doc := paths(t, "GET /orders", "GET /orders/{order_id}")
	pool, list := &openapi.Pool{}, operation(t, doc, "GET /orders")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 40 {
				var b strings.Builder
				b.WriteByte('[')
				for k := range 60 {
					if k > 0 {
						b.WriteByte(',')
					}
					b.WriteString(`{"id":` + strings.Repeat("1", 1+i) + strings.Repeat("2", 1+j%6) + strings.Repeat("3", 1+k%7) + `}`)
				}
				pool.Learn(list, &openapi.Request{}, 200, nil, openapi.Says([]byte(b.String()+"]")))
				if _, err := doc.Build(operation(t, doc, "GET /orders/{order_id}"), pool, openapi.BuildOptions{}); err != nil {
					t.Error(err)
				}
				pool.Offer("other", "mallory")
			}
		})
	}
	wg.Wait()
}
