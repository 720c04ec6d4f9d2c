package openapi

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// A Schema is a JSON Schema within its document. References are resolved as
// they are met, so cycles cost nothing until a value is made.
type Schema struct {
	doc  *Document
	node map[string]any
}

func (d *Document) schema(node any) *Schema {
	m, _ := node.(map[string]any)
	return &Schema{d, m}
}

const (
	// maxRefs bounds a chain of references that lead to references.
	maxRefs = 32
	// maxParts bounds the schemas that allOf adds up, nested ones included.
	maxParts = 256
)

// object returns the object that node is or refers to, or an empty one.
func (d *Document) object(node any) map[string]any {
	m, _ := node.(map[string]any)
	for range maxRefs {
		ref, ok := m["$ref"].(string)
		if !ok {
			return m
		}
		m = d.lookUp(ref)
	}
	return nil
}

// lookUp follows a JSON pointer within the document (RFC 6901).
func (d *Document) lookUp(ref string) map[string]any {
	pointer, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil // in another file: it could not be had
	}
	var at any = d.root
	for part := range strings.SplitSeq(pointer, "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		switch v := at.(type) {
		case map[string]any:
			at = v[part]
		case []any:
			i := 0
			for _, c := range part {
				if c < '0' || c > '9' || i > len(v) {
					return nil
				}
				i = i*10 + int(c-'0')
			}
			if part == "" || i >= len(v) {
				return nil
			}
			at = v[i]
		default:
			return nil
		}
	}
	m, _ := at.(map[string]any)
	return m
}

// flat returns the schema with its reference and allOf merged into one
// object; properties and required lists add up. The result must not be
// changed: where there is nothing to merge it is the document's own.
func (d *Document) flat(node map[string]any) map[string]any {
	m := node
	if _, ok := m["$ref"].(string); ok && len(m) == 1 {
		m = d.object(m)
	}
	_, ref := m["$ref"].(string)
	_, all := m["allOf"].([]any)
	if !ref && !all {
		return m
	}
	a := &sum{doc: d, out: map[string]any{}, properties: map[string]any{}, left: maxParts}
	a.add(m, nil)
	if len(a.properties) > 0 {
		a.out["properties"] = a.properties
	}
	if len(a.required) > 0 {
		a.out["required"] = a.required
	}
	return a.out
}

// A sum adds up the parts of allOf and what stands beside a reference.
type sum struct {
	doc        *Document
	out        map[string]any
	properties map[string]any
	required   []any
	left       int
}

func (a *sum) add(m map[string]any, refs []string) {
	if a.left--; a.left < 0 || len(refs) > maxRefs {
		return
	}
	if ref, ok := m["$ref"].(string); ok && !slices.Contains(refs, ref) {
		a.add(a.doc.lookUp(ref), append(slices.Clip(refs), ref))
	}
	for _, part := range list(m["allOf"]) {
		p, _ := part.(map[string]any)
		a.add(p, refs)
	}
	for k, v := range m {
		switch k {
		case "allOf", "$ref":
		case "properties":
			p, _ := v.(map[string]any)
			maps.Copy(a.properties, p)
		case "required":
			a.required = append(a.required, list(v)...)
		case "minimum", "minLength", "minItems", "exclusiveMinimum":
			a.bound(k, v, math.Max)
		case "maximum", "maxLength", "maxItems", "exclusiveMaximum":
			a.bound(k, v, math.Min)
		case "discriminator":
			// A part's discriminator tells its heirs apart, of which this
			// schema is one; the outermost stands.
			if len(refs) == 0 || a.out[k] == nil {
				a.out[k] = v
			}
		default:
			a.out[k] = v
		}
	}
}

// bound keeps the stricter of two bounds.
func (a *sum) bound(key string, v any, stricter func(x, y float64) float64) {
	have, ok1 := a.out[key].(float64)
	new, ok2 := v.(float64)
	if ok1 && ok2 {
		v = stricter(have, new)
	}
	a.out[key] = v
}

