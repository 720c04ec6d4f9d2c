package openapi

import (
	"net/url"
	"strings"
)

// A slot is one parameter in a path.
type slot struct {
	name      string
	segment   int    // index among the path's segments
	container string // the nearest literal segment before it
	noun      string // what that holds
	kind      string // of thing that it names, see kindNamed
	id, plain string // how else it may be called: as the id of what the container holds, and of its kind
	schema    map[string]any
	check     check // of schema
	example   any
}

// segments splits a path at its slashes; "/a/{b}" gives "a" and "{b}".
func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

func isSlot(segment string) bool {
	return strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}")
}

// slots returns the parameters of an operation's path from left to right.
// Nobody changes them.
func (d *Document) slots(op *Operation) []slot {
	t := op.traits
	t.once.Do(func() { t.slots = d.findSlots(op) })
	return t.slots
}

func (d *Document) findSlots(op *Operation) []slot {
	var out []slot
	container := ""
	for i, segment := range segments(op.Path) {
		if !strings.Contains(segment, "{") {
			if !isVersion(segment) {
				container = segment
			}
			continue
		}
		for _, name := range pathParams(segment) {
			s := slot{name: name, segment: i, container: container, noun: heldBy(container, op.Path, i), schema: map[string]any{"type": "string"}}
			for _, p := range op.Params {
				if p.In == "path" && p.Name == name {
					s.schema, s.example = d.solid(p.Schema.node), p.Example
				}
			}
			s.check = newCheck(s.schema)
			s.kind = kindNamed(name, s.noun)
			s.id, s.plain = s.noun+"_id", plainName(s.kind+"_id")
			out = append(out, s)
		}
	}
	return out
}

// heldBy is what the segment before a parameter holds: items in "items"; in
// the "delete" of /items/delete/{id} what stands before it.
func heldBy(container, path string, segment int) string {
	if words := nameWords(container); len(words) > 0 && isVerb(container) && !nouns[words[0]] && !compounds[words[0]] {
		if thing := thingOf(strings.Join(segments(path)[:segment], "/")); thing != "" {
			return thing
		}
	}
	return Singular(lastWord(container))
}

// kindNamed is the kind of thing that a parameter names: by its own name, which
// may be short for what the path says, as emp_id is below /employees.
func kindNamed(parameter, noun string) string {
	of, _ := resourceOf(parameter)
	if of == "" || len(of) > 1 && strings.HasPrefix(noun, of) {
		return noun
	}
	return of
}

// Names returns the kind of thing that the last parameter of an operation's
// path names, such as "order"; empty where it has none.
func (d *Document) Names(op *Operation) string {
	slots := d.slots(op)
	if len(slots) == 0 {
		return ""
	}
	return slots[len(slots)-1].kind
}

// isVersion tells a segment that names no thing, such as v1 or api.
func isVersion(segment string) bool {
	s := strings.ToLower(segment)
	return s == "api" || s == "rest" || len(s) >= 2 && s[0] == 'v' && strings.Trim(s[1:], "0123456789.") == ""
}

// pathParams returns the names of the parameters in a path. Starlette's
// converters, as in {path:path}, are not part of a name.
func pathParams(path string) []string {
	var out []string
	for i, part := range strings.Split(path, "{") {
		if name, _, ok := strings.Cut(part, "}"); ok && i > 0 {
			name, _, _ = strings.Cut(name, ":")
			out = append(out, name)
		}
	}
	return out
}

// expandPath writes values into a path's parameters, up to the given segment.
// What a path converter takes keeps its slashes.
func expandPath(path string, values map[string]string, until int) string {
	return expand(path, until, func(name string) string { return values[name] })
}

func expand(path string, until int, value func(name string) string) string {
	var b strings.Builder
	b.Grow(len(path) + 64) // identifiers are longer than their names
	i, rooted := 0, strings.Trim(path, "/")
	for segment := range strings.SplitSeq(rooted, "/") {
		if rooted == "" || i == until {
			break
		}
		i++
		b.WriteByte('/')
		for {
			before, rest, ok := strings.Cut(segment, "{")
			name, after, closed := strings.Cut(rest, "}")
			if !ok || !closed {
				b.WriteString(segment)
				break
			}
			name, converter, _ := strings.Cut(name, ":")
			b.WriteString(before)
			if converter == "path" {
				u := url.URL{Path: value(name)}
				b.WriteString(strings.TrimPrefix(u.EscapedPath(), "./"))
			} else {
				b.WriteString(escapeSegment(value(name)))
			}
			segment = after
		}
	}
	if until > i && strings.HasSuffix(path, "/") { // all of it was wanted
		b.WriteByte('/')
	}
	return b.String()
}

// escapeSegment keeps a value to one segment: "." and ".." would be resolved
// away by clients.
func escapeSegment(s string) string {
	switch s {
	case ".":
		return "%2E"
	case "..":
		return "%2E%2E"
	}
	return url.PathEscape(s)
}

// whole is more segments than a path has.
const whole = 1 << 20
