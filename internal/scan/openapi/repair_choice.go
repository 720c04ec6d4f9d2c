package openapi

import (
	"slices"
	"strings"
)

// otherChoice takes the next of the values that a member or a query parameter
// has to choose from: not every state can follow each other one, and not
// every choice is still free. Members of which there are many come first.
func (f *fix) otherChoice() (*Request, bool) {
	if next, ok := f.otherMemberChoice(); ok {
		return next, true
	}
	for _, p := range f.op.Params {
		choices := f.choices(p.Schema.node)
		if p.In != "query" || len(choices) < 2 || f.prev.turns >= len(choices)-1 {
			continue
		}
		if at := slices.IndexFunc(choices, func(c any) bool { return text(c) == f.prev.Query.Get(p.Name) }); at >= 0 {
			next := f.prev.Clone()
			next.turns++
			next.Query.Set(p.Name, text(choices[(at+1)%len(choices)]))
			return next, true
		}
	}
	return nil, false
}

func (f *fix) otherMemberChoice() (*Request, bool) {
	object, ok := f.prev.Value.(map[string]any)
	if !ok || len(f.op.Bodies) == 0 {
		return nil, false
	}
	body := f.op.Body(mediaType(f.prev.ContentType))
	if body == nil {
		body = f.op.Bodies[0]
	}
	turns := f.prev.turns
	for _, name := range sortedKeys(object) {
		choices := f.choices(body.Schema.property(name))
		at := slices.IndexFunc(choices, func(c any) bool { return scalar(c) && text(c) == text(object[name]) })
		if len(choices) < 2 || at < 0 {
			continue
		}
		if turns >= len(choices)-1 {
			turns -= len(choices) - 1 // all of them were tried
			continue
		}
		next := f.prev.Clone()
		next.turns++
		next.Value.(map[string]any)[name] = choices[(at+1)%len(choices)]
		return next, next.Encode(mediaType(next.ContentType)) == nil
	}
	return nil, false
}

// maxChoices bounds the numbers of a range that count as choices.
const maxChoices = 12

// choices returns the values of an enumeration, or of a narrow range of whole
// numbers.
func (f *fix) choices(node map[string]any) []any {
	m := f.doc.solid(f.doc.flat(node))
	if e := list(m["enum"]); len(e) > 0 {
		return e
	}
	low, hasLow := number(m, "minimum")
	high, hasHigh := number(m, "maximum")
	if kind(m) != "integer" || !hasLow || !hasHigh || high-low >= maxChoices {
		return nil
	}
	var out []any
	for v := low; v <= high; v++ {
		out = append(out, v)
	}
	return out
}

// otherAccount names the second account where the body names one that was
// made up: of accounts only those exist that the scan was given.
func (f *fix) otherAccount() (*Request, bool) {
	object, ok := f.prev.Value.(map[string]any)
	if !ok || f.prev.opt.Unique { // what exists was taken
		return nil, false
	}
	for _, name := range sortedKeys(object) {
		was, isText := object[name].(string)
		if !isText {
			continue
		}
		peer, known := f.pool.peer(strings.Contains(was, "@"))
		if !known || was == peer {
			continue
		}
		if away, _ := direction(name); away || namesAccount(name) {
			next := f.prev.Clone()
			next.Value.(map[string]any)[name] = peer
			return next, next.Encode(mediaType(next.ContentType)) == nil
		}
	}
	return nil, false
}

// namesAccount reports whether a member of that name holds what an account is
// called.
func namesAccount(name string) bool {
	n := plainName(name)
	return isAccount(n) || slices.ContainsFunc([]string{"email", "username", "login", "nick", "invitee", "handle", "mail"}, func(w string) bool { return strings.HasSuffix(n, w) })
}

// otherFile uploads a picture where a text was not wanted.
func (f *fix) otherFile() (*Request, bool) {
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	if !ok || mediaType(f.prev.ContentType) != multipartType {
		return nil, false
	}
	changed := false
	for name, v := range object {
		switch v := v.(type) {
		case File:
			changed = changed || v != picture
			object[name] = picture
		case []any:
			for i := range v {
				if file, ok := v[i].(File); ok {
					changed = changed || file != picture
					v[i] = picture
				}
			}
		}
	}
	return next, changed && next.Encode(multipartType) == nil
}
