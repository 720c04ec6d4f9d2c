package openapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Bounds of what a Pool keeps and reads.
const (
	maxKnown       = 64 // values a name
	maxNames       = 4_000
	maxLearnDepth  = 6
	maxLearnItems  = 50
	maxLearnLength = 200 // of a text that is kept, in bytes
)

// A Pool holds values that responses gave: ids of things that exist, and
// other fields by name. It is safe for concurrent use. The zero Pool is empty.
type Pool struct {
	mu     sync.Mutex
	things map[string][]known // ids by the thing they name, such as "order"
	fields map[string][]known // values by thing and plain field name: "order.sku", and by name alone: ".sku"
	self   map[string]bool    // values that name the account in use
}

// A known value and how it was come by.
type known struct {
	value  any
	rank   int               // created by us, found among our own, listed
	parent map[string]string // path parameters under which it was seen
}

const (
	rankListed  = 1
	rankOwn     = 2
	rankCreated = 3
)

// Learn takes what an answer says: the ids of created and listed things, and
// the values of their fields. Only answers of success teach.
func (p *Pool) Learn(op *Operation, req *Request, status int, header http.Header, body []byte) {
	if status < 200 || status > 299 && status != 303 {
		return
	}
	if op.Method == "DELETE" {
		p.forget(op, req)
		return
	}
	l := lesson{pool: p, parent: maps.Clone(req.PathValues), rank: rankListed}
	switch {
	case op.Method == "POST" || op.Method == "PUT":
		l.rank = rankCreated
	case ownPath(op.Path):
		l.rank = rankOwn
	}
	thing := thingOf(op.Path)
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := header.Get("Location"); at != "" && l.rank == rankCreated {
		if i := strings.LastIndexByte(strings.TrimRight(at, "/"), '/'); i >= 0 {
			l.id(thing, strings.TrimRight(at, "/")[i+1:])
		}
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return
	}
	if scalar(v) && v != nil && l.rank == rankCreated {
		if _, isBool := v.(bool); !isBool {
			l.id(thing, v) // a creation that answers with the bare id
		}
		return
	}
	l.read(thing, v, 0)
}

// ownPath tells operations that list what belongs to the caller.
func ownPath(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		switch strings.ToLower(part) {
		case "me", "my", "mine", "own", "self", "current", "profile", "account":
			return true
		}
	}
	return false
}

// thingOf is the thing that a path is about: "/shops/{id}/items" and
// "/shops/{id}/items/{item_id}" are about an item.
func thingOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] != "" && !strings.HasPrefix(parts[i], "{") && !isVerb(parts[i]) {
			return Singular(lastWord(parts[i]))
		}
	}
	return ""
}

func isVerb(part string) bool {
	switch strings.ToLower(part) {
	case "create", "new", "add", "list", "all", "search", "update", "edit", "delete", "remove", "get", "me", "my", "mine":
		return true
	}
	return false
}

// A lesson is one answer being read.
type lesson struct {
	pool   *Pool
	parent map[string]string
	rank   int
}

func (l *lesson) read(thing string, v any, level int) {
	if level > maxLearnDepth {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v[:min(len(v), maxLearnItems)] {
			l.read(thing, e, level+1)
		}
	case map[string]any:
		for _, name := range sortedKeys(v) {
			l.field(thing, name, v[name], level)
		}
	}
}

func (l *lesson) field(thing, name string, v any, level int) {
	if scalar(v) {
		if v == nil || v == "" {
			return
		}
		if s, ok := v.(string); ok && len(s) > maxLearnLength {
			return
		}
		if of, ok := resourceOf(name); ok {
			if of == "" {
				of = thing
			}
			l.id(of, v)
		}
		n := plainName(name)
		l.put(&l.pool.fields, thing+"."+n, v)
		l.put(&l.pool.fields, "."+n, v)
		if l.rank == rankOwn && (n == "username" || n == "login" || n == "email" || n == "name" || n == "id") {
			if l.pool.self == nil {
				l.pool.self = map[string]bool{}
			}
			l.pool.self[text(v)] = true
		}
		return
	}
	// An envelope is about the same thing; a nested object about its own.
	inner := Singular(lastWord(name))
	if envelope(name) {
		inner = thing
	}
	if ids, ok := v.([]any); ok && len(ids) > 0 && scalar(ids[0]) {
		if of, ok := resourceOf(name); ok && of != "" {
			for _, id := range ids[:min(len(ids), maxLearnItems)] {
				l.id(of, id)
			}
		}
		return
	}
	l.read(inner, v, level+1)
}

