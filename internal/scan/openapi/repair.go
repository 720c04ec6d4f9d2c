package openapi

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// maxErrors bounds how many complaints of one answer are followed.
const maxErrors = 64

// Repair reads why a request was refused and corrects it. It understands the
// answers of FastAPI with pydantic 1 and 2 (422), and what common words say:
// a name that is taken (400, 409), a thing that is not there (404). It
// reports false where nothing can be learned from the answer.
func (d *Document) Repair(op *Operation, pool *Pool, prev *Request, status int, body []byte) (*Request, bool) {
	switch status {
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		if next, ok := d.repairFields(op, pool, prev, body); ok {
			return next, true
		}
		if status == http.StatusBadRequest && saysTaken(body) {
			return d.rebuild(op, pool, prev, nil)
		}
	case http.StatusConflict:
		return d.rebuild(op, pool, prev, nil)
	case http.StatusNotFound, http.StatusGone:
		if len(prev.PathValues) > 0 {
			taken := map[string]bool{}
			for _, v := range prev.PathValues {
				taken[v] = true
			}
			next, ok := d.rebuild(op, pool, prev, taken)
			return next, ok && !next.Guessed && next.Path != prev.Path
		}
	}
	return nil, false
}

func saysTaken(body []byte) bool {
	s := strings.ToLower(string(body[:min(len(body), 4096)]))
	for _, w := range []string{"already", "exists", "taken", "duplicate", "in use", "unique"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// rebuild makes the request anew with other names, and without the ids that
// did not do.
func (d *Document) rebuild(op *Operation, pool *Pool, prev *Request, taken map[string]bool) (*Request, bool) {
	next, err := d.Build(op, pool, BuildOptions{Optional: prev.optional, Serial: prev.serial + 7919, Taken: taken, ContentType: mediaTypeOf(op, prev)})
	return next, err == nil
}

func mediaTypeOf(op *Operation, r *Request) string {
	if t := mediaType(r.ContentType); op.Body(t) != nil {
		return t
	}
	return ""
}

// A complaint is one entry of FastAPI's "detail".
type complaint struct {
	Loc  []any          `json:"loc"`
	Msg  string         `json:"msg"`
	Type string         `json:"type"`
	Ctx  map[string]any `json:"ctx"`
}

func (d *Document) repairFields(op *Operation, pool *Pool, prev *Request, body []byte) (*Request, bool) {
	var answer struct {
		Detail []complaint `json:"detail"`
		Errors []complaint `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil, false
	}
	complaints := append(answer.Detail, answer.Errors...)
	next := prev.Clone()
	g := &generator{doc: d, pool: pool, op: op, path: next.PathValues, serial: prev.serial + 1}
	changed := false
	for _, c := range complaints[:min(len(complaints), maxErrors)] {
		if len(c.Loc) > 0 && g.repair(next, c) {
			changed = true
		}
	}
	if !changed {
		return nil, false
	}
	if next.Value != nil && prev.ContentType != "" {
		if next.Encode(mediaType(prev.ContentType)) != nil {
			return nil, false
		}
	}
	return next, true
}

func (g *generator) repair(r *Request, c complaint) bool {
	name := ""
	if s, ok := c.Loc[len(c.Loc)-1].(string); ok {
		name = s
	}
	switch text(c.Loc[0]) {
	case "query":
		v := g.corrected(c, name, g.paramNode(name, "query"), r.Query.Get(name))
		if v == nil {
			r.Query.Del(name)
			return true
		}
		r.Query[name] = texts(v)
		return true
	case "header":
		v := g.corrected(c, name, g.paramNode(name, "header"), r.Header.Get(name))
		r.Header.Set(strings.ReplaceAll(name, "_", "-"), strings.Join(texts(v), ","))
		return true
	case "body":
		if len(c.Loc) == 1 {
			if r.Value != nil || len(g.op.Bodies) == 0 {
				return false
			}
			r.Value = g.value(g.op.Bodies[0].Schema.node, "", 0)
			return true
		}
		var node map[string]any
		if len(g.op.Bodies) > 0 {
			node = g.op.Bodies[0].Schema.node
		}
		value, ok := g.repairAt(r.Value, node, c.Loc[1:], c)
		if ok {
			r.Value = value
		}
		return ok
	}
	return false
}

func (g *generator) paramNode(name, in string) map[string]any {
	for _, p := range g.op.Params {
		if p.In == in && plainName(p.Name) == plainName(name) {
			return p.Schema.node
		}
	}
	return nil
}

// repairAt walks to the place that the complaint is about. Steps that name no
// place (pydantic writes the alternatives of a union there) are passed over.
func (g *generator) repairAt(v any, node map[string]any, loc []any, c complaint) (any, bool) {
	m := g.doc.flat(node, 0)
	if len(loc) == 0 {
		fixed := g.corrected(c, "", node, v)
		return fixed, true
	}
	switch step := loc[0].(type) {
	case string:
		properties, _ := m["properties"].(map[string]any)
		child, _ := properties[step].(map[string]any)
		object, ok := v.(map[string]any)
		if !ok {
			if v == nil {
				object = map[string]any{}
			} else {
				return g.repairAt(v, node, loc[1:], c)
			}
		}
		if len(loc) == 1 {
			if strings.Contains(c.Type, "extra") {
				delete(object, step)
				return object, true
			}
			object[step] = g.corrected(c, step, child, object[step])
			confirm(object)
			return object, true
		}
		if _, there := object[step]; !there && child == nil {
			return g.repairAt(v, node, loc[1:], c)
		}
		fixed, done := g.repairAt(object[step], child, loc[1:], c)
		object[step] = fixed
		return object, done
	case float64:
		items, _ := m["items"].(map[string]any)
		array, ok := v.([]any)
		if !ok || int(step) < 0 || int(step) >= len(array) {
			return v, false
		}
		fixed, done := g.repairAt(array[int(step)], items, loc[1:], c)
		array[int(step)] = fixed
		return array, done
	}
	return v, false
}

var firstNumber = regexp.MustCompile(`-?\d+(?:\.\d+)?`)

// corrected makes the value that the complaint asks for.
func (g *generator) corrected(c complaint, name string, node map[string]any, was any) any {
	kind := strings.ToLower(c.Type)
	says := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(kind, w) {
				return true
			}
		}
		return false
	}
	limit, hasLimit := limitOf(c)
	switch {
	case says("enum", "literal", "const"):
		if v, ok := expected(c); ok {
			return v
		}
	case says("email"):
		return g.formatted("email", name)
	case says("uuid"):
		return g.formatted("uuid", name)
	case says("url"):
		return g.formatted("uri", name)
	case says("datetime"):
		return g.formatted("date-time", name)
	case says("date"):
		return g.formatted("date", name)
	case says("time"):
		return g.formatted("time", name)
	case says("pattern", "regex"):
		if p := text(c.Ctx["pattern"]); p != "" {
			if v, ok := fromPattern(p, g.serial); ok {
				return v
			}
		}
	case says("min_length", "too_short", "min_items") && hasLimit:
		if l, ok := was.([]any); ok {
			for len(l) < min(int(limit), maxItems) && len(l) > 0 {
				l = append(l, distinct(l[0], len(l)))
			}
			return l
		}
		return fit(text(was), int(limit), 0, false, true)
	case says("max_length", "too_long", "max_items") && hasLimit:
		if l, ok := was.([]any); ok {
			return l[:min(len(l), int(limit))]
		}
		return fit(text(was), 0, int(limit), true, false)
	case says("not_ge", "greater_than_equal", "not_le", "less_than_equal", "multiple") && hasLimit:
		return limit
	case says("not_gt", "greater_than") && hasLimit:
		return limit + 1
	case says("not_lt", "less_than") && hasLimit:
		return limit - 1
	case says("int", "integer"):
		return 1.0
	case says("float", "decimal", "number"):
		return 1.5
	case says("bool"):
		return true
	case says("list", "set", "tuple", "sequence"):
		if was != nil && scalar(was) {
			return []any{was}
		}
		return []any{}
	case says("str", "string") && !says("missing"):
		if was != nil && scalar(was) {
			return text(was)
		}
	case says("none_required", "none_not_allowed", "extra"):
		return nil
	case says("value_error", "assertion_error") && !says("missing"):
		// A validator of the application's own: what it wants is in its words.
		if v, ok := g.advised(c.Msg, name, was); ok {
			return v
		}
	}
	if node == nil {
		return g.untyped(name)
	}
	return g.value(node, name, 0)
}

// limitOf reads the bound that a complaint names.
func limitOf(c complaint) (float64, bool) {
	for _, key := range []string{"limit_value", "min_length", "max_length", "ge", "gt", "le", "lt", "multiple_of"} {
		if v, ok := c.Ctx[key].(float64); ok {
			return v, true
		}
	}
	if s := firstNumber.FindString(c.Msg); s != "" {
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil
	}
	return 0, false
}

// expected reads the values that an enumeration lets through.
func expected(c complaint) (any, bool) {
	for _, key := range []string{"enum_values", "permitted"} {
		if l := list(c.Ctx[key]); len(l) > 0 {
			return l[0], true
		}
	}
	from := text(c.Ctx["expected"])
	if from == "" {
		from = c.Msg
	}
	if _, after, ok := strings.Cut(from, "'"); ok {
		if v, _, ok := strings.Cut(after, "'"); ok {
			return v, true
		}
	}
	if s := firstNumber.FindString(from); s != "" {
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil
	}
	return nil, false
}

// advised follows the words of a validator.
func (g *generator) advised(msg, name string, was any) (any, bool) {
	m := strings.ToLower(msg)
	switch {
	case strings.Contains(m, "password") && isPassword(plainName(name)):
		return Password, true
	case strings.Contains(m, "email"):
		return g.formatted("email", name), true
	case strings.Contains(m, "phone"):
		return "+14155550123", true
	case strings.Contains(m, "positive") || strings.Contains(m, "greater than"):
		return 1.0, true
	case strings.Contains(m, "future"):
		return epoch.AddDate(10, 0, 0).Format("2006-01-02"), true
	case strings.Contains(m, "past"):
		return "1990-01-02", true
	case strings.Contains(m, "alphanumeric") || strings.Contains(m, "letters"):
		return strings.ReplaceAll(text(was), " ", ""), true
	}
	return nil, false
}
