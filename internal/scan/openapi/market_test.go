package openapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The market is an API of nested resources as FastAPI would serve it: its
// document, and a handler that enforces what the document says and what it
// does not say (parents that must match, owners, states, names that must be
// unique). It stands for APIs that the package was not written for.

// A field is a member of a body.
type field struct {
	name, kind string // string, integer, number, boolean, uuid, email, date, ids
	required   bool
	min, max   float64 // length of strings, value of numbers; 0: none
	enum       []string
	pattern    string
	unique     bool
	of         string // the collection that an id must be found in
	hidden     bool   // enforced, but not in the document
}

// A collection is a resource and the operations on it.
type collection struct {
	path    string // with the parents' parameters
	param   string
	id      string // integer, uuid, or the field that names members
	schema  string
	tag     string
	wrap    string // envelope of lists; "" none
	silent  bool   // creation answers {"message": …} without an id
	fields  []field
	ops     string   // of "list create get put patch delete"
	actions []string // POST {path}/{param}/action, each only once a member
	seeded  int      // members of another owner that are there from the start
}

var market = []collection{
	{path: "/shops", param: "shop_id", id: "integer", schema: "Shop", tag: "shops", ops: "list create get patch delete", seeded: 2,
		fields: []field{{name: "name", kind: "string", required: true, min: 3, max: 40, unique: true}, {name: "category", kind: "string", required: true, enum: []string{"food", "books"}}, {name: "description", kind: "string"}}},
	{path: "/shops/{shop_id}/items", param: "item_id", id: "integer", schema: "Item", tag: "items", wrap: "items", ops: "list create get put patch delete", actions: []string{"publish"}, seeded: 1,
		fields: []field{{name: "title", kind: "string", required: true, min: 1, max: 80}, {name: "price", kind: "number", required: true, min: 0.5, max: 10000}, {name: "sku", kind: "string", required: true, pattern: "^[A-Z]{3}-[0-9]{4}$"}, {name: "stock", kind: "integer", required: true, min: 1, max: 99}}},
	{path: "/shops/{shop_id}/items/{item_id}/reviews", param: "review_id", id: "uuid", schema: "Review", tag: "reviews", ops: "list create get delete", actions: []string{"approve"},
		fields: []field{{name: "rating", kind: "integer", required: true, min: 1, max: 5}, {name: "text", kind: "string", required: true, min: 10}}},
	{path: "/orders", param: "order_id", id: "integer", schema: "Order", tag: "orders", wrap: "data", ops: "list create get delete", actions: []string{"cancel", "pay"}, seeded: 2,
		fields: []field{{name: "shop_id", kind: "integer", required: true, of: "/shops"}, {name: "item_ids", kind: "ids", required: true, of: "/shops/{shop_id}/items"}, {name: "note", kind: "string"}}},
	{path: "/orders/{order_id}/shipments", param: "shipmentId", id: "uuid", schema: "Shipment", tag: "orders", ops: "list create patch",
		fields: []field{{name: "carrier", kind: "string", required: true, enum: []string{"dhl", "ups"}}, {name: "address", kind: "string", required: true}, {name: "ship_date", kind: "date", required: true}}},
	{path: "/projects", param: "project_id", id: "uuid", schema: "Project", tag: "projects", wrap: "results", ops: "list create get put delete", actions: []string{"archive"},
		fields: []field{{name: "name", kind: "string", required: true, unique: true}, {name: "visibility", kind: "string", required: true, enum: []string{"private", "public"}}}},
	{path: "/projects/{project_id}/boards", param: "board_id", id: "uuid", schema: "Board", tag: "boards", ops: "list create delete",
		fields: []field{{name: "title", kind: "string", required: true}}},
	{path: "/projects/{project_id}/boards/{board_id}/cards", param: "card_id", id: "integer", schema: "Card", tag: "cards", silent: true, ops: "list create get patch delete", actions: []string{"move"},
		fields: []field{{name: "title", kind: "string", required: true}, {name: "points", kind: "integer", min: 1, max: 13}}},
	{path: "/articles", param: "slug", id: "slug", schema: "Article", tag: "articles", wrap: "articles", ops: "list create get put delete", actions: []string{"favorite"}, seeded: 1,
		fields: []field{{name: "slug", kind: "string", required: true, unique: true, pattern: "^[a-z0-9-]+$"}, {name: "body", kind: "string", required: true}}},
	{path: "/articles/{slug}/comments", param: "id", id: "integer", schema: "Comment", tag: "articles", wrap: "comments", ops: "list create delete",
		fields: []field{{name: "body", kind: "string", required: true}}},
	{path: "/people", param: "person_id", id: "integer", schema: "PersonRead", tag: "people", ops: "list create patch", fields: []field{{name: "full_name", kind: "string", required: true}, {name: "email", kind: "email", required: true, unique: true}}},
	{path: "/people/{person_id}/addresses", param: "address_id", id: "integer", schema: "AddressRead", tag: "people", ops: "create put",
		fields: []field{{name: "street", kind: "string", required: true}, {name: "zip_code", kind: "string", required: true, min: 5, max: 5, hidden: true}}},
	{path: "/categories", param: "category_id", id: "integer", schema: "Category", tag: "catalogue", ops: "list create delete",
		fields: []field{{name: "label", kind: "string", required: true, unique: true}, {name: "parent_id", kind: "integer", of: "/categories"}}},
	{path: "/coupons", param: "code", id: "code", schema: "Coupon", tag: "catalogue", ops: "create get delete",
		fields: []field{{name: "code", kind: "string", required: true, unique: true, min: 4, max: 12}, {name: "percent", kind: "integer", required: true, min: 1, max: 90}}},
}

