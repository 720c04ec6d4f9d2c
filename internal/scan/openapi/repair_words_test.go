package openapi_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// planner is an API whose things are named by slugs, and whose document leaves
// much out.
const planner = `{"openapi":"3.1.0","paths":{
 "/groups":{"get":{"responses":{"200":{"description":"x"}}}},
 "/categories":{"get":{"responses":{"200":{"description":"x"}}}},
 "/members":{"get":{"responses":{"200":{"description":"x"}}}},
 "/orders/mine":{"get":{"responses":{"200":{"description":"x"}}}},
 "/orders":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["terms_version"],
   "properties":{"terms_version":{"type":"string"},"accept_terms":{"type":"boolean","default":false}}}}}}}},
 "/tasks":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["title","category_slug"],
   "properties":{"title":{"type":"string"},"category_slug":{"type":"string"},"group_slug":{"type":"string"}}}}}}}},
 "/tasks/{task_slug}":{"patch":{"parameters":[{"name":"task_slug","in":"path","required":true,"schema":{"type":"string"}}],
   "requestBody":{"content":{"application/json":{"schema":{"type":"object","properties":{"title":{"type":"string"},"position":{"type":"integer"},
   "category_slug":{"anyOf":[{"type":"string"},{"type":"null"}]},"assignee_username":{"anyOf":[{"type":"string"},{"type":"null"}]}}}}}}}},
 "/days":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["date","state"],
   "properties":{"date":{"type":"string","format":"date"},"state":{"enum":["open","done"]}}}}}}}},
 "/stock":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object"}}}}}},
 "/addresses":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["postal_code"],"properties":{"postal_code":{"type":"string"}}}}}}}},
 "/employees":{"get":{"responses":{"200":{"description":"x"}}},"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["login_id"],"properties":{"login_id":{"type":"string"}}}}}}}},
 "/employees/{employee_id}/checks":{"post":{"parameters":[{"name":"employee_id","in":"path","required":true,"schema":{"type":"integer"}}],
   "requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["surname"],"properties":{"surname":{"type":"string"}}}}}}}},
 "/colors":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["label"],"properties":{"label":{"type":"string"}}}}}}}}}}`

// learned are answers that the pool has read.
var learned = map[string]string{
	"GET /categories":  `[{"slug":"home","name":"Home"},{"slug":"work","name":"Work"}]`,
	"GET /members":     `[{"username":"mallory","email":"mallory@example.com"}]`,
	"GET /orders/mine": `[{"id":4,"terms_version":"2026-06"}]`,
	"GET /employees":   `[{"id":7,"name":"Kim Minjun","login_id":"kim"}]`,
}

// planned builds a request of the planner, whose pool has read what is there.
func planned(t *testing.T, name string, opt openapi.BuildOptions) (*openapi.Document, *openapi.Pool, *openapi.Operation, *openapi.Request) {
	t.Helper()
	doc, err := openapi.Parse(t.Context(), []byte(planner), nil)
	if err != nil {
		t.Fatal(err)
	}
	pool := &openapi.Pool{Today: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)}
	var op *openapi.Operation
	for _, o := range doc.Operations {
		if body, ok := learned[o.String()]; ok {
			r, err := doc.Build(o, pool, openapi.BuildOptions{})
			if err != nil {
				t.Fatal(err)
			}
			pool.Learn(o, r, 200, nil, openapi.Says([]byte(body)))
		}
		if o.String() == name {
			op = o
		}
	}
	r, err := doc.Build(op, pool, opt)
	if err != nil {
		t.Fatal(err)
	}
	return doc, pool, op, r
}

