package openapi

import (
	"net/http"
	"slices"
	"strings"
)

// maxRepairs bounds how often one request is corrected.
const maxRepairs = 6

// Repair reads why a request was refused and corrects it. It understands
// FastAPI's 422 in the words of pydantic 1 and 2, and what common words say: a
// name that is taken, a thing that is not there or not ours, a balance that
// does not suffice, a media type that is not wanted. What it learns, the pool
// keeps for later requests. It reports false where the answer teaches nothing.
func (d *Document) Repair(op *Operation, pool *Pool, prev *Request, status int, body []byte) (*Request, bool) {
	if prev.repairs >= maxRepairs || pool == nil {
		return nil, false
	}
	f := &fix{doc: d, op: op, pool: pool, prev: prev}
	next, ok := f.by(status, body)
	if !ok || next == nil || next.same(prev) {
		next, ok = f.otherwise(status)
	}
	if !ok || next == nil || next.same(prev) {
		return nil, false
	}
	next.repairs = prev.repairs + 1
	next.turns = max(next.turns, prev.turns)
	return next, true
}

// same reports whether two requests would be answered alike.
func (r *Request) same(o *Request) bool {
	return r.Target() == o.Target() && string(r.Body) == string(o.Body) && r.ContentType == o.ContentType &&
		strings.Join(flatHeader(r.Header), "\n") == strings.Join(flatHeader(o.Header), "\n")
}

func flatHeader(h http.Header) []string {
	var out []string
	for _, name := range sortedKeys(h) {
		out = append(out, name+": "+strings.Join(h[name], ", "))
	}
	return out
}

// A fix is the correction of one request.
type fix struct {
	doc  *Document
	op   *Operation
	pool *Pool
	prev *Request
}

func (f *fix) by(status int, body []byte) (*Request, bool) {
	list, message := complaints(body)
	said := strings.ToLower(message)
	for _, c := range list {
		said += " " + strings.ToLower(c.msg)
	}
	switch status {
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		if saysTaken(said) {
			return f.renamed()
		}
		if next, ok := f.fields(list); ok {
			return next, true
		}
		return f.words(said)
	case http.StatusConflict:
		if f.prev.repairs > 0 {
			if next, ok := f.otherChoice(); ok {
				return next, true
			}
		}
		if saysTaken(said) || len(f.prev.things) == 0 {
			return f.renamed()
		}
		return f.first(f.elsewhere, f.renamed)
	case http.StatusNotFound, http.StatusGone:
		return f.first(func() (*Request, bool) { return f.otherKey(said) }, f.otherAccount, func() (*Request, bool) { return f.otherMember(said) },
			func() (*Request, bool) { return f.without(said, false) }, f.elsewhere, func() (*Request, bool) { return f.without(said, true) })
	case http.StatusForbidden, http.StatusPaymentRequired:
		if says(said, "insufficient", "balance", "funds") {
			return f.less()
		}
		return f.elsewhere()
	case http.StatusUnsupportedMediaType:
		return f.otherMedia()
	}
	return nil, false
}

// otherwise is what may help where the answer does not say what was wrong.
func (f *fix) otherwise(status int) (*Request, bool) {
	switch status {
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
		return f.first(f.otherAccount, f.otherChoice, f.otherFile, f.onThisDay, f.ofTheThing, f.alike, f.anyOther, func() (*Request, bool) { return f.without("", true) }, f.plainer)
	case http.StatusInternalServerError:
		// Perhaps some value was one that nobody had thought of, or one is due
		// that is not told of.
		if body := f.body(); body != nil && len(body.Schema.Properties()) == 0 {
			if next, ok := f.alike(); ok {
				return next, true
			}
		}
		if f.prev.repairs < 2 {
			return f.first(f.plainer, f.terse, f.elsewhere)
		}
	case http.StatusForbidden:
		return f.otherChoice()
	case http.StatusUnsupportedMediaType:
		return f.otherFile()
	}
	return nil, false
}

// first returns what the first of several corrections gives.
func (f *fix) first(tries ...func() (*Request, bool)) (*Request, bool) {
	for _, try := range tries {
		if next, ok := try(); ok && !next.same(f.prev) {
			return next, true
		}
	}
	return nil, false
}

func says(said string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(said, w) })
}

func saysTaken(said string) bool {
	return says(said, "already exist", "already registered", "already taken", "already in use", "already used", "is taken", "exists", "duplicate", "in use", "unique", "not available", "unavailable") || says(said, taken...)
}

