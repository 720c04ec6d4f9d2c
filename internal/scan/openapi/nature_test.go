package openapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// paths is a document of operations "METHOD PATH [operationId]".
func paths(t *testing.T, operations ...string) *openapi.Document {
	t.Helper()
	byPath := map[string][]string{}
	for _, o := range operations {
		f := strings.Fields(o + " -")
		byPath[f[1]] = append(byPath[f[1]], fmt.Sprintf(`"%s":{"operationId":"%s","responses":{}}`, strings.ToLower(f[0]), strings.TrimPrefix(f[2], "-")))
	}
	var list []string
	for path, o := range byPath {
		list = append(list, fmt.Sprintf(`"%s":{%s}`, path, strings.Join(o, ",")))
	}
	slices.Sort(list)
	doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.1.0","paths":{`+strings.Join(list, ",")+`}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestWhatChangesStateAndWhatIsDangerous(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op        string
		changes   bool
		dangerous string // "" or part of the reason
	}{
		{"GET /orders", false, ""},
		{"GET /orders/{order_id}", false, ""},
		{"GET /posts", false, ""},
		{"GET /log", false, ""},
		{"GET /uploads/upload-sessions", false, ""},
		{"GET /orders/{order_id}/cancel", true, ""},
		{"GET /transfer", true, ""},
		{"GET /delete_item", true, ""},
		{"GET /settings/newsletter toggle_newsletter_settings_get", true, ""},
		{"GET /items/{item_id} read_item_items__item_id__get", false, ""},
		{"GET /logout", true, "session"},
		{"GET /auth/sign-out", true, "session"},
		{"POST /logout", true, "session"},
		{"DELETE /session", true, "session"},
		{"POST /orders", true, ""},
		{"PUT /me/password", true, "password"},
		{"POST /auth/change-password", true, "password"},
		{"POST /users", true, ""},
		{"POST /register", true, ""},
		{"DELETE /users/me", true, "account"},
		{"POST /account/close", true, "account"},
		{"DELETE /users/me/avatar", true, ""},
		{"DELETE /orders/{order_id}", true, ""},
		{"POST /tokens/revoke", true, "token"},
		{"POST /users/{user_id}/deactivate", true, ""},
		{"POST /admin/reset-database", true, "erases"},
	} {
		t.Run(c.op, func(t *testing.T) {
			t.Parallel()
			op := paths(t, c.op).Operations[0]
			changes, reason := op.LikelyChangesState()
			if changes != c.changes || changes != (reason != "") {
				t.Errorf("changes state: %v (%s), want %v", changes, reason, c.changes)
			}
			if got := op.Dangerous(); (got == "") != (c.dangerous == "") || !strings.Contains(got, c.dangerous) {
				t.Errorf("dangerous: %q, want %q", got, c.dangerous)
			}
		})
	}
}

func TestPlanPutsProducersFirstAndEndsLast(t *testing.T) {
	t.Parallel()
	doc := paths(t, "DELETE /users/me", "POST /logout", "DELETE /shops/{shop_id}", "DELETE /shops/{shop_id}/items/{item_id}", "POST /shops/{shop_id}/items",
		"POST /shops", "GET /shops", "PATCH /shops/{shop_id}/items/{item_id}", "POST /shops/{shop_id}/items/{item_id}/publish")
	var got []string
	for _, op := range doc.Plan() {
		got = append(got, op.String())
	}
	for _, pair := range [][2]string{
		{"GET /shops", "POST /shops"},
		{"POST /shops", "POST /shops/{shop_id}/items"},
		{"POST /shops/{shop_id}/items", "PATCH /shops/{shop_id}/items/{item_id}"},
		{"POST /shops/{shop_id}/items/{item_id}/publish", "DELETE /shops/{shop_id}/items/{item_id}"},
		{"DELETE /shops/{shop_id}/items/{item_id}", "DELETE /shops/{shop_id}"},
		{"DELETE /shops/{shop_id}", "DELETE /users/me"},
		{"DELETE /users/me", "POST /logout"},
	} {
		if slices.Index(got, pair[0]) >= slices.Index(got, pair[1]) {
			t.Errorf("%s does not come before %s in %q", pair[0], pair[1], got)
		}
	}
}