// What a refusal says, in whatever language or by its code alone, leads to a
// request that another try gets further with.
func TestRefusalsOfManyTonguesAreFollowed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op     string
		opt    openapi.BuildOptions
		status int
		said   string
		field  string
		want   string // a regular expression for the field's JSON, of one of the corrections
	}{
		"another category":             {"POST /tasks", openapi.BuildOptions{}, 404, `{"error":{"code":"CATEGORY_NOT_FOUND","message":"Categoria nao encontrada."}}`, "category_slug", `^"home"$`},
		"no group":                     {"POST /tasks", openapi.BuildOptions{Optional: true}, 404, `{"detail":"GROUP_NOT_FOUND"}`, "group_slug", `^$`},
		"who is assigned":              {"PATCH /tasks/{task_slug}", openapi.BuildOptions{Optional: true}, 404, `{"error":{"code":"USER_NOT_FOUND","message":"Usuario nao encontrado."}}`, "assignee_username", `^"mallory"$`},
		"today":                        {"POST /days", openapi.BuildOptions{}, 400, `{"error":{"code":"VALIDATION_ERROR","message":"Nao e possivel registrar um dia futuro."}}`, "date", `^"2026-11-28"$`},
		"today, where nothing is said": {"POST /days", openapi.BuildOptions{}, 400, `{"detail":"x"}`, "date", `^"2026-11-28"$`},
		"what is missing":              {"POST /stock", openapi.BuildOptions{}, 400, `{"detail":"Campo 'quantity' é obrigatório"}`, "quantity", `^1$`},
		"by its name alone":            {"POST /stock", openapi.BuildOptions{}, 400, `{"detail":"valor_pago inválido"}`, "valor_pago", `^1$`},
		"so many digits":               {"POST /addresses", openapi.BuildOptions{}, 400, `{"detail":"CEP deve ter 8 digitos"}`, "postal_code", `^"\d{8}"$`},
		"a name that is taken":         {"POST /employees", openapi.BuildOptions{}, 409, `{"detail":"이미 사용 중인 아이디입니다"}`, "login_id", `^"probe\d+"$`},
		"the thing's own name":         {"POST /employees/{employee_id}/checks", openapi.BuildOptions{}, 400, `{"detail":"성은 이름의 앞부분과 일치해야 합니다"}`, "surname", `^"Kim Minjun"$`},
		"as others have it":            {"POST /orders", openapi.BuildOptions{}, 400, `{"detail":"Versao dos termos desatualizada"}`, "terms_version", `^"2026-06"$`},
		"only what is needed":          {"PATCH /tasks/{task_slug}", openapi.BuildOptions{Optional: true}, 500, `oops`, "position", `^$`},
		"what a column may hold":       {"POST /colors", openapi.BuildOptions{Serial: 4321}, 500, `oops`, "label", `^"p\d{1,5}"$`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, pool, op, r := planned(t, c.op, c.opt)
			want := regexp.MustCompile(c.want)
			var sent []string
			for ok := true; ok && r != nil; r, ok = doc.Repair(op, pool, r, c.status, []byte(c.said)) {
				sent = append(sent, string(r.Body))
				if got := memberOf(t, r.Body, c.field); want.MatchString(got) {
					if len(sent) == 1 && c.field != "valor_pago" && !strings.Contains(c.said, "CATEGORY") {
						t.Errorf("the first request has it already: %s", r.Body)
					}
					return
				}
			}
			t.Errorf("no %s like %s in\n%s", c.field, c.want, strings.Join(sent, "\n"))
		})
	}
}

// A reference by slug names a thing that was seen, and the next one where
// that one was not found.
func TestReferencesBySlugNameWhatWasSeen(t *testing.T) {
	t.Parallel()
	doc, pool, op, r := planned(t, "POST /tasks", openapi.BuildOptions{})
	first := memberOf(t, r.Body, "category_slug")
	next, ok := doc.Repair(op, pool, r, 404, []byte(`{"detail":"Category not found"}`))
	if !ok {
		t.Fatalf("nothing was corrected in %s", r.Body)
	}
	second := memberOf(t, next.Body, "category_slug")
	if first+second != `"work""home"` && first+second != `"home""work"` {
		t.Errorf("category_slug was %s, then %s", first, second)
	}
}

