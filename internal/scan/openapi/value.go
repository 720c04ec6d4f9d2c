package openapi

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A generator makes values that schemas accept. It is deterministic: the
// same seed gives the same values.
type generator struct {
	doc      *Document
	pool     *Pool
	op       *Operation
	path     map[string]string // values of the path parameters already chosen
	serial   int               // makes strings of one seed differ from those of another
	optional bool              // also fill properties that are not required
	taken    map[string]bool   // ids that are not to be used again
	guessed  bool
}

// maxItems bounds a generated array; maxValueDepth the nesting of a value.
const (
	maxItems      = 64
	maxValueDepth = 12
)

// value makes a value for a schema; name is that of the property or parameter.
func (g *generator) value(node map[string]any, name string, level int) any {
	m := g.doc.flat(node, 0)
	if v, ok := m["const"]; ok {
		return v
	}
	if e := list(m["enum"]); len(e) > 0 {
		for _, v := range e {
			if v != nil {
				return v
			}
		}
		return nil
	}
	if v, ok := g.known(m, name); ok {
		return v
	}
	if v := g.doc.exampleOf(m); v != nil && !identifies(name) {
		return v
	}
	if v, ok := m["default"]; ok && v != nil {
		return v
	}
	if level > maxValueDepth {
		return nil
	}
	switch kind(m) {
	case "object":
		return g.objectValue(m, level)
	case "array":
		return g.arrayValue(m, name, level)
	case "string":
		return g.stringValue(m, name)
	case "integer":
		return math.Trunc(g.numberValue(m, name, true))
	case "number":
		return g.numberValue(m, name, false)
	case "boolean":
		return !negative(name)
	case "null":
		return nil
	}
	if c := g.doc.choice(m); c != nil {
		return g.chosen(m, c, name, level)
	}
	return g.untyped(name)
}

// chosen makes a value of one alternative, with the discriminator's value
// where there is one and with the properties that stand beside the choice.
func (g *generator) chosen(m, alternative map[string]any, name string, level int) any {
	v := g.value(alternative, name, level+1)
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	discriminator, _ := m["discriminator"].(map[string]any)
	if property := text(discriminator["propertyName"]); property != "" {
		object[property] = g.discriminated(discriminator, alternative, object[property])
	}
	return object
}

func (g *generator) discriminated(discriminator, alternative map[string]any, now any) any {
	ref := text(alternative["$ref"])
	mapping, _ := discriminator["mapping"].(map[string]any)
	for _, value := range sortedKeys(mapping) {
		if text(mapping[value]) == ref {
			return value
		}
	}
	if now != nil {
		return now
	}
	return ref[strings.LastIndexByte(ref, '/')+1:]
}

func (g *generator) objectValue(m map[string]any, level int) map[string]any {
	out := map[string]any{}
	properties, _ := m["properties"].(map[string]any)
	required := requiredOf(m)
	for _, name := range sortedKeys(properties) {
		p, _ := properties[name].(map[string]any)
		if g.doc.object(p)["readOnly"] == true {
			continue
		}
		if !required[name] && !(g.optional && level < 2) {
			continue
		}
		if v := g.value(p, name, level+1); v != nil || required[name] {
			out[name] = v
		}
	}
	for name := range required {
		if _, ok := properties[name]; !ok {
			out[name] = g.untyped(name)
		}
	}
	confirm(out)
	if n, ok := number(m, "minProperties"); ok && len(out) < int(n) {
		extra, _ := m["additionalProperties"].(map[string]any)
		for i := len(out); i < min(int(n), maxItems); i++ {
			key := fmt.Sprintf("key%d", i)
			if extra != nil {
				out[key] = g.value(extra, key, level+1)
			} else {
				out[key] = "value"
			}
		}
	}
	return out
}

// confirm makes a repeated password equal to the password.
func confirm(object map[string]any) {
	var password any
	for name, v := range object {
		if n := plainName(name); isPassword(n) && !repeats(n) {
			password = v
		}
	}
	for name := range object {
		if n := plainName(name); password != nil && isPassword(n) && repeats(n) {
			object[name] = password
		}
	}
}