const apiPrefix = "/api/v1"

// a dialect is one way in which FastAPI writes documents and errors.
type dialect struct {
	version  string
	optional func(map[string]any) map[string]any // pydantic's Optional
	pydantic int
}

var (
	pydantic1 = dialect{"3.0.2", func(m map[string]any) map[string]any { return m }, 1}
	pydantic2 = dialect{"3.1.0", func(m map[string]any) map[string]any {
		return map[string]any{"anyOf": []any{m, map[string]any{"type": "null"}}}
	}, 2}
)

func (f field) document() map[string]any {
	m := map[string]any{"title": f.name, "type": f.kind}
	switch f.kind {
	case "uuid", "email", "date":
		m["type"], m["format"] = "string", f.kind
	case "ids":
		m["type"], m["items"] = "array", map[string]any{"type": "integer"}
	}
	switch {
	case f.hidden:
	case f.kind == "string":
		if f.min > 0 {
			m["minLength"] = f.min
		}
		if f.max > 0 {
			m["maxLength"] = f.max
		}
	case f.min > 0:
		m["minimum"], m["maximum"] = f.min, f.max
	}
	if f.enum != nil {
		m["enum"] = f.enum
	}
	if f.pattern != "" {
		m["pattern"] = f.pattern
	}
	return m
}

