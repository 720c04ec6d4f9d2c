package openapi_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// account is a document that says less than its server wants.
const account = `{"openapi":"3.1.0","paths":{
 "/accounts":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["username","password","age","kind","born","tags","amount"],
  "properties":{"username":{"type":"string","example":"johndoe"},"password":{"type":"string"},"password_confirm":{"type":"string"},"age":{"type":"integer"},"kind":{"type":"string"},"born":{"type":"string"},"tags":{"type":"array","items":{"type":"string"}},"amount":{"type":"number"},"note":{"type":"string"},
  "address":{"type":"object","properties":{"zip":{"type":"string"}}}}}},"application/x-www-form-urlencoded":{"schema":{"type":"object","required":["username"],"properties":{"username":{"type":"string"}}}}}}},
  "get":{"parameters":[{"name":"sort","in":"query","schema":{"type":"string"}}]}}}}`

func TestARefusalIsReadAndCorrected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		field  string
		want   string // a regular expression for the field's JSON
	}{
		"1: min length":       {422, `{"detail":[{"loc":["body","username"],"msg":"ensure this value has at least 40 characters","type":"value_error.any_str.min_length","ctx":{"limit_value":40}}]}`, "username", `^".{40,}"$`},
		"2: min length":       {422, `{"detail":[{"loc":["body","username"],"msg":"String should have at least 40 characters","type":"string_too_short","ctx":{"min_length":40}}]}`, "username", `^".{40,}"$`},
		"2: max length":       {422, `{"detail":[{"loc":["body","username"],"msg":"String should have at most 4 characters","type":"string_too_long","ctx":{"max_length":4}}]}`, "username", `^".{1,4}"$`},
		"1: regex":            {422, `{"detail":[{"loc":["body","username"],"msg":"string does not match regex","type":"value_error.str.regex","ctx":{"pattern":"^[A-Z]{4}$"}}]}`, "username", `^"[A-Z]{4}"$`},
		"2: pattern":          {422, `{"detail":[{"loc":["body","username"],"msg":"String should match pattern '^[A-Z]{4}$'","type":"string_pattern_mismatch","ctx":{"pattern":"^[A-Z]{4}$"}}]}`, "username", `^"[A-Z]{4}"$`},
		"1: enum":             {422, `{"detail":[{"loc":["body","kind"],"msg":"value is not a valid enumeration member; permitted: 'gold', 'iron'","type":"type_error.enum","ctx":{"enum_values":["gold","iron"]}}]}`, "kind", `^"gold"$`},
		"2: enum":             {422, `{"detail":[{"loc":["body","kind"],"msg":"Input should be 'gold' or 'iron'","type":"enum","ctx":{"expected":"'gold' or 'iron'"}}]}`, "kind", `^"gold"$`},
		"2: literal":          {422, `{"detail":[{"loc":["body","kind"],"msg":"Input should be 'gold'","type":"literal_error","ctx":{"expected":"'gold'"}}]}`, "kind", `^"gold"$`},
		"1: not_gt":           {422, `{"detail":[{"loc":["body","age"],"msg":"ensure this value is greater than 40","type":"value_error.number.not_gt","ctx":{"limit_value":40}}]}`, "age", `^41$`},
		"2: greater_than":     {422, `{"detail":[{"loc":["body","age"],"msg":"Input should be greater than 40","type":"greater_than","ctx":{"gt":40}}]}`, "age", `^41$`},
		"2: less_than_equal":  {422, `{"detail":[{"loc":["body","age"],"msg":"…","type":"less_than_equal","ctx":{"le":-4}}]}`, "age", `^-[4-9]$`},
		"2: multiple_of":      {422, `{"detail":[{"loc":["body","age"],"msg":"…","type":"multiple_of","ctx":{"multiple_of":7}}]}`, "age", `^(28|35)$`},
		"1: date":             {422, `{"detail":[{"loc":["body","born"],"msg":"invalid date format","type":"value_error.date"}]}`, "born", `^"\d{4}-\d\d-\d\d"$`},
		"2: date":             {422, `{"detail":[{"loc":["body","born"],"msg":"…","type":"date_from_datetime_parsing","ctx":{"error":"x"}}]}`, "born", `^"\d{4}-\d\d-\d\d"$`},
		"2: date in the past": {422, `{"detail":[{"loc":["body","born"],"msg":"Date should be in the past","type":"date_past"}]}`, "born", `^"1990-`},
		"2: datetime":         {422, `{"detail":[{"loc":["body","born"],"msg":"…","type":"datetime_from_date_parsing"}]}`, "born", `^"\d{4}-\d\d-\d\dT`},
		"2: uuid":             {422, `{"detail":[{"loc":["body","kind"],"msg":"Input should be a valid UUID","type":"uuid_parsing"}]}`, "kind", `^"[0-9a-f-]{36}"$`},
		"2: list too short":   {422, `{"detail":[{"loc":["body","tags"],"msg":"…","type":"too_short","ctx":{"field_type":"List","min_length":3,"actual_length":1}}]}`, "tags", `^\[".+",".+",".+"\]$`},
		"2: inside a list":    {422, `{"detail":[{"loc":["body","tags",0],"msg":"…","type":"string_too_short","ctx":{"min_length":30}}]}`, "tags", `^\[".{30,}"\]$`},
		"2: missing":          {422, `{"detail":[{"type":"missing","loc":["body","phone"],"msg":"Field required"}]}`, "phone", `^"\+\d+"$`},
		"2: missing, nested":  {422, `{"detail":[{"type":"missing","loc":["body","address","zip"],"msg":"Field required"}]}`, "address", `^\{"zip":"10115"\}$`},
		"2: extra":            {422, `{"detail":[{"type":"extra_forbidden","loc":["body","kind"],"msg":"Extra inputs are not permitted"}]}`, "kind", `^$`},
		"validator's words":   {422, `{"detail":[{"type":"value_error","loc":["body","kind"],"msg":"Value error, kind must be one of gold, iron or lead"}]}`, "kind", `^"gold"$`},
		"weak password":       {422, `{"detail":[{"type":"value_error","loc":["body","password"],"msg":"Value error, password must have at least 20 characters and a digit"}]}`, "password", `^".{20,}"$`},
		"own error handler":   {400, `{"errors":[{"field":"kind","message":"must be one of: gold, iron"}]}`, "kind", `^"gold"$`},
		"errors by field":     {400, `{"detail":{"kind":["must be either gold or iron"]}}`, "kind", `^"gold"$`},
		"a plain sentence":    {400, `{"detail":"Age must be at least 41"}`, "age", `^4[1-9]$`},
		"taken":               {400, `{"detail":"Username already registered"}`, "username", `^"probe\d+"$`},
		"conflict":            {409, `{"detail":"duplicate key"}`, "username", `^"probe\d+"$`},
		"not enough":          {400, `{"detail":"Insufficient funds"}`, "amount", `^0\.01$`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := openapi.Parse(t.Context(), []byte(account), nil)
			if err != nil {
				t.Fatal(err)
			}
			op, pool := doc.Operations[1], &openapi.Pool{}
			r, err := doc.Build(op, pool, openapi.BuildOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if memberOf(t, r.Body, c.field) != "" && regexp.MustCompile(c.want).MatchString(memberOf(t, r.Body, c.field)) && c.want != `^"probe\d+"$` {
				t.Fatalf("the control holds already: %s", r.Body)
			}
			next, ok := doc.Repair(op, pool, r, c.status, []byte(c.body))
			if !ok {
				t.Fatal("nothing was learned")
			}
			if got := memberOf(t, next.Body, c.field); !regexp.MustCompile(c.want).MatchString(got) {
				t.Errorf("%s is %s, want %s", c.field, got, c.want)
			}
			// What was learned holds for the next request, too.
			again, err := doc.Build(op, pool, openapi.BuildOptions{})
			if got := memberOf(t, again.Body, c.field); err != nil || c.status == 422 && c.field != "address" && c.want != "^$" && !regexp.MustCompile(c.want).MatchString(got) {
				t.Errorf("built anew, %s is %s, want %s (%v)", c.field, got, c.want, err)
			}
		})
	}
}