// words follows a message that names no field.
func (f *fix) words(said string) (*Request, bool) {
	if says(said, "insufficient", "balance", "funds", "not enough", "exceed", "out of stock", "in stock", "too much", "too large") {
		if next, ok := f.first(f.less, func() (*Request, bool) { return f.otherMember(said) }); ok {
			return next, true
		}
	}
	if says(said, "not found", "does not exist", "doesn't exist", "no such", "unknown", "invalid id", "not exist") {
		if next, ok := f.first(func() (*Request, bool) { return f.otherKey(said) }, func() (*Request, bool) { return f.otherMember(said) },
			func() (*Request, bool) { return f.without(said, false) }, f.elsewhere); ok {
			return next, true
		}
	}
	if says(said, "yourself", "own account", "same account", "to self", "themselves") {
		if next, ok := f.first(f.otherPeer, f.elsewhere); ok {
			return next, true
		}
	}
	if next, ok := f.first(func() (*Request, bool) { return f.lacking(said) }, func() (*Request, bool) { return f.ofDigits(said) }, func() (*Request, bool) { return f.inOrder(said) }); ok {
		return next, true
	}
	if !strings.Contains(said, "yyyy") {
		if next, ok := f.otherType(said); ok {
			return next, true
		}
	}
	// A field that the message names, and what it says of it.
	if object, ok := f.prev.Value.(map[string]any); ok {
		for _, name := range sortedKeys(object) {
			if len(name) > 2 && mentions(said, name) {
				if next, ok := f.fields([]complaint{{loc: []any{"body", name}, msg: said, kind: "value_error"}}); ok && !next.same(f.prev) {
					return next, true
				}
			}
		}
	}
	if next, ok := f.first(func() (*Request, bool) { return f.withinBounds(said) }, func() (*Request, bool) { return f.otherTense(said) }); ok {
		return next, true
	}
	if says(said, futures...) {
		if next, ok := f.onThisDay(); ok {
			return next, true
		}
	}
	if says(said, "already", "cannot", "can't", "must be", "only", "not allowed", "invalid state", "status") {
		return f.elsewhere()
	}
	return nil, false
}

func mentions(said, name string) bool {
	words := nameWords(name)
	return strings.Contains(said, strings.ToLower(name)) || strings.Contains(said, strings.Join(words, " "))
}

// renamed makes the request anew with other names, about the same things.
func (f *fix) renamed() (*Request, bool) {
	opt := f.prev.opt
	f.pool.hint(f.op, takenPlace, map[string]any{})
	opt.Unique = true
	opt.Serial += 7919
	return f.rebuilt(opt, true)
}

// rebuilt builds the request anew; keep says that it stays on its path.
func (f *fix) rebuilt(opt BuildOptions, keep bool) (*Request, bool) {
	if t := mediaType(f.prev.ContentType); f.op.Body(t) != nil && opt.ContentType == "" {
		opt.ContentType = t
	}
	next, err := f.doc.Build(f.op, f.pool, opt)
	if err != nil {
		return nil, false
	}
	if keep {
		next.Path, next.PathValues, next.things = f.prev.Path, f.prev.PathValues, f.prev.things
	}
	return next, true
}

// elsewhere makes the request about another thing.
func (f *fix) elsewhere() (*Request, bool) {
	if len(f.prev.PathValues) == 0 {
		return nil, false
	}
	opt := f.prev.opt
	avoid := map[string]bool{f.prev.Path: true}
	for path := range opt.Avoid {
		avoid[path] = true
	}
	opt.Avoid = avoid
	next, ok := f.rebuilt(opt, false)
	if !ok || next.Guessed && (!f.prev.Guessed || len(avoid) > 2) {
		return nil, false // a guess is no better than what is known
	}
	return next, true
}

// otherMember names another thing in the body, or in the query: the one that
// the message is about, or any where it does not say.
func (f *fix) otherMember(said string) (*Request, bool) {
	taken := map[string]bool{}
	for id := range f.prev.opt.Taken {
		taken[id] = true
	}
	before := len(taken)
	collect := func(values map[string]any, all bool) {
		for name, v := range values {
			of, isID := resourceOf(name)
			if !scalar(v) || v == nil || !isID && (all || !mentions(said, name)) {
				continue
			}
			if all || of != "" && strings.Contains(said, of) || mentions(said, name) {
				taken[text(v)] = true
			}
		}
	}
	object, _ := f.prev.Value.(map[string]any)
	collect = deep(collect)
	collect(object, false)
	if len(taken) == before {
		if len(f.prev.PathValues) > 0 {
			return nil, false // it is the path that names what is not there
		}
		collect(object, true)
	}
	if len(taken) == before {
		return nil, false
	}
	opt := f.prev.opt
	opt.Taken = taken
	return f.rebuilt(opt, true)
}

// deep has a function look at the objects in an object's lists, too.
func deep(look func(map[string]any, bool)) func(map[string]any, bool) {
	return func(object map[string]any, all bool) {
		look(object, all)
		for _, v := range object {
			items, _ := v.([]any)
			for _, e := range items {
				if inner, ok := e.(map[string]any); ok {
					look(inner, all)
				}
			}
		}
	}
}