func TestAGoodClientAgrees(t *testing.T) {
	t.Parallel()
	_, _, _, r := planned(t, "POST /orders", openapi.BuildOptions{})
	if got := memberOf(t, r.Body, "accept_terms"); got != "true" {
		t.Errorf("accept_terms is %q in %s", got, r.Body)
	}
}

// Each choice is tried once, and no more.
func TestChoicesAreTriedOnce(t *testing.T) {
	t.Parallel()
	doc, pool, op, r := planned(t, "POST /days", openapi.BuildOptions{})
	seen := map[string]int{}
	for ok := true; ok; r, ok = doc.Repair(op, pool, r, 409, []byte(`{"detail":"x"}`)) {
		seen[string(r.Body)]++
	}
	for body, n := range seen {
		if n > 1 {
			t.Errorf("%s was sent %d times", body, n)
		}
	}
}

// What removes a part of the account does not close it.
func TestRemovingAThingClosesNoAccount(t *testing.T) {
	t.Parallel()
	for path, closes := range map[string]bool{
		"/user/organization/remove": false,
		"/account/delete":           true,
		"/account/emails/remove":    true,
		"/users/me/delete":          true,
	} {
		doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.1.0","paths":{"`+path+`":{"post":{"responses":{"200":{"description":"x"}}}}}}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := doc.Operations[0].Dangerous() != ""; got != closes {
			t.Errorf("%s: %q", path, doc.Operations[0].Dangerous())
		}
	}
}

// A comment is made below the task that it is on, and deleted where all
// comments lie.
func TestProducersBelowTheCollection(t *testing.T) {
	t.Parallel()
	doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.1.0","paths":{
	 "/comments/task/{task_slug}":{"post":{"parameters":[{"name":"task_slug","in":"path","required":true,"schema":{"type":"string"}}],"responses":{"201":{"description":"x","content":{"application/json":{"schema":{"$ref":"#/components/schemas/CommentOut"}}}}}}},
	 "/comments/{comment_slug}/answers":{"post":{"parameters":[{"name":"comment_slug","in":"path","required":true,"schema":{"type":"string"}}],"responses":{"201":{"description":"x","content":{"application/json":{"schema":{"$ref":"#/components/schemas/CommentOut"}}}}}}},
	 "/comments/{comment_slug}":{"delete":{"parameters":[{"name":"comment_slug","in":"path","required":true,"schema":{"type":"string"}}],"responses":{"204":{"description":"x"}}}}},
	 "components":{"schemas":{"CommentOut":{"type":"object","properties":{"slug":{"type":"string"}}}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range doc.Operations {
		if o.Method != "DELETE" {
			continue
		}
		made := doc.Producers(o)
		if len(made) != 1 || made[0].Path != "/comments/task/{task_slug}" {
			t.Errorf("%v", made)
		}
	}
}

// A cancellation waits until all else was done to the order, and comes before
// it is deleted.
func TestCancellationsWait(t *testing.T) {
	t.Parallel()
	id := `"parameters":[{"name":"order_id","in":"path","required":true,"schema":{"type":"integer"}}],"responses":{"200":{"description":"x"}}`
	doc, err := openapi.Parse(t.Context(), []byte(`{"openapi":"3.1.0","paths":{"/orders/{order_id}/cancel":{"post":{`+id+`}},"/orders/{order_id}":{"delete":{`+id+`}},"/orders/{order_id}/pay":{"post":{`+id+`}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	var plan []string
	for _, o := range doc.Plan() {
		plan = append(plan, o.String())
		if o.Ends() != strings.HasSuffix(o.Path, "/cancel") {
			t.Errorf("%s: ends %t", o, o.Ends())
		}
	}
	if got := strings.Join(plan, ", "); got != "POST /orders/{order_id}/pay, POST /orders/{order_id}/cancel, DELETE /orders/{order_id}" {
		t.Error(got)
	}
}
