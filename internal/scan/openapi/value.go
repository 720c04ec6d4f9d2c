package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// A generator makes values that schemas accept. It is deterministic: the
// same serial and the same pool give the same values.
type generator struct {
	doc     *Document
	pool    *Pool
	op      *Operation
	opt     BuildOptions
	path    map[string]string // values of the path parameters already chosen
	target  *thing            // what the path names; nil where nothing is known of it
	chosen  []*thing          // the things that path and body name
	serial  int               // makes strings of one request differ from those of another
	guesses []string          // names of the ids that nothing was known for
}

// maxItems bounds a generated array; maxValueDepth the nesting of a value.
const (
	maxItems      = 64
	maxValueDepth = 12
)

// value makes a value for a schema. Name is that of the property or
// parameter; place tells hints of one place from those of another.
func (g *generator) value(node map[string]any, name, place string, level int) any {
	m := g.doc.flat(node)
	hint := g.pool.hinted(g.op, place)
	if hint != nil {
		m = maps.Clone(g.doc.solid(m))
		if m == nil {
			m = map[string]any{}
		}
		maps.Copy(m, hint)
	}
	if v, ok := m["const"]; ok {
		return v
	}
	if e := list(m["enum"]); len(e) > 0 {
		return g.oneOfEnum(m, name, e)
	}
	if level > maxValueDepth {
		return nil
	}
	solid := g.doc.solid(m)
	if e := list(solid["enum"]); len(e) > 0 && kind(m) == "" {
		return g.oneOfEnum(m, name, e)
	}
	if v, ok := g.known(solid, name); ok {
		return v
	}
	_, onlyDue := hint["required"]
	if v := g.given(m, solid, name, hint != nil && !(onlyDue && len(hint) == 1)); v != nil {
		return v
	}
	switch kind(m) {
	case "object":
		return g.objectValue(m, place, level)
	case "array":
		return g.arrayValue(m, name, place, level)
	case "string":
		return g.idOr(name, g.stringValue(m, name))
	case "integer":
		return g.idOr(name, g.numberValue(m, name, true))
	case "number":
		return g.numberValue(m, name, false)
	case "boolean":
		return g.flag(name)
	case "null":
		return nil
	}
	if c := g.doc.choice(m); c != nil {
		return g.chosenAlternative(m, c, name, place, level)
	}
	return g.idOr(name, g.untyped(name))
}

// given is the value that the document itself suggests.
func (g *generator) given(m, solid map[string]any, name string, hinted bool) any {
	if hinted {
		return nil // what the document suggests was refused
	}
	if !g.opt.Unique {
		for _, from := range []map[string]any{m, solid} {
			if v := g.doc.exampleOf(from); v != nil && g.fits(solid, v) {
				return g.idOr(name, copyValue(v))
			}
		}
	}
	_, isText := m["default"].(string)
	if m["default"] == false && consents(name) {
		return true
	}
	if v, ok := m["default"]; ok && v != nil && !(g.opt.Unique && isText) && g.fits(solid, v) && !g.same(name, v) {
		return copyValue(v)
	}
	return nil
}

// idOr notes that an id had to be invented.
func (g *generator) idOr(name string, v any) any {
	if identifies(name) && plainName(name) != "id" {
		g.guesses = append(g.guesses, name)
	}
	return v
}

// oneOfEnum takes the first value that a change would show by.
func (g *generator) oneOfEnum(m map[string]any, name string, values []any) any {
	if v, ok := m["default"]; ok && v != nil && !g.same(name, v) && slices.ContainsFunc(values, func(e any) bool { return scalar(e) && scalar(v) && e == v }) {
		return v
	}
	var fallback any
	for _, v := range values {
		if v == nil {
			continue
		}
		if !g.same(name, v) {
			return v
		}
		fallback = cmp.Or(fallback, v)
	}
	return fallback
}

// same reports whether the thing that the path names has that value already:
// writing it again would change nothing that could be read back.
func (g *generator) same(name string, v any) bool {
	if g.target == nil || !scalar(v) {
		return false
	}
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	have, ok := g.target.fields[name]
	return ok && have == v
}

func (g *generator) flag(name string) any {
	v := !negative(name)
	if g.same(name, v) && !negative(name) {
		return !v
	}
	return v
}

