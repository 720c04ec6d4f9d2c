package openapi

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// keyFields are the fields, other than ids, by which people name a thing.
var keyFields = []string{"slug", "username", "email", "code", "key", "number", "sku", "handle"}

// keyOf splits a name such as category_slug into the thing that it names and
// the field by which it names it.
func keyOf(name string) (of, field string, ok bool) {
	words := nameWords(name)
	if len(words) < 2 || !slices.Contains(keyFields, words[len(words)-1]) {
		return "", "", false
	}
	return Singular(words[len(words)-2]), words[len(words)-1], true
}

// keyed returns what a known thing is called, for a text that names one by a
// field of it: {"category_slug": "…"} names a category by its slug. What the
// operation makes itself it does not name so. The pool's lock is held.
func (g *generator) keyed(m map[string]any, name string) (any, bool) {
	of, field, ok := keyOf(name)
	if !ok || g.op == nil || kind(m) != "string" && kind(m) != "integer" || isAccount(of) {
		return nil, false
	}
	of = g.pool.kindLike(of)
	if of == g.op.traits.thing {
		return nil, false
	}
	var best *thing
	for _, t := range g.pool.things[of] {
		v := t.fields[field]
		if t.gone || v == nil || v == "" || g.opt.Taken[text(v)] || !g.fits(m, v) {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(g.pool.worth(t), g.pool.worth(best)), cmp.Compare(t.tick, best.tick)) > 0 {
			best = t
		}
	}
	if best == nil {
		return nil, false
	}
	g.chosen = append(g.chosen, best)
	return best.fields[field], true
}

// refers reports whether a member of that name, which need not be there, names
// a thing that must be.
func refers(name string) bool {
	if identifies(name) || namesAccount(name) {
		return true
	}
	_, _, ok := keyOf(name)
	return ok
}

// spokenOf reports whether a message in lower case speaks of the thing that a
// member of that name names.
func spokenOf(said, name string) bool {
	words := nameWords(name)
	if namesAccount(name) && slices.ContainsFunc(strings.FieldsFunc(said, func(r rune) bool { return !unicode.IsLetter(r) }), isAccount) {
		return true
	}
	return slices.ContainsFunc(words[:max(len(words)-1, 1)], func(w string) bool { return len(w) > 2 && strings.Contains(said, w) })
}

// otherKey names another known thing where the message speaks of the one that
// the body names by a field of it.
func (f *fix) otherKey(said string) (*Request, bool) {
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	body := f.body()
	if !ok || body == nil {
		return nil, false
	}
	next.opt.Taken = maps.Clone(next.opt.Taken)
	if next.opt.Taken == nil {
		next.opt.Taken = map[string]bool{}
	}
	changed := false
	for _, name := range sortedKeys(object) {
		if _, _, is := keyOf(name); !is || !scalar(object[name]) || !spokenOf(said, name) {
			continue
		}
		next.opt.Taken[text(object[name])] = true
		if v, ok := f.doc.generator(f.op, f.pool, next.opt).another(f.doc.solid(body.Schema.property(name)), name); ok {
			object[name], changed = v, true
		}
	}
	return next, changed && next.Encode(mediaType(next.ContentType)) == nil
}

func (g *generator) another(m map[string]any, name string) (any, bool) {
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	return g.keyed(m, name)
}

// without leaves out what need not be there and names things that may not be:
// those that the message speaks of, or all where it speaks of none.
func (f *fix) without(said string, all bool) (*Request, bool) {
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	body := f.body()
	if !ok || body == nil {
		return nil, false
	}
	before := len(object)
	for _, name := range sortedKeys(object) {
		if refers(name) && !body.Schema.Required(name) && (all || spokenOf(said, name)) {
			delete(object, name)
		}
	}
	return next, len(object) < before && len(object) > 0 && next.Encode(mediaType(next.ContentType)) == nil
}

// plainer fills only what must be filled, where a change was made of all that
// may be.
func (f *fix) plainer() (*Request, bool) {
	if body := f.body(); !f.prev.opt.Optional || body == nil || slices.ContainsFunc(body.Schema.Properties(), body.Schema.Required) {
		return nil, false
	}
	opt := f.prev.opt
	opt.Optional = false
	return f.rebuilt(opt, true)
}