// kind returns the schema's type; of several the first that is not null. A
// schema without one is told by its keywords.
func kind(m map[string]any) string {
	switch t := m["type"].(type) {
	case string:
		return t
	case []any:
		for _, e := range t {
			if e != "null" {
				return text(e)
			}
		}
		if len(t) > 0 {
			return "null"
		}
	}
	switch {
	case m["properties"] != nil || m["additionalProperties"] != nil:
		return "object"
	case m["items"] != nil || m["prefixItems"] != nil:
		return "array"
	case m["oneOf"] != nil || m["anyOf"] != nil:
		return ""
	case m["format"] != nil || m["pattern"] != nil || m["minLength"] != nil || m["maxLength"] != nil:
		return "string"
	case m["minimum"] != nil || m["maximum"] != nil || m["multipleOf"] != nil:
		return "number"
	}
	return ""
}

// choice returns the first alternative of oneOf or anyOf that is not null, or
// nil.
func (d *Document) choice(m map[string]any) map[string]any {
	for _, key := range []string{"oneOf", "anyOf"} {
		for _, alt := range list(m[key]) {
			a, _ := alt.(map[string]any)
			if kind(d.flat(a)) != "null" {
				return a
			}
		}
	}
	return nil
}

// solid returns the schema with the choice made that a value needs: what
// pydantic writes for an optional value, anyOf [X, null], is X.
func (d *Document) solid(node map[string]any) map[string]any {
	m := d.flat(node)
	for range maxRefs {
		c := d.choice(m)
		if c == nil || kind(m) == "object" && m["properties"] != nil {
			return m
		}
		alternative := d.flat(c)
		if kind(alternative) == "object" {
			return alternative
		}
		merged := maps.Clone(m)
		delete(merged, "oneOf")
		delete(merged, "anyOf")
		maps.Copy(merged, alternative)
		if v, ok := m["default"]; ok {
			merged["default"] = v
		}
		m = merged
	}
	return m
}

// nullable reports whether null is a value of the schema.
func (d *Document) nullable(m map[string]any) bool {
	if m["nullable"] == true || m["x-nullable"] == true || m["type"] == "null" {
		return true
	}
	for _, t := range list(m["type"]) {
		if t == "null" {
			return true
		}
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		for _, alt := range list(m[key]) {
			a, _ := alt.(map[string]any)
			if d.flat(a)["type"] == "null" {
				return true
			}
		}
	}
	return false
}

// exampleOf returns what a parameter, media type or schema gives as example.
func (d *Document) exampleOf(m map[string]any) any {
	if v, ok := m["example"]; ok && v != nil {
		return v
	}
	switch e := m["examples"].(type) {
	case []any:
		if len(e) > 0 {
			return e[0]
		}
	case map[string]any:
		for _, name := range sortedKeys(e) {
			if v, ok := d.object(e[name])["value"]; ok {
				return v
			}
		}
	}
	return nil
}

func number(m map[string]any, key string) (float64, bool) {
	f, ok := m[key].(float64)
	if ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return 0, false
	}
	return f, ok
}

// Properties returns the names of an object's properties, the required ones
// first.
func (s *Schema) Properties() []string {
	m := s.object()
	properties, _ := m["properties"].(map[string]any)
	names := sortedKeys(properties)
	required := requiredOf(m)
	slices.SortStableFunc(names, func(a, b string) int { return order(!required[a]) - order(!required[b]) })
	return names
}

// object is the schema with its choices made.
func (s *Schema) object() map[string]any {
	if s == nil || s.doc == nil {
		return nil
	}
	return s.doc.solid(s.node)
}

func order(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Required reports whether the named property must be there.
func (s *Schema) Required(name string) bool { return requiredOf(s.object())[name] }

func requiredOf(m map[string]any) map[string]bool {
	out := map[string]bool{}
	for _, r := range list(m["required"]) {
		out[text(r)] = true
	}
	return out
}

// Property returns the schema of the named property; nil if there is none.
func (s *Schema) Property(name string) *Schema {
	properties, _ := s.object()["properties"].(map[string]any)
	p, ok := properties[name].(map[string]any)
	if !ok {
		return nil
	}
	return &Schema{s.doc, p}
}

// Type returns the schema's type, or "" where it has none.
func (s *Schema) Type() string { return kind(s.object()) }

// Format returns the format that the schema names, or nothing.
func (s *Schema) Format() string { return text(s.object()["format"]) }

// Secret reports whether the schema says that its value is not to be shown.
func (s *Schema) Secret() bool {
	return s.Format() == "password" || s.object()["writeOnly"] == true
}
