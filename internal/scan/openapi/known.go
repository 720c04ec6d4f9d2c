package openapi

import (
	"cmp"
	"slices"
)

// known returns an id from the pool for a property that names a thing, and
// which thing.
func (g *generator) known(m map[string]any, name string) (any, bool) {
	if g.pool == nil || kind(m) == "array" || kind(m) == "object" || kind(m) == "boolean" || len(list(m["enum"])) > 0 {
		return nil, false
	}
	of, isID := resourceOf(name)
	if isID && of == "" {
		return nil, false
	}
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	if !isID {
		// {"product": 3} names a product, {"product": "…"} need not.
		k := kind(m)
		uuid := k == "string" && text(m["format"]) == "uuid"
		if of = g.pool.kindLike(Singular(lastWord(name))); k != "integer" && !uuid || len(g.pool.things[of]) == 0 {
			if v, ok := g.keyed(m, name); ok {
				return v, true
			}
			return g.sameName(m, name, of)
		}
	}
	of = g.pool.kindLike(of)
	away, from := direction(name)
	type option struct {
		thing *thing
		value any
		score int
	}
	var options []option
	things := g.pool.things[of]
	if len(things) == 0 && (isAccount(of) || away || from) {
		things = nil
		for _, kind := range g.pool.kinds {
			if isAccount(kind) {
				things = append(things, g.pool.things[kind]...)
			}
		}
	}
	id := g.pool.index.word("id")
	suits := func(v any) bool { return g.fits(m, v) }
	named := g.opt.Unique && kind(m) == "string" && text(m["format"]) == ""
	for _, t := range things {
		if t.gone {
			continue
		}
		if named && t.rank == rankMentioned && len(t.fields) == 1 {
			return nil, false // what is called an id is a name, and that was taken
		}
		v, ok := t.pick(id, suits)
		if !ok || g.opt.Taken[text(v)] {
			continue
		}
		score := g.pool.worth(t)
		ours, says := g.pool.owned(t)
		switch {
		case t.kind == of:
			score += 200
		case away && ours, from && says && !ours:
			score -= 100
		}
		if away && ours {
			score -= 60
		}
		for _, c := range g.chosen {
			if c == t && away {
				score -= 500
			} else if v, ok := t.named(g.pool.index.word(c.kind + "_id")); ok && v == c.fields["id"] {
				score += 150
			}
		}
		for param, value := range g.path {
			if v, ok := t.named(g.pool.index.word(param)); ok && param != "id" {
				if text(v) == value {
					score += 150
				} else {
					score -= 150
				}
			}
			for _, h := range t.homes {
				if slices.Contains(h.parts, value) {
					score += 20
				}
			}
		}
		options = append(options, option{t, v, score})
	}
	if len(options) > 0 {
		best := slices.MaxFunc(options, func(a, b option) int { return cmp.Compare(a.score, b.score) })
		g.chosen = append(g.chosen, best.thing)
		return best.value, true
	}
	if isAccount(of) && !away {
		if v, ok := g.pool.self["id"]; ok && g.fits(m, v) {
			return v, true
		}
	}
	for _, loose := range []string{plainName(name), of} {
		if v := g.pool.loose[loose]; len(v) > 0 && g.fits(m, v[len(v)-1]) {
			return v[len(v)-1], true
		}
	}
	return nil, false
}

// sameName returns what answers hold under the same name, for a text that must
// keep to a pattern, or is called as what names things in paths:
// {"sailing": "OSL-KEL-01"} names a sailing. Where the operation gives that
// name to what it makes, and was told that it is taken, there is none. The
// pool's lock is held.
func (g *generator) sameName(m map[string]any, name, of string) (any, bool) {
	if kind(m) != "string" || g.op == nil || g.opt.Unique || g.op.traits.thing == of || text(m["pattern"]) == "" && !g.doc.refersTo(g.op, name) {
		return nil, false
	}
	gives := g.doc.gives(g.op, name)
	if gives && g.pool.hints[spot{g.op, takenPlace}] != nil {
		return nil, false
	}
	suits := func(v any) bool { return g.fits(m, v) && !g.opt.Taken[text(v)] }
	for _, v := range slices.Backward(g.pool.loose[plainName(name)]) {
		if suits(v) {
			return v, true
		}
	}
	own := g.op.traits.thing
	var found *thing // the one that was met last
	for _, t := range g.pool.index.fields[plainName(name)] {
		v, ok := t.fields[name]
		if ok && !t.gone && (t.kind != own || gives) && suits(v) && (found == nil || found.tick < t.tick) {
			found = t
		}
	}
	if found == nil {
		return nil, false
	}
	return found.fields[name], true
}

// direction tells names of who gets something and of who gives it.
func direction(name string) (away, from bool) {
	for _, w := range nameWords(name) {
		switch w {
		case "to", "target", "dest", "destination", "recipient", "receiver", "payee", "beneficiary", "friend", "followee", "invitee", "other", "assignee":
			away = true
		case "from", "source", "sender", "payer":
			from = true
		}
	}
	return away, from
}