// document writes the market's OpenAPI document as FastAPI does.
func document(d dialect, collections []collection) []byte {
	schemas := map[string]any{"HTTPValidationError": map[string]any{"type": "object"}}
	paths := map[string]map[string]any{}
	ref := func(name string) map[string]any { return map[string]any{"$ref": "#/components/schemas/" + name} }
	add := func(c collection, method, path, id, status string, body, answer map[string]any, params string) {
		op := map[string]any{"tags": []any{c.tag}, "summary": strings.ReplaceAll(id, "_", " "), "operationId": id + "_" + strings.Trim(strings.NewReplacer("/", "_", "{", "_", "}", "_").Replace(apiPrefix+path), "_") + "_" + method,
			"security":  []any{map[string]any{"OAuth2PasswordBearer": []any{}}},
			"responses": map[string]any{status: map[string]any{"description": "Successful Response", "content": map[string]any{"application/json": map[string]any{"schema": answer}}}, "422": map[string]any{"description": "Validation Error"}}}
		var list []any
		for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
			schema := map[string]any{"type": "string", "title": m[1]}
			for _, k := range collections {
				if k.param == m[1] && strings.HasPrefix(path, k.path+"/{"+k.param+"}") {
					switch k.id {
					case "integer":
						schema["type"] = "integer"
					case "uuid":
						schema["format"] = "uuid"
					}
				}
			}
			list = append(list, map[string]any{"name": m[1], "in": "path", "required": true, "schema": schema})
		}
		if params != "" {
			list = append(list, map[string]any{"name": params, "in": "query", "required": false, "schema": d.optional(map[string]any{"type": "integer"})})
		}
		op["parameters"] = list
		if body != nil {
			op["requestBody"] = map[string]any{"required": true, "content": map[string]any{"application/json": map[string]any{"schema": body}}}
		}
		if paths[apiPrefix+path] == nil {
			paths[apiPrefix+path] = map[string]any{}
		}
		paths[apiPrefix+path][method] = op
	}
	for _, c := range collections {
		create, update, out := map[string]any{}, map[string]any{}, map[string]any{"id": map[string]any{"type": "integer"}}
		var required []any
		for _, f := range c.fields {
			doc := f.document()
			out[f.name] = doc
			if f.required {
				create[f.name] = doc
				required = append(required, f.name)
			} else {
				create[f.name] = d.optional(doc)
			}
			update[f.name] = d.optional(doc)
		}
		name := strings.TrimSuffix(c.schema, "Read")
		schemas[name+"Create"] = map[string]any{"type": "object", "properties": create, "required": required}
		schemas[name+"Update"] = map[string]any{"type": "object", "properties": update}
		schemas[c.schema] = map[string]any{"type": "object", "properties": out}
		listed := map[string]any{"type": "array", "items": ref(c.schema)}
		if c.wrap != "" {
			listed = map[string]any{"type": "object", "properties": map[string]any{c.wrap: listed, "total": map[string]any{"type": "integer"}}}
		}
		item := c.path + "/{" + c.param + "}"
		noun := strings.ToLower(name)
		for _, op := range strings.Fields(c.ops) {
			switch op {
			case "list":
				add(c, "get", c.path, "list_"+noun+"s", "200", nil, listed, "skip")
			case "create":
				answer := ref(c.schema)
				if c.silent {
					answer = map[string]any{}
				}
				add(c, "post", c.path, "create_"+noun, "201", ref(name+"Create"), answer, "")
			case "get":
				add(c, "get", item, "get_"+noun, "200", nil, ref(c.schema), "")
			case "put":
				add(c, "put", item, "replace_"+noun, "200", ref(name+"Create"), ref(c.schema), "")
			case "patch":
				add(c, "patch", item, "update_"+noun, "200", ref(name+"Update"), ref(c.schema), "")
			case "delete":
				add(c, "delete", item, "delete_"+noun, "204", nil, map[string]any{}, "")
			}
		}
		for _, a := range c.actions {
			add(c, "post", item+"/"+a, a+"_"+noun, "200", nil, ref(c.schema), "")
		}
	}
	doc := map[string]any{"openapi": d.version, "info": map[string]any{"title": "Market", "version": "0.1.0"}, "paths": paths,
		"components": map[string]any{"schemas": schemas, "securitySchemes": map[string]any{"OAuth2PasswordBearer": map[string]any{"type": "oauth2", "flows": map[string]any{"password": map[string]any{"scopes": map[string]any{}, "tokenUrl": "api/v1/login"}}}}}}
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return b
}

// A member of a collection.
type member struct {
	fields map[string]any
	owner  string
	done   map[string]bool
}

// A server is the market's handler. Members are kept by concrete path.
type server struct {
	dialect dialect
	members map[string]map[string]*member // collection path → id → member
	next    int
	hits    map[string]int // operation → requests answered with success
	mux     *http.ServeMux
}

func serve(d dialect, collections []collection) *server {
	s := &server{dialect: d, members: map[string]map[string]*member{}, next: 40, hits: map[string]int{}, mux: http.NewServeMux()}
	for _, c := range collections {
		if c.seeded > 0 {
			s.seed(c, collections)
		}
		for _, op := range strings.Fields(c.ops) {
			pattern := map[string]string{"list": "GET ", "create": "POST ", "get": "GET ", "put": "PUT ", "patch": "PATCH ", "delete": "DELETE "}[op] + apiPrefix + c.path
			if op != "list" && op != "create" {
				pattern += "/{" + c.param + "}"
			}
			s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.handle(w, r, c, op, pattern) })
		}
		for _, a := range c.actions {
			pattern := "POST " + apiPrefix + c.path + "/{" + c.param + "}/" + a
			s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.handle(w, r, c, "!"+a, pattern) })
		}
	}
	return s
}