// anyOther names other known things in the body, where the message, in
// whatever words, may be about them.
func (f *fix) anyOther() (*Request, bool) {
	next, ok := f.otherMember("")
	if !ok || len(next.Guesses) > len(f.prev.Guesses) {
		return nil, false // a guess is no better
	}
	return next, true
}

// otherPeer names another account where the body names one's own.
func (f *fix) otherPeer() (*Request, bool) {
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	if !ok {
		return nil, false
	}
	peer, known := f.pool.other()
	for _, name := range sortedKeys(object) {
		away, _ := direction(name)
		if s, isText := object[name].(string); known && isText && (away || s != peer && isAccount(plainName(name))) {
			object[name] = peer
			return next, next.Encode(mediaType(next.ContentType)) == nil
		}
	}
	return f.otherMember("")
}

// less asks for less: of amounts the least that the schema allows.
func (f *fix) less() (*Request, bool) {
	next := f.prev.Clone()
	object, ok := next.Value.(map[string]any)
	if !ok {
		return f.elsewhere()
	}
	g := f.doc.generator(f.op, f.pool, f.prev.opt)
	var schema *Schema
	if len(f.op.Bodies) > 0 {
		schema = f.op.Bodies[0].Schema
	}
	changed := false
	for _, name := range sortedKeys(object) {
		v, ok := object[name].(float64)
		if !ok || identifies(name) {
			continue
		}
		m := map[string]any{}
		if p := schema.property(name); p != nil {
			m = f.doc.solid(p)
		}
		if least := g.inBounds(m, min(v, 1)/100); least < v {
			object[name], changed = least, true
			f.pool.hint(f.op, "body/"+name, map[string]any{"maximum": least})
		}
	}
	if !changed {
		return f.elsewhere()
	}
	return next, next.Encode(mediaType(next.ContentType)) == nil
}

func (s *Schema) property(name string) map[string]any {
	if s == nil {
		return nil
	}
	if p := s.Property(name); p != nil {
		return p.node
	}
	return nil
}

// otherMedia sends the body in the next media type that the document offers.
func (f *fix) otherMedia() (*Request, bool) {
	tried := mediaType(f.prev.ContentType)
	for i, b := range f.op.Bodies {
		if b.ContentType == tried && i+1 < len(f.op.Bodies) {
			opt := f.prev.opt
			opt.ContentType = f.op.Bodies[i+1].ContentType
			next, err := f.doc.Build(f.op, f.pool, opt)
			return next, err == nil
		}
	}
	return nil, false
}

// fields corrects the values that complaints are about.
func (f *fix) fields(list []complaint) (*Request, bool) {
	if len(list) == 0 {
		return nil, false
	}
	next := f.prev.Clone()
	g := f.doc.generator(f.op, f.pool, f.prev.opt)
	g.path = next.PathValues
	g.chosen = slices.Clone(f.prev.things)
	if n := len(g.chosen); n > 0 {
		g.target = g.chosen[n-1]
	}
	changed, path := false, false
	for _, c := range list[:min(len(list), maxErrors)] {
		switch text(c.loc[0]) {
		case "path":
			path = true
		case "query", "header":
			changed = g.repairParam(next, c) || changed
		case "cookie":
			// A cookie that is missing is a credential that is not sent.
		case "body":
			changed = g.repairBody(next, c, c.loc[1:]) || changed
		default: // forms of old, and handlers that leave "body" out
			changed = g.repairBody(next, c, c.loc) || changed
		}
	}
	if path && !changed {
		return f.elsewhere()
	}
	if !changed {
		return nil, false
	}
	f.pool.hint(f.op, refusedPlace, map[string]any{})
	if next.Value != nil {
		t := mediaType(next.ContentType)
		if t == "" && len(f.op.Bodies) > 0 {
			t = f.op.Bodies[0].ContentType
		}
		if t == "" {
			t = jsonType
		}
		if next.Encode(t) != nil {
			return nil, false
		}
	}
	return next, true
}

func (g *generator) repairParam(r *Request, c complaint) bool {
	in, name := text(c.loc[0]), ""
	if len(c.loc) > 1 {
		name = text(c.loc[1])
	}
	if name == "" {
		return false
	}
	p := g.param(name, in)
	node := map[string]any(nil)
	if p != nil {
		name, node = p.Name, p.Schema.node
	} else if in == "header" {
		name = strings.ReplaceAll(name, "_", "-")
	}
	if in == "header" && strings.EqualFold(name, "authorization") {
		return false
	}
	place := in + "/" + name
	var was any
	if s := r.Query.Get(name); in == "query" && s != "" {
		was = s
	}
	remedy := c.remedy(name, was)
	if remedy.drop {
		r.Query.Del(name)
		return true
	}
	g.pool.hint(g.op, place, remedy.keywords)
	v := g.value(node, name, place, 0)
	if v == nil {
		return false
	}
	if in == "query" {
		r.Query[name] = texts(v)
	} else {
		setHeader(r.Header, name, strings.Join(texts(v), ","))
	}
	return true
}

