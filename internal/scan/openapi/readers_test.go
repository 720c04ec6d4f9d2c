package openapi

import (
	"encoding/json"
	"strings"
	"testing"
)

// Most readers are passed over for what little most says of them: testimony
// must never say more.
func TestNoWitnessIsPassedOver(t *testing.T) {
	t.Parallel()
	answer := func(schema string) any {
		return map[string]any{"200": map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/" + schema}}}}}
	}
	listed := map[string]any{}
	for _, o := range []string{
		"GET /", "POST /", "GET /api", "POST /api/cancel", "GET /api/v1", "GET /api/v2/orders", "POST /api/v1/orders #shop #open", "GET /api/v1/orders =OrderOut",
		"PUT /api/v1/orders/{order_id} =OrderOut", "GET /api/v1/orders/{order_id}", "POST /api/v1/orders/{order_id}/cancel", "DELETE /orders/{id}",
		"GET /me", "GET /health", "POST /transfers #money", "GET /balance #money", "GET /accounts/{iban}/statement =Statement", "POST /purchases =OrderOut",
		"GET /reports/orders", "GET /reports/orders/order", "POST /cart/items #shop #open", "GET /cart #shop #open", "GET /v1/things/{id}/parts", "POST /v1/parts/part/parts", "GET /export",
	} {
		f := strings.Fields(o)
		op := map[string]any{"responses": map[string]any{}}
		var tags []any
		for _, extra := range f[2:] {
			if tag, ok := strings.CutPrefix(extra, "#"); ok {
				tags = append(tags, tag)
			} else {
				op["responses"] = answer(extra[1:])
			}
		}
		op["tags"] = tags
		item, ok := listed[f[1]].(map[string]any)
		if !ok {
			item = map[string]any{}
			listed[f[1]] = item
		}
		item[strings.ToLower(f[0])] = op
	}
	data, err := json.Marshal(map[string]any{"openapi": "3.1.0", "paths": listed})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(t.Context(), data, nil)
	if err != nil {
		t.Fatal(err)
	}
	far := 0
	for _, op := range d.Operations {
		top := topOf(op.traits.parts[:op.traits.acted])
		for _, r := range d.readers {
			if top == "" || r.top == "" || r.top == top {
				continue
			}
			far++
			if score := d.testimony(op, r.op); score > r.most(op) {
				t.Errorf("%s scores %d as a witness of %s, and at most %d", r.op, score, op, r.most(op))
			}
		}
	}
	if far < 100 {
		t.Errorf("%d pairs have nothing in common, too few to tell", far)
	}
}