func (s *server) seed(c collection, collections []collection) {
	path := c.path
	for strings.Contains(path, "{") { // below the first seeded parent
		for _, parent := range collections {
			if at := parent.path + "/{" + parent.param + "}"; strings.HasPrefix(path, at) {
				for id := range s.members[parent.path] {
					path = parent.path + "/" + id + strings.TrimPrefix(path, at)
					break
				}
			}
		}
	}
	for range c.seeded {
		m := &member{fields: map[string]any{}, owner: "mallory", done: map[string]bool{}}
		for _, f := range c.fields {
			m.fields[f.name] = "seeded"
			if f.kind == "integer" || f.kind == "number" {
				m.fields[f.name] = 7.0
			}
		}
		s.put(c, path, m)
	}
}

func (s *server) put(c collection, path string, m *member) string {
	s.next++
	var id any
	switch c.id {
	case "integer":
		id = float64(s.next)
	case "uuid":
		id = fmt.Sprintf("9d3f6c1e-1b2a-4c3d-8e4f-%012x", s.next)
	default:
		id = m.fields[c.id]
	}
	m.fields["id"] = id
	m.fields["owner"] = m.owner
	key := fmt.Sprint(id)
	if f, ok := id.(float64); ok {
		key = strconv.Itoa(int(f))
	}
	if s.members[path] == nil {
		s.members[path] = map[string]*member{}
	}
	s.members[path][key] = m
	return key
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mux.ServeHTTP(w, r)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		if err := json.NewEncoder(w).Encode(v); err != nil {
			panic(err)
		}
	}
}

func detail(w http.ResponseWriter, status int, said string) {
	answer(w, status, map[string]any{"detail": said})
}

func (s *server) handle(w http.ResponseWriter, r *http.Request, c collection, op, pattern string) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, apiPrefix), "/")
	// Every parent must be there.
	for i := 3; i < len(parts); i += 2 {
		if _, ok := s.members[strings.Join(parts[:i-1], "/")][parts[i-1]]; !ok && i < strings.Count(c.path, "/")+2 {
			detail(w, 404, "Parent not found")
			return
		}
	}
	home := strings.Join(parts[:strings.Count(c.path, "/")+1], "/")
	var m *member
	if op != "list" && op != "create" {
		if m = s.members[home][r.PathValue(c.param)]; m == nil {
			detail(w, 404, c.schema+" not found")
			return
		}
		if m.owner != "alice" && op != "get" {
			detail(w, 403, "Not enough permissions")
			return
		}
	}
	if op == "create" || op == "put" || op == "patch" {
		body, ok := s.valid(w, r, c, op, home)
		if !ok {
			return
		}
		if op == "create" {
			m = &member{fields: body, owner: "alice", done: map[string]bool{}}
			s.put(c, home, m)
			s.hits[pattern]++
			if c.silent {
				answer(w, 201, map[string]any{"message": "created"})
				return
			}
			answer(w, 201, m.fields)
			return
		}
		for k, v := range body {
			m.fields[k] = v
		}
	}
	switch {
	case op == "list":
		list := []any{}
		for _, m := range s.members[home] {
			list = append(list, m.fields)
		}
		slices.SortFunc(list, func(a, b any) int {
			return strings.Compare(fmt.Sprint(a.(map[string]any)["id"]), fmt.Sprint(b.(map[string]any)["id"]))
		})
		s.hits[pattern]++
		if c.wrap != "" {
			answer(w, 200, map[string]any{c.wrap: list, "total": len(list)})
			return
		}
		answer(w, 200, list)
		return
	case op == "delete":
		delete(s.members[home], r.PathValue(c.param))
		s.hits[pattern]++
		answer(w, 204, nil)
		return
	case strings.HasPrefix(op, "!"):
		if len(m.done) > 0 && (op == "!cancel" || op == "!pay") {
			detail(w, 409, "Order is already settled")
			return
		}
		m.done[op] = true
	}
	s.hits[pattern]++
	answer(w, 200, m.fields)
}

