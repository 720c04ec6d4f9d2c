package openapi

import (
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

// maxRefs bounds a chain of references that lead to references.
const maxRefs = 32

// object returns the object that node is or refers to, or an empty one.
func (d *Document) object(node any) map[string]any {
	m, _ := node.(map[string]any)
	for range maxRefs {
		ref := text(m["$ref"])
		if ref == "" {
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
		m, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = m[part]
	}
	m, _ := at.(map[string]any)
	return m
}

// flat returns the schema with its reference and allOf merged into one
// object; properties and required lists add up.
func (s *Schema) flat() map[string]any { return s.doc.flat(s.node, 0) }

func (d *Document) flat(node map[string]any, level int) map[string]any {
	m := d.object(node)
	all, ok := m["allOf"].([]any)
	if !ok || level > maxRefs {
		return m
	}
	out := map[string]any{}
	properties := map[string]any{}
	var required []any
	absorb := func(part map[string]any) {
		for k, v := range part {
			switch k {
			case "allOf":
			case "properties":
				if p, ok := v.(map[string]any); ok {
					for name, schema := range p {
						properties[name] = schema
					}
				}
			case "required":
				required = append(required, list(v)...)
			default:
				out[k] = v
			}
		}
	}
	for _, part := range all {
		p, _ := part.(map[string]any)
		absorb(d.flat(p, level+1))
	}
	absorb(m)
	if len(properties) > 0 {
		out["properties"] = properties
	}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
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
	}
	switch {
	case m["properties"] != nil || m["additionalProperties"] != nil:
		return "object"
	case m["items"] != nil || m["prefixItems"] != nil:
		return "array"
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
			if f := d.object(a); kind(f) != "null" && text(f["type"]) != "null" {
				return a
			}
		}
	}
	return nil
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
	m := s.flat()
	properties, _ := m["properties"].(map[string]any)
	names := sortedKeys(properties)
	required := requiredOf(m)
	slices.SortStableFunc(names, func(a, b string) int { return order(!required[a]) - order(!required[b]) })
	return names
}

func order(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Required reports whether the named property must be there.
func (s *Schema) Required(name string) bool { return requiredOf(s.flat())[name] }

func requiredOf(m map[string]any) map[string]bool {
	out := map[string]bool{}
	for _, r := range list(m["required"]) {
		out[text(r)] = true
	}
	return out
}

// Property returns the schema of the named property; nil if there is none.
func (s *Schema) Property(name string) *Schema {
	properties, _ := s.flat()["properties"].(map[string]any)
	p, ok := properties[name].(map[string]any)
	if !ok {
		return nil
	}
	return &Schema{s.doc, p}
}

// Type returns the schema's type, or "" where it has none.
func (s *Schema) Type() string {
	m := s.flat()
	if k := kind(m); k != "" {
		return k
	}
	if c := s.doc.choice(m); c != nil {
		return kind(s.doc.flat(c, 0))
	}
	return ""
}
