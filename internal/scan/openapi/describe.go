package openapi

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Field is a field of a form, as a page shows it.
type Field struct {
	Name     string
	Type     string   // of an HTML input: "text", "number", "email", "file", "hidden" …
	Value    string   // where the page gives one
	Options  []string // where one of several is to be chosen
	Required bool

	Pattern, Placeholder string
}

// keywords is what a field says of its value, beyond that it is a text.
func (f Field) keywords() map[string]any {
	out := map[string]any{}
	switch f.Type {
	case "number", "range":
		out["type"] = "integer"
	case "email", "date", "month", "datetime-local":
		out["format"] = f.Type
	case "time":
		out["format"] = "clock"
	case "url":
		out["format"] = "uri"
	case "file":
		out["format"] = "binary"
	}
	choices := []any{}
	for _, c := range f.Options {
		if c != "" { // "choose one"
			choices = append(choices, c)
		}
	}
	switch mask := f.mask(); {
	case len(choices) > 0:
		out["enum"] = choices
	case f.Pattern != "":
		out["pattern"] = "^(?:" + f.Pattern + ")$" // as HTML anchors it
	case mask != "":
		out["pattern"] = mask
	}
	return out
}

// masked is a placeholder that shows how a text of digits is written, as
// 000.000.000-00 does; those of dates and amounts are none.
var (
	masked  = regexp.MustCompile(`^[ ()+./-]*[0-9]+(?:[ ()+./-]+[0-9]+)+[ ()]*$`)
	noMasks = regexp.MustCompile(`^\d{1,4}([./-])\d{1,2}([./-])\d{1,4}$|^\d+\.\d+$`)
	digit   = regexp.MustCompile(`[0-9]`)
)

// mask is the pattern of what a field's placeholder shows; empty where it
// shows none.
func (f Field) mask() string {
	if f.Type != "text" && f.Type != "tel" || !masked.MatchString(f.Placeholder) || noMasks.MatchString(f.Placeholder) {
		return ""
	}
	return "^" + digit.ReplaceAllString(regexp.QuoteMeta(f.Placeholder), `\d`) + "$"
}

// Shown takes in what a page's form says of the fields of a body that the
// document calls mere texts or numbers: that one is a date, or one of these.
// What a refusal said counts for more.
func (p *Pool) Shown(op *Operation, fields []Field) {
	if len(op.Bodies) == 0 || !strings.Contains(op.Bodies[0].ContentType, "form") {
		return
	}
	for _, f := range fields {
		node := op.Bodies[0].Schema.property(f.Name)
		if node == nil {
			continue
		}
		m, keywords := op.doc.solid(node), f.keywords()
		if slices.ContainsFunc([]string{"enum", "const", "format", "pattern", "default", "example", "examples"}, func(k string) bool { return m[k] != nil }) {
			continue
		}
		switch kind(m) {
		case "string":
		case "integer", "number":
			delete(keywords, "type")
			for i, c := range list(keywords["enum"]) {
				if n, err := strconv.ParseFloat(text(c), 64); err == nil {
					keywords["enum"].([]any)[i] = n
				}
			}
		default:
			continue
		}
		place := "body/" + f.Name
		known := p.hinted(op, place)
		if _, options := known["enum"]; len(keywords) > 0 && (known == nil || options && keywords["enum"] != nil) {
			p.hint(op, place, keywords)
		}
	}
}

// Describe says what body o takes where its document does not, since the
// handler reads the form by itself.
func (o *Operation) Describe(contentType string, fields []Field) {
	properties := map[string]any{}
	required := []any{}
	for _, f := range fields {
		node := map[string]any{"type": "string"}
		maps.Copy(node, f.keywords())
		if f.Type == "hidden" || f.Type == "checkbox" && f.Value != "" {
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