// chosenAlternative makes a value of one alternative, with the discriminator's
// value where there is one and with the properties that stand beside the
// choice.
func (g *generator) chosenAlternative(m, alternative map[string]any, name, place string, level int) any {
	v := g.value(alternative, name, place, level+1)
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

func (g *generator) objectValue(m map[string]any, place string, level int) map[string]any {
	out := map[string]any{}
	properties, _ := m["properties"].(map[string]any)
	required := requiredOf(m)
	wanted := g.wanted(properties, required, place, level)
	for _, name := range g.inOrder(properties) {
		p, _ := properties[name].(map[string]any)
		if g.doc.object(p)["readOnly"] == true || !required[name] && !wanted[name] {
			continue
		}
		if v := g.value(p, name, place+"/"+name, level+1); v != nil || required[name] {
			out[name] = v
		}
	}
	for name := range properties {
		delete(required, name)
	}
	for _, name := range sortedKeys(required) {
		out[name] = g.value(nil, name, place+"/"+name, level+1)
	}
	for _, name := range list(m[alsoKeyword]) {
		if _, have := out[text(name)]; !have {
			out[text(name)] = g.value(nil, text(name), place+"/"+text(name), level+1)
		}
	}
	// One alternative's properties stand beside the object's own.
	if c := g.doc.choice(m); c != nil && level < maxValueDepth {
		if more, ok := g.chosenAlternative(m, c, "", place, level).(map[string]any); ok {
			for k, v := range more {
				if _, have := out[k]; !have {
					out[k] = v
				}
			}
		}
	}
	confirm(out)
	g.fillUp(out, m, place, level)
	return out
}

// alsoKeyword lists, in hints, the members that a server wants and its
// document does not know.
const alsoKeyword = "x-countersign-also"

// fillUp adds members until there are as many as there must be.
func (g *generator) fillUp(out, m map[string]any, place string, level int) {
	n, ok := number(m, "minProperties")
	if !ok {
		return
	}
	properties, _ := m["properties"].(map[string]any)
	for _, name := range sortedKeys(properties) {
		if _, have := out[name]; !have && len(out) < int(n) {
			p, _ := properties[name].(map[string]any)
			out[name] = g.value(p, name, place+"/"+name, level+1)
		}
	}
	extra, _ := m["additionalProperties"].(map[string]any)
	for i := 0; len(out) < min(int(n), maxItems); i++ {
		key := fmt.Sprintf("key%d", i)
		if extra != nil {
			out[key] = g.value(extra, key, place+"/*", level+1)
		} else {
			out[key] = "value"
		}
	}
}

// inOrder returns the names of properties so that ids are chosen first: the
// other values may depend on which thing is meant.
func (g *generator) inOrder(properties map[string]any) []string {
	names := sortedKeys(properties)
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(order(!identifies(a)), order(!identifies(b)))
	})
	return names
}

// wanted chooses the properties that are filled although they need not be. A
// change that changes nothing shows nothing, so where nothing is required at
// least something harmless is written.
func (g *generator) wanted(properties map[string]any, required map[string]bool, place string, level int) map[string]bool {
	out := map[string]bool{}
	for name := range properties {
		if g.opt.Optional && level < 2 {
			out[name] = true
		}
		if g.pool.hinted(g.op, place+"/"+name)["required"] == true {
			out[name] = true
		}
		if p, _ := properties[name].(map[string]any); level < 2 && consents(name) && kind(g.doc.solid(p)) == "boolean" {
			out[name] = true
		}
		// A good client sends the CSRF token that the form has a field for,
		// also where the document leaves it open: the check comes later.
		if n := plainName(name); strings.Contains(n, "csrf") || strings.Contains(n, "xsrf") || n == "authenticitytoken" {
			out[name] = true
		}
	}
	if level > 0 || len(required) > 0 || g.opt.Optional {
		return out
	}
	names := slices.Collect(maps.Keys(properties))
	slices.Sort(names)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(risk(a), risk(b)) })
	for _, name := range names {
		if r := risk(name); len(out) < 2 && r < 3 || len(out) == 0 {
			out[name] = true
		}
	}
	return out
}

// risk ranks optional properties by what writing them could break.
func risk(name string) int {
	n := plainName(name)
	switch {
	case isPassword(n):
		return 6
	case identifies(name):
		return 5
	case n == "email" || n == "username" || n == "login" || strings.Contains(n, "role") || strings.Contains(n, "admin") || strings.Contains(n, "permission") || strings.Contains(n, "scope"):
		return 4
	case negative(name) || strings.HasPrefix(n, "is") || strings.Contains(n, "active") || strings.Contains(n, "enabled"):
		return 3
	}
	for _, w := range []string{"title", "description", "note", "comment", "content", "text", "bio", "label", "message", "summary", "fullname", "displayname"} {
		if strings.Contains(n, w) {
			return 0
		}
	}
	if n == "name" || n == "body" {
		return 1
	}
	return 2
}

// confirm makes a repeated password equal to the password, and so an address.
func confirm(object map[string]any) {
	again := false
	for name := range object {
		again = again || repeats(plainName(name))
	}
	if !again {
		return // as most objects ask for nothing twice
	}
	var password any
	names := sortedKeys(object)
	for _, name := range names {
		n := plainName(name)
		if isPassword(n) && !repeats(n) && (password == nil || strings.Contains(n, "new")) {
			password = object[name]
		}
		if strings.Contains(n, "email") && repeats(n) && object["email"] != nil {
			object[name] = object["email"]
		}
	}
	for _, name := range names {
		if n := plainName(name); password != nil && isPassword(n) && repeats(n) {
			object[name] = password
		}
	}
}

