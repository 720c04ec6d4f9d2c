package openapi

import "strings"

// A Field is a field of a form, as a page shows it.
type Field struct {
	Name     string
	Type     string   // of an HTML input: "text", "number", "email", "file", "hidden" …
	Value    string   // where the page gives one
	Options  []string // where one of several is to be chosen
	Required bool
}

// Describe says what body o takes where its document does not, since the
// handler reads the form by itself.
func (o *Operation) Describe(contentType string, fields []Field) {
	properties := map[string]any{}
	required := []any{}
	for _, f := range fields {
		node := map[string]any{"type": "string"}
		switch f.Type {
		case "number", "range":
			node["type"] = "integer"
		case "email", "date":
			node["format"] = f.Type
		case "url":
			node["format"] = "uri"
		case "datetime-local":
			node["format"] = "date-time"
		case "file":
			node["format"] = "binary"
		}
		switch {
		case len(f.Options) > 0:
			choices := []any{}
			for _, c := range f.Options {
				choices = append(choices, c)
			}
			node["enum"] = choices
		case f.Type == "hidden" || f.Type == "checkbox" && f.Value != "":
			node["default"] = f.Value
		}
		properties[f.Name] = node
		// Whoever sends a form sends all of it but what is ticked or not.
		if f.Required || f.Type != "checkbox" {
			required = append(required, f.Name)
		}
	}
	schema := o.doc.schema(map[string]any{"type": "object", "properties": properties, "required": required})
	o.Bodies = []*Body{{ContentType: strings.ToLower(contentType), Required: true, Schema: schema}}
	o.traits = o.judge()
}