// memberOf is the JSON of one member of a body, "" where there is none.
func memberOf(t *testing.T, body []byte, name string) string {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return string(m[name])
}

func TestRepairGivesUp(t *testing.T) {
	t.Parallel()
	doc, err := openapi.Parse(t.Context(), []byte(account), nil)
	if err != nil {
		t.Fatal(err)
	}
	op, pool := doc.Operations[1], &openapi.Pool{}
	first, err := doc.Build(op, pool, openapi.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		body   string
	}{{401, `{"detail":"Not authenticated"}`}, {500, "Internal Server Error"}, {405, "{}"}, {422, "<html>"}, {422, `{"detail":[{"loc":[],"msg":"x"}]}`}, {422, `{"detail":[{"loc":["cookie","session"],"type":"missing"}]}`}} {
		if _, ok := doc.Repair(op, pool, first, c.status, []byte(c.body)); ok {
			t.Errorf("%d %s was repaired", c.status, c.body)
		}
	}
	r, times := first, 0
	for ok := true; ok; times++ {
		if times > 20 {
			t.Fatal("it never gives up")
		}
		r, ok = doc.Repair(op, pool, r, 409, []byte(`{"detail":"exists"}`))
	}
	if times < 2 {
		t.Errorf("it gave up after %d", times)
	}
	form, ok := doc.Repair(op, pool, first, 415, nil)
	if !ok || form.ContentType != "application/x-www-form-urlencoded" {
		t.Error("the other media type was not tried")
	}
}