func (g *generator) arrayValue(m map[string]any, name string, level int) []any {
	out := []any{}
	for _, item := range list(m["prefixItems"]) {
		p, _ := item.(map[string]any)
		out = append(out, g.value(p, name, level+1))
	}
	items, _ := m["items"].(map[string]any)
	want := 1
	if n, ok := number(m, "minItems"); ok {
		want = max(want, int(n))
	}
	if n, ok := number(m, "maxItems"); ok {
		want = min(want, int(n))
	}
	for len(out) < min(want, maxItems) && m["items"] != false {
		v := g.value(items, Singular(name), level+1)
		if m["uniqueItems"] == true {
			v = distinct(v, len(out))
		}
		out = append(out, v)
	}
	return out
}

func distinct(v any, n int) any {
	switch v := v.(type) {
	case string:
		if n > 0 {
			return fmt.Sprintf("%s%d", v, n)
		}
	case float64:
		return v + float64(n)
	}
	return v
}

// numberValue keeps to the bounds, and within them to what the name suggests.
func (g *generator) numberValue(m map[string]any, name string, integer bool) float64 {
	low, hasLow := number(m, "minimum")
	high, hasHigh := number(m, "maximum")
	step := 1.0
	if !integer {
		step = 0.01
	}
	if x, ok := number(m, "exclusiveMinimum"); ok {
		low, hasLow = x+step, true
	} else if m["exclusiveMinimum"] == true {
		low += step
	}
	if x, ok := number(m, "exclusiveMaximum"); ok {
		high, hasHigh = x-step, true
	} else if m["exclusiveMaximum"] == true {
		high -= step
	}
	v := plausibleNumber(name)
	if hasLow && v < low {
		v = low
	}
	if hasHigh && v > high {
		v = high
	}
	if of, ok := number(m, "multipleOf"); ok && of > 0 {
		v = math.Ceil(v/of) * of
		if hasHigh && v > high {
			v = math.Floor(high/of) * of
		}
	}
	return v
}

func (g *generator) stringValue(m map[string]any, name string) any {
	if text(m["format"]) == "binary" || m["contentMediaType"] == "application/octet-stream" {
		return File("probe\n")
	}
	s := g.formatted(text(m["format"]), name)
	if p := text(m["pattern"]); p != "" && !matchesPattern(p, s) {
		if made, ok := fromPattern(p, g.serial); ok {
			return made
		}
	}
	low, _ := number(m, "minLength")
	high, hasHigh := number(m, "maxLength")
	return fit(s, int(low), int(high), hasHigh, text(m["format"]) == "")
}

// fit makes s as long as it must be: the front goes, since the end is what
// makes it differ from its like.
func fit(s string, low, high int, bounded, mayGrow bool) string {
	if mayGrow && len(s) < low {
		s += strings.Repeat("x", min(low-len(s), 10_000))
	}
	if bounded && len(s) > high && high >= 0 {
		s = s[len(s)-high:]
	}
	return s
}

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func (g *generator) formatted(format, name string) string {
	switch format {
	case "uuid", "uuid4", "uuid1", "uuid3", "uuid5":
		return fmt.Sprintf("3f2b1a00-0000-4000-8000-%012x", g.serial)
	case "email", "idn-email":
		return fmt.Sprintf("probe%d@example.com", g.serial)
	case "date":
		return epoch.Format(time.DateOnly)
	case "date-time":
		return epoch.Format(time.RFC3339)
	case "time":
		return "12:30:00"
	case "duration":
		return "PT1H"
	case "uri", "url", "iri", "http-url":
		return "https://example.com/" + fmt.Sprint(g.serial)
	case "uri-reference", "iri-reference":
		return "/probe"
	case "hostname":
		return "probe.example.com"
	case "ipv4", "ipvanyaddress":
		return "192.0.2.1"
	case "ipv6":
		return "2001:db8::1"
	case "ipvanynetwork", "ipv4network":
		return "192.0.2.0/24"
	case "byte", "base64", "base64url":
		return "cHJvYmU="
	case "decimal":
		return "1.00"
	case "json-string", "json":
		return "{}"
	case "color":
		return "#336699"
	case "phone":
		return "+14155550100"
	}
	return g.plausibleString(name)
}