func (g *generator) arrayValue(m map[string]any, name, place string, level int) []any {
	out := []any{}
	for i, item := range list(m["prefixItems"]) {
		p, _ := item.(map[string]any)
		out = append(out, g.value(p, name, fmt.Sprintf("%s/%d", place, i), level+1))
	}
	if old := list(m["items"]); len(old) > 0 { // tuples, before prefixItems
		for i, item := range old {
			p, _ := item.(map[string]any)
			out = append(out, g.value(p, name, fmt.Sprintf("%s/%d", place, i), level+1))
		}
		return out
	}
	items, _ := m["items"].(map[string]any)
	want := 1
	if n, ok := number(m, "minItems"); ok {
		want = max(want, int(min(n, maxItems)))
	}
	if n, ok := number(m, "maxItems"); ok {
		want = min(want, int(n))
	}
	if len(list(m["prefixItems"])) > 0 && m["minItems"] == nil {
		want = len(out)
	}
	if level >= maxValueDepth-1 && m["minItems"] == nil {
		want = 0 // a list of its own kind would never end
	}
	for len(out) < want && m["items"] != false {
		v := g.value(items, Singular(name), place+"/*", level+1)
		if m["uniqueItems"] == true {
			v = g.distinct(items, v, out)
		}
		if v == nil && len(out) >= 1 {
			break
		}
		out = append(out, v)
	}
	if len(out) == 1 && out[0] == nil && m["minItems"] == nil && !g.doc.nullable(g.doc.flat(items)) {
		return []any{}
	}
	return out
}

// distinct returns a value like v that is not among have.
func (g *generator) distinct(items map[string]any, v any, have []any) any {
	m := g.doc.solid(items)
	if e := list(m["enum"]); len(e) > 0 {
		for _, v := range e {
			if !slices.ContainsFunc(have, func(h any) bool { return text(h) == text(v) }) {
				return v
			}
		}
		return nil
	}
	n := float64(len(have))
	switch v := v.(type) {
	case string:
		if n > 0 {
			s := fmt.Sprintf("%s%d", v, len(have))
			if text(m["format"]) != "" || m["pattern"] != nil || m["maxLength"] != nil {
				h := *g
				h.serial += len(have) * 101
				return h.stringValue(m, "item")
			}
			return s
		}
	case float64:
		if of, ok := number(m, "multipleOf"); ok {
			return v + n*of
		}
		if high, ok := number(m, "maximum"); ok && v+n > high {
			return v - n
		}
		return v + n
	}
	return v
}

// fits tells whether a value is of the schema's type, within its bounds.
func (g *generator) fits(m map[string]any, v any) bool { return newCheck(m).fits(g, v) }

// A check is what fits reads of a schema: one that is asked about every thing
// that is known is read once.
type check struct {
	m             map[string]any
	enum          []any
	kind          string
	format        string
	pattern       string
	low, high     float64 // of a text's length
	bounded, free bool    // free: any number will do
}

func newCheck(m map[string]any) check {
	c := check{m: m, enum: list(m["enum"]), kind: kind(m)}
	switch c.kind {
	case "integer", "number":
		c.free = true
		for _, bound := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"} {
			c.free = c.free && m[bound] == nil
		}
	case "string":
		c.format, c.pattern = text(m["format"]), text(m["pattern"])
		c.high, c.bounded = number(m, "maxLength")
		c.low, _ = number(m, "minLength")
	}
	return c
}

func (c check) fits(g *generator, v any) bool {
	if len(c.enum) > 0 {
		return slices.ContainsFunc(c.enum, func(e any) bool { return scalar(e) && scalar(v) && e == v })
	}
	switch c.kind {
	case "integer", "number":
		if s, isText := v.(string); isText {
			return s != "" && len(s) < 16 && strings.Trim(s, "0123456789") == ""
		}
		f, ok := v.(float64)
		if c.free {
			return ok && (c.kind == "number" || math.Floor(f) == f)
		}
		return ok && g.inBounds(c.m, f) == f
	case "string":
		s, ok := v.(string)
		switch c.format {
		case "uuid", "uuid4":
			return ok && isUUID(s)
		case "date", "date-time", "email":
			return ok
		}
		if !ok {
			_, number := v.(float64)
			return number && c.m["pattern"] == nil
		}
		if c.pattern != "" && !g.doc.patterns.match(c.pattern, s) {
			return false
		}
		n := utf8.RuneCountInString(s)
		return n >= int(c.low) && (!c.bounded || n <= int(c.high))
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "array":
		_, ok := v.([]any)
		return ok
	case "object":
		_, ok := v.(map[string]any)
		return ok
	}
	return v != nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}