func TestPlanReadsWhatBodiesName(t *testing.T) {
	t.Parallel()
	data := `{"openapi":"3.1.0","paths":{"/bookings":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["pet"],"properties":{"pet":{"type":"string","format":"uuid"}}}}}},"responses":{}}},
	 "/pets":{"post":{"responses":{}}}}}`
	doc, err := openapi.Parse(t.Context(), []byte(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	if plan := doc.Plan(); plan[0].Path != "/pets" {
		t.Errorf("%s comes first, but books a pet", plan[0])
	}
}

func TestProducersAndOracles(t *testing.T) {
	t.Parallel()
	doc := paths(t, "GET /shops", "POST /shops", "GET /shops/{shop_id}", "DELETE /shops/{shop_id}", "GET /shops/{shop_id}/items", "POST /shops/{shop_id}/items",
		"GET /shops/{shop_id}/items/{item_id}", "POST /shops/{shop_id}/items/{item_id}/publish", "GET /people", "POST /people", "PATCH /people/{person_id}", "GET /health", "GET /me", "POST /transfer", "GET /balance", "GET /readings/{id}", "PUT /readings/{id}")
	find := func(name string) *openapi.Operation {
		for _, op := range doc.Operations {
			if op.String() == name {
				return op
			}
		}
		t.Fatalf("no operation %s", name)
		return nil
	}
	for consumer, want := range map[string]string{
		"DELETE /shops/{shop_id}":                       "POST /shops",
		"POST /shops/{shop_id}/items":                   "POST /shops",
		"POST /shops/{shop_id}/items/{item_id}/publish": "POST /shops/{shop_id}/items",
		"PATCH /people/{person_id}":                     "POST /people",
		"PUT /readings/{id}":                            "",
		"POST /transfer":                                "",
		"GET /shops/{shop_id}/items/{item_id}":          "POST /shops/{shop_id}/items",
	} {
		got := ""
		if p := doc.Producers(find(consumer)); len(p) > 0 {
			got = p[0].String()
		}
		if got != want {
			t.Errorf("%s is served by %q, want %q", consumer, got, want)
		}
	}
	for changed, want := range map[string]string{
		"DELETE /shops/{shop_id}":                       "GET /shops/{shop_id}",
		"POST /shops":                                   "GET /shops",
		"POST /shops/{shop_id}/items":                   "GET /shops/{shop_id}/items",
		"POST /shops/{shop_id}/items/{item_id}/publish": "GET /shops/{shop_id}/items/{item_id}",
		"PATCH /people/{person_id}":                     "GET /people",
		"PUT /readings/{id}":                            "GET /readings/{id}",
	} {
		got := ""
		if o := doc.Oracles(find(changed)); len(o) > 0 {
			got = o[0].String()
		}
		if got != want {
			t.Errorf("%s is witnessed by %q, want %q", changed, got, want)
		}
	}
	transfer := doc.Oracles(find("POST /transfer"))
	if !slices.ContainsFunc(transfer, func(o *openapi.Operation) bool { return o.Path == "/balance" }) || slices.ContainsFunc(transfer, func(o *openapi.Operation) bool { return o.Path == "/health" }) {
		t.Errorf("POST /transfer is witnessed by %v", transfer)
	}
}

func TestSingular(t *testing.T) {
	t.Parallel()
	for plural, want := range map[string]string{"orders": "order", "categories": "category", "boxes": "box", "addresses": "address", "people": "person",
		"children": "child", "statuses": "status", "movies": "movie", "courses": "course", "news": "news", "bus": "bus", "address": "address", "analyses": "analysis", "batches": "batch"} {
		if got := openapi.Singular(plural); got != want {
			t.Errorf("%s: %s, want %s", plural, got, want)
		}
	}
}