func TestPasswordsAreStrongAndConfirmed(t *testing.T) {
	t.Parallel()
	doc, err := openapi.Parse(t.Context(), []byte(account), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := doc.Build(doc.Operations[1], &openapi.Pool{}, openapi.BuildOptions{Optional: true})
	if err != nil {
		t.Fatal(err)
	}
	password := memberOf(t, r.Body, "password")
	if !strings.Contains(password, openapi.Password) || memberOf(t, r.Body, "password_confirm") != password {
		t.Errorf("%s", r.Body)
	}
}

func FuzzRepair(f *testing.F) {
	f.Add(422, []byte(`{"detail":[{"loc":["body","tags",0,"x"],"msg":"at least 5","type":"string_too_short"}]}`))
	f.Add(422, []byte(`{"detail":[{"loc":["body","tags"],"type":"too_short","ctx":{"min_length":1e300}}]}`))
	f.Add(400, []byte(`{"detail":{"a":{"b":[["c"]]}}}`))
	f.Add(422, []byte(`{"detail":[{"loc":["body","username"],"type":"string_too_short","ctx":{"min_length":9999999999}}]}`))
	f.Add(422, []byte(`{"detail":[{"loc":["query","sort\r\nX: y"],"type":"missing"},{"loc":["header","x\r\ny"],"type":"missing"}]}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		doc, err := openapi.Parse(t.Context(), []byte(account), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range doc.Operations {
			pool := &openapi.Pool{}
			r, err := doc.Build(op, pool, openapi.BuildOptions{})
			if err != nil {
				t.Fatal(err)
			}
			next, ok := doc.Repair(op, pool, r, status, body)
			if !ok {
				continue
			}
			if len(next.Body) > 8<<20 {
				t.Errorf("a body of %d bytes", len(next.Body))
			}
			for name, values := range next.Header {
				if strings.ContainsAny(name+strings.Join(values, ""), "\r\n") {
					t.Errorf("header %q: %q", name, values)
				}
			}
		}
	})
}
