package guard

import (
	"bytes"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/d710e0ae/countersign/internal/secret"
)

// Schema returns the JSON Schema (draft 2020-12) of the configuration file,
// for editors. It is made of the same table as the loader.
func Schema() ([]byte, error) {
	properties := map[string]any{}
	for i := range table {
		s := &table[i]
		group, name, nested := strings.Cut(s.key, ".")
		if !nested {
			properties[group] = s.schema()
			continue
		}
		section, ok := properties[group].(map[string]any)
		if !ok {
			section = map[string]any{"type": []string{"object", "null"}, "additionalProperties": false, "properties": map[string]any{}}
			properties[group] = section
		}
		section["properties"].(map[string]any)[name] = s.schema()
	}
	b, err := json.Marshal(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "countersign guard",
		"type":                 "object",
		"additionalProperties": false,
		"required":             []string{"upstream", "public_origin"},
		"properties":           properties,
	}, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	return append(bytes.TrimSpace(b), '\n'), nil
}

func (s *setting) schema() map[string]any {
	m := map[string]any{"description": s.doc}
	if s.otherwise != "" {
		m["default"] = s.otherwise
	}
	switch s.field(&Config{}).(type) {
	case *bool:
		m["type"] = "boolean"
		m["default"] = s.otherwise == "true"
	case *int:
		m["type"], m["minimum"], m["maximum"] = "integer", s.min, s.max
		delete(m, "default")
	case *Size:
		m["type"], m["pattern"] = []string{"string", "integer"}, sizeForm.String()
	case *time.Duration:
		m["type"], m["pattern"] = "string", durationForm.String()
	case *[]string:
		m["type"], m["items"] = "array", map[string]any{"type": "string", "minLength": 1}
		if s.otherwise != "" {
			m["default"] = strings.Split(s.otherwise, ", ")
		}
	case *secret.Text:
		m["type"], m["pattern"] = "string", "^env:.+$"
	default:
		m["type"] = "string"
		if len(s.oneOf) > 0 {
			m["enum"] = s.oneOf
		}
	}
	return m
}