// valid reads a body and enforces its fields, in pydantic's words.
func (s *server) valid(w http.ResponseWriter, r *http.Request, c collection, op, home string) (map[string]any, bool) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("Content-Type") != "application/json" {
		answer(w, 422, map[string]any{"detail": []any{map[string]any{"loc": []any{"body"}, "msg": "field required", "type": "value_error.missing"}}})
		return nil, false
	}
	var wrong []any
	complain := func(f field, v1, v2, msg string, ctx map[string]any) {
		kind := v1
		if s.dialect.pydantic == 2 {
			kind = v2
		}
		wrong = append(wrong, map[string]any{"loc": []any{"body", f.name}, "msg": msg, "type": kind, "ctx": ctx})
	}
	for _, f := range c.fields {
		v, ok := body[f.name]
		if !ok || v == nil {
			if f.required && op != "patch" {
				complain(f, "value_error.missing", "missing", "field required", nil)
			}
			continue
		}
		s.check(f, v, complain)
	}
	if wrong != nil {
		answer(w, 422, map[string]any{"detail": wrong})
		return nil, false
	}
	if op == "patch" && len(body) == 0 {
		detail(w, 400, "Nothing to update")
		return nil, false
	}
	for _, f := range c.fields {
		v, ok := body[f.name]
		if !ok || v == nil {
			continue
		}
		for _, m := range s.members[home] {
			if f.unique && m.fields[f.name] == v && op == "create" {
				detail(w, 400, "This "+f.name+" already exists")
				return nil, false
			}
		}
		if f.of == "" {
			continue
		}
		of := f.of
		if shop, ok := body["shop_id"].(float64); ok {
			of = strings.ReplaceAll(of, "{shop_id}", strconv.Itoa(int(shop)))
		}
		ids, isList := v.([]any)
		if !isList {
			ids = []any{v}
		}
		for _, id := range ids {
			n, _ := id.(float64)
			if s.members[of][strconv.Itoa(int(n))] == nil {
				detail(w, 404, "No such "+f.name)
				return nil, false
			}
		}
	}
	return body, true
}

func (s *server) check(f field, v any, complain func(field, string, string, string, map[string]any)) {
	switch f.kind {
	case "string", "uuid", "email", "date":
		text, ok := v.(string)
		n := float64(len([]rune(text)))
		switch {
		case !ok:
			complain(f, "type_error.str", "string_type", "str type expected", nil)
		case f.min > 0 && n < f.min:
			complain(f, "value_error.any_str.min_length", "string_too_short", fmt.Sprintf("at least %v characters", f.min), map[string]any{"limit_value": f.min})
		case f.max > 0 && n > f.max:
			complain(f, "value_error.any_str.max_length", "string_too_long", fmt.Sprintf("at most %v characters", f.max), map[string]any{"max_length": f.max})
		case f.enum != nil && !slices.Contains(f.enum, text):
			complain(f, "type_error.enum", "enum", "not a valid enumeration member", map[string]any{"expected": "'" + strings.Join(f.enum, "' or '") + "'"})
		case f.pattern != "" && !regexp.MustCompile(f.pattern).MatchString(text):
			complain(f, "value_error.str.regex", "string_pattern_mismatch", "string does not match regex", map[string]any{"pattern": f.pattern})
		case f.kind == "email" && !strings.Contains(text, "@"):
			complain(f, "value_error.email", "value_error", "value is not a valid email address", nil)
		case f.kind == "date" && !regexp.MustCompile(`^\d{4}-\d\d-\d\d$`).MatchString(text):
			complain(f, "value_error.date", "date_from_datetime_parsing", "invalid date format", nil)
		}
	case "integer", "number":
		n, ok := v.(float64)
		switch {
		case !ok || f.kind == "integer" && n != float64(int(n)):
			complain(f, "type_error.integer", "int_parsing", "value is not a valid integer", nil)
		case f.min > 0 && n < f.min:
			complain(f, "value_error.number.not_ge", "greater_than_equal", "too small", map[string]any{"limit_value": f.min, "ge": f.min})
		case f.max > 0 && n > f.max:
			complain(f, "value_error.number.not_le", "less_than_equal", "too large", map[string]any{"limit_value": f.max, "le": f.max})
		}
	case "ids":
		if l, ok := v.([]any); !ok || len(l) == 0 {
			complain(f, "type_error.list", "list_type", "value is not a valid list", nil)
		}
	}
}