func (g *generator) param(name, in string) *Param {
	for _, p := range g.op.Params {
		if p.In == in && plainName(p.Name) == plainName(name) {
			return p
		}
	}
	return nil
}

func (g *generator) repairBody(r *Request, c complaint, loc []any) bool {
	var node map[string]any
	if b := g.op.Body(mediaType(r.ContentType)); b != nil {
		node = b.Schema.node
	} else if len(g.op.Bodies) > 0 {
		node = g.op.Bodies[0].Schema.node
	}
	// pydantic 1 wrote "__root__" where no name was.
	loc = slices.DeleteFunc(slices.Clone(loc), func(e any) bool { return e == "__root__" })
	value, ok := g.repairAt(r.Value, node, loc, "body", "", c)
	if ok {
		r.Value = value
	}
	return ok
}

// repairAt walks to the place that the complaint is about. Steps that name no
// place (pydantic writes the alternatives of a union there) are passed over.
func (g *generator) repairAt(v any, node map[string]any, loc []any, place, name string, c complaint) (any, bool) {
	if len(loc) == 0 {
		return g.corrected(v, node, place, name, c)
	}
	m := g.doc.solid(node)
	switch step := loc[0].(type) {
	case string:
		properties, _ := m["properties"].(map[string]any)
		child, known := properties[step].(map[string]any)
		if !known {
			child, known = g.alternativeProperty(m, step)
		}
		object, ok := v.(map[string]any)
		if !ok && (v == nil || known) {
			object, ok = map[string]any{}, true
		}
		if !ok {
			return g.repairAt(v, node, loc[1:], place, name, c)
		}
		at, there := object[step]
		if !there && !known && len(loc) > 1 {
			return g.repairAt(v, node, loc[1:], place, name, c)
		}
		if len(loc) == 1 {
			remedy := c.remedy(step, at)
			if remedy.drop {
				delete(object, step)
				return object, there
			}
			if also := list(g.pool.hinted(g.op, place)[alsoKeyword]); !known && remedy.keywords["required"] == true && len(also) < maxErrors {
				g.pool.hint(g.op, place, map[string]any{alsoKeyword: append(slices.Clone(also), step)})
			}
		}
		fixed, done := g.repairAt(at, child, loc[1:], place+"/"+step, step, c)
		if done {
			object[step] = fixed
			confirm(object)
		}
		return object, done
	case float64:
		items, _ := m["items"].(map[string]any)
		array, ok := v.([]any)
		i := int(step)
		if !ok || i < 0 || i >= len(array) {
			return v, false
		}
		if prefix := list(m["prefixItems"]); i < len(prefix) {
			items, _ = prefix[i].(map[string]any)
		}
		fixed, done := g.repairAt(array[i], items, loc[1:], place+"/*", Singular(name), c)
		if done {
			array[i] = fixed
		}
		return array, done
	}
	return v, false
}

// alternativeProperty finds a property among the alternatives of a choice.
func (g *generator) alternativeProperty(m map[string]any, name string) (map[string]any, bool) {
	for _, key := range []string{"oneOf", "anyOf"} {
		for _, e := range list(m[key]) {
			alternative, _ := e.(map[string]any)
			properties, _ := g.doc.flat(alternative)["properties"].(map[string]any)
			if p, ok := properties[name].(map[string]any); ok {
				return p, true
			}
		}
	}
	return nil, false
}

// corrected makes the value that the complaint asks for, and keeps what it
// asks for the requests to come.
func (g *generator) corrected(was any, node map[string]any, place, name string, c complaint) (any, bool) {
	if place == "body" && was != nil && strings.Contains(c.kind, "missing") {
		return was, false // the body came in a media type that was not read
	}
	remedy := c.remedy(name, was)
	if remedy.drop {
		return nil, true
	}
	keywords := remedy.keywords
	if m := g.doc.solid(node); kind(m) == "integer" && keywords["type"] == "number" {
		keywords["type"] = "integer"
	}
	if keywords["type"] == "array" && was != nil && scalar(was) {
		g.pool.hint(g.op, place, keywords)
		return []any{was}, true
	}
	if place != "body" {
		g.pool.hint(g.op, place, keywords)
	}
	v := g.value(node, name, place, strings.Count(place, "/"))
	return v, v != nil
}