func envelope(name string) bool {
	switch plainName(name) {
	case "items", "data", "results", "result", "content", "records", "rows", "list", "objects", "entries", "hits", "payload", "response", "edges", "node", "nodes":
		return true
	}
	return false
}

func scalar(v any) bool {
	switch v.(type) {
	case nil, string, float64, bool:
		return true
	}
	return false
}

func (l *lesson) id(thing string, v any) { l.put(&l.pool.things, thing, v) }

func (l *lesson) put(m *map[string][]known, key string, v any) {
	if *m == nil {
		*m = map[string][]known{}
	}
	have := (*m)[key]
	if have == nil && len(*m) >= maxNames {
		return
	}
	i := slices.IndexFunc(have, func(k known) bool { return k.value == v })
	switch {
	case i >= 0:
		have[i].rank = max(have[i].rank, l.rank)
		if len(l.parent) > len(have[i].parent) {
			have[i].parent = l.parent
		}
	case len(have) < maxKnown:
		(*m)[key] = append(have, known{v, l.rank, l.parent})
	case l.rank == rankCreated:
		// What we made is worth more than what we found: the oldest find goes.
		if j := slices.IndexFunc(have, func(k known) bool { return k.rank < rankCreated }); j >= 0 {
			(*m)[key] = append(slices.Delete(have, j, j+1), known{v, l.rank, l.parent})
		}
	}
}

// forget takes out the id of a thing that was deleted.
func (p *Pool) forget(op *Operation, req *Request) {
	parts := strings.Split(strings.Trim(op.Path, "/"), "/")
	last := parts[len(parts)-1]
	if !strings.HasPrefix(last, "{") {
		return
	}
	gone := req.PathValues[strings.Trim(last, "{}")]
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range []map[string][]known{p.things, p.fields} {
		for key, have := range m {
			if key == thingOf(op.Path) || strings.HasPrefix(key, thingOf(op.Path)+".") {
				m[key] = slices.DeleteFunc(have, func(k known) bool { return text(k.value) == gone })
			}
		}
	}
}

// find returns the best value for a key: made by us before found, seen under
// the same parents before seen elsewhere, newer before older.
func (p *Pool) find(m map[string][]known, key string, path map[string]string, taken map[string]bool) (any, bool) {
	best, bestScore := any(nil), -1
	for i, k := range m[key] {
		if taken[text(k.value)] {
			continue
		}
		score := k.rank*1000 + i
		for name, v := range path {
			if under, ok := k.parent[name]; ok {
				if under == v {
					score += 10_000
				} else {
					score -= 100_000
				}
			}
		}
		if score > bestScore {
			best, bestScore = k.value, score
		}
	}
	return best, bestScore >= 0
}

// id returns an id of the thing.
func (p *Pool) id(thing string, path map[string]string, taken map[string]bool) (any, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.find(p.things, thing, path, taken)
}

// field returns a value of the thing's field.
func (p *Pool) field(thing, name string, path map[string]string, taken map[string]bool) (any, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.find(p.fields, thing+"."+plainName(name), path, taken)
}

// Offer tells the pool of a value that it could not learn: the name of the
// second account, say, for fields that name another user.
func (p *Pool) Offer(name string, value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := lesson{pool: p, rank: rankOwn}
	l.put(&p.fields, "."+plainName(name), value)
}

// other returns the name of another account than the one in use, if one was
// offered under "other".
func (p *Pool) other() (string, bool) {
	if p == nil {
		return "", false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.find(p.fields, ".other", nil, nil)
	return text(v), ok
}
