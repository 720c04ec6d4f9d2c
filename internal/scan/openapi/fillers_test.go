package openapi_test

import (
	"slices"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// shop is a document of things that lack and of what brings them.
const shop = `{"openapi":"3.1.0","paths":{
"/orders":{"post":{"summary":"Checkout"},"get":{}},
"/orders/{order_id}/submit":{"post":{}},
"/orders/{order_id}/items":{"post":{}},
"/cart":{"get":{},"put":{"summary":"Replace cart"}},
"/cart/items":{"post":{"summary":"Add to cart"}},
"/cart/items/{item_id}":{"delete":{},"patch":{}},
"/cart/clear":{"post":{}},
"/wallet/deposit":{"post":{}},
"/wallet/withdraw":{"post":{}},
"/products":{"post":{}}}}`

func TestARefusalSaysWhatIsLacking(t *testing.T) {
	t.Parallel()
	doc, err := openapi.Parse(t.Context(), []byte(shop), nil)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]*openapi.Operation{}
	for _, op := range doc.Operations {
		at[op.String()] = op
	}
	cart := []string{"POST /cart/items", "PUT /cart", "PATCH /cart/items/{item_id}"}
	for name, c := range map[string]struct {
		op, body string
		want     []string
	}{
		"cart":                   {"POST /orders", `{"detail":"Cart is empty"}`, cart},
		"by another name":        {"POST /orders", `{"error":"Your basket has no items"}`, cart},
		"in an envelope":         {"POST /orders", `{"detail":[{"loc":["body"],"msg":"Add something to the shopping cart first"}]}`, cart},
		"balance":                {"POST /orders", `{"detail":"Insufficient balance"}`, []string{"POST /wallet/deposit"}},
		"nothing lacks":          {"POST /orders", `{"detail":"The cart is locked"}`, nil},
		"nothing brings it":      {"POST /orders", `{"detail":"The freezer is empty"}`, nil},
		"a thing of its own":     {"POST /orders/{order_id}/submit", `{"detail":"Order has no items"}`, nil},
		"not by the same itself": {"POST /cart/items", `{"detail":"Cart is empty"}`, []string{"PUT /cart", "PATCH /cart/items/{item_id}"}},
		"nothing is said":        {"POST /orders", ``, nil},
	} {
		var got []string
		for _, o := range doc.Fillers(at[c.op], []byte(c.body)) {
			got = append(got, o.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
