package openapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Learn takes what an answer says: the things that it created, lists or
// names. Only answers of success teach. Header may be nil; body is what the
// answer says, if it is JSON.
func (p *Pool) Learn(op *Operation, req *Request, status int, header http.Header, body func() (any, bool)) {
	// Pages answer a deletion by a redirect to the list; what else answers so
	// may send its caller to the login.
	moved := status == http.StatusSeeOther || status == http.StatusFound && op.Method == "DELETE"
	if status < 200 || status > 299 && !moved {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.choices = nil
	changes, _ := op.LikelyChangesState()
	l := &lesson{pool: p, op: op, left: maxLearnNodes}
	l.place(req)
	if op.Method == "DELETE" {
		p.forget(op, req)
		return
	}
	if changes {
		p.spend(op, req)
	}
	if at := header.Get("Location"); at != "" && l.rank == rankCreated {
		l.location(at)
	}
	v, valid := body()
	if l.rank == rankCreated {
		defer func() {
			if !l.made {
				p.await(l.home, req.Value)
			}
		}()
	}
	if !valid {
		return
	}
	if v != nil && scalar(v) {
		if _, isBool := v.(bool); !isBool && l.rank == rankCreated && l.home != "" {
			l.made = true
			p.add(l.kind, map[string]any{"id": v}, l.home, rankCreated) // a creation that answers with the bare id
		}
		return
	}
	l.linked(v)
	l.answer(v)
	l.accepted(req)
}

// accepted notes that what a POST was sent to is there, where nothing else is
// known of it: a path may name a thing of another kind, as does
// /favourites/{product_id}.
func (l *lesson) accepted(req *Request) {
	parts := segments(l.op.Path)
	if l.op.Method != "POST" || len(parts) < 2 || !isSlot(parts[len(parts)-1]) || len(l.pool.index.at(l.home)) > 0 {
		return
	}
	name := pathParams(parts[len(parts)-1])[0]
	if v := req.PathValues[name]; v != "" {
		l.pool.add(l.kind, map[string]any{"id": v}, l.home, rankListed)
	}
}

// A lesson is one answer being read.
type lesson struct {
	pool *Pool
	op   *Operation
	kind string // of what the path is about
	home string // of the things at the top of the answer
	rank int    // of the things at the top
	self bool   // the answer is the caller's own account
	made bool   // the answer said what was created
	left int    // bounds the nodes that are read
}

// place finds out from the path what an answer is about and where that lives.
func (l *lesson) place(req *Request) {
	t := l.op.traits
	l.rank = rankListed
	if t.own {
		l.rank = rankOwn
	}
	// /orders/{id}/cancel is about the order, /orders/create about orders
	acted, kind := t.acted, t.about
	view := acted > 1 && acted == len(t.parts) && l.op.Method == "GET" && !isOwn(t.parts[acted-1]) && l.op.doc.viewed(l.op.Path)
	if view {
		acted-- // it shows some of the collection's things
		kind = thingOf(strings.Join(t.parts[:acted], "/"))
	}
	onItem := acted > 0 && !view && strings.Contains(t.parts[acted-1], "{")
	l.self = t.self
	switch {
	case onItem:
		l.home = expandPath(l.op.Path, req.PathValues, acted-1)
	default:
		l.home = expandPath(l.op.Path, req.PathValues, acted)
		if l.op.Method == "POST" || l.op.Method == "PUT" {
			l.rank = rankCreated
		}
	}
	l.kind = kind
	if l.self && (l.kind == "" || l.kind == "auth" || isAccount(l.kind) || l.kind == "userinfo") {
		l.kind = "user"
	}
}

func (l *lesson) location(at string) {
	u, err := url.Parse(at)
	if err != nil {
		return
	}
	parts := segments(u.Path)
	if len(parts) == 0 {
		return
	}
	id := parts[len(parts)-1]
	var v any = id
	if number, err := json.Number(id).Float64(); err == nil && text(number) == id {
		v = number
	}
	home := "/" + strings.Join(parts[:len(parts)-1], "/")
	if !strings.HasSuffix(home, l.home) && l.home != "" {
		return // it leads elsewhere, to a page or a login
	}
	l.made = true
	l.pool.add(l.kind, map[string]any{"id": v}, l.home, rankCreated)
}

// answer reads a whole body, with the schema that the document gives for it
// where there is one.
func (l *lesson) answer(v any) {
	var node map[string]any
	for _, s := range l.op.Responses {
		if s.node != nil {
			node = s.node
			break
		}
	}
	kind := l.kind
	if named := l.named(node); named != "" {
		kind = named
	}
	l.read(v, node, kind, l.home, l.rank, 0)
}

// named is the kind that a schema's name gives. A name that differs from the
// path's own noun only by what stands before it ("ShopItem") agrees with it.
func (l *lesson) named(node map[string]any) string {
	if node == nil {
		return ""
	}
	return kindOfSchema(refName(node))
}

func (l *lesson) read(v any, node map[string]any, kind, home string, rank, level int) {
	if l.left--; l.left < 0 || level > maxLearnDepth {
		return
	}
	m := map[string]any{}
	if node != nil && l.op.doc != nil {
		m = l.op.doc.solid(node)
	}
	switch v := v.(type) {
	case []any:
		items, _ := m["items"].(map[string]any)
		if named := l.named(items); named != "" {
			kind = named
		}
		if rank == rankCreated && level == 0 && l.op.Method == "POST" && !l.creates() {
			rank = rankListed // a search by POST creates nothing
		}
		for _, e := range v[:min(len(v), maxLearnItems)] {
			l.read(e, items, kind, home, rank, level+1)
		}
	case map[string]any:
		l.object(v, m, kind, home, rank, level)
	}
}

// creates reports whether the document says that the operation creates.
func (l *lesson) creates() bool { return l.op.Created }

func (l *lesson) object(v, m map[string]any, kind, home string, rank, level int) {
	properties, _ := m["properties"].(map[string]any)
	fields := map[string]any{}
	var nested []string
	for _, name := range sortedKeys(v) {
		e := v[name]
		if !scalar(e) {
			nested = append(nested, name)
			continue
		}
		if s, ok := e.(string); e == nil || ok && (s == "" || len(s) > maxLearnLength) {
			continue
		}
		if len(fields) < maxFields {
			fields[name] = e
		}
	}
	if rank < rankCreated && home != "" && l.pool.awaited(home, fields) {
		rank = rankCreated
	}
	t := l.pool.add(kind, fields, home, rank)
	if t == nil && home != "" && len(fields) > 0 {
		// What paths take to name such a thing tells it from its like.
		for _, name := range sortedKeys(fields) {
			if l.op.doc.isKey(plainName(name)) {
				t = l.pool.addAs(kind, name+"="+text(fields[name]), fields, home, rank)
				break
			}
		}
	}
	l.made = l.made || t != nil && rank == rankCreated && home == l.home
	if l.self && level <= 1 {
		for name, e := range fields {
			l.pool.is(name, e)
		}
		if t != nil {
			t.rank = max(t.rank, rankOwn)
		}
	}
	for name, e := range fields {
		if of, ok := resourceOf(name); ok && of != "" && of != kind {
			l.pool.add(of, map[string]any{"id": e}, "", rankMentioned)
		} else if t == nil {
			l.pool.keep(name, e)
		}
	}
	for _, name := range nested {
		child, _ := properties[name].(map[string]any)
		l.member(t, v[name], child, name, kind, home, rank, level, len(nested) == 1 && l.pages(v[name], name))
	}
}

// pages reports whether a member of an answer to the reading of a collection
// is the page of it, by whatever name: a list of objects that are no other
// things which the document's paths know.
func (l *lesson) pages(v any, name string) bool {
	list, ok := v.([]any)
	if !ok || len(list) == 0 || l.op.Method != "GET" || l.op.doc == nil {
		return false
	}
	_, objects := list[0].(map[string]any)
	own := Singular(lastWord(name))
	return objects && !slices.ContainsFunc(l.op.doc.Operations, func(o *Operation) bool { return o.traits.thing == own })
}

// member reads what an object holds under a name. onlyList says that it is a
// list beside nothing else that is nested.
func (l *lesson) member(of *thing, v any, node map[string]any, name, kind, home string, rank, level int, onlyList bool) {
	own := Singular(lastWord(name))
	if ids, ok := v.([]any); ok && len(ids) > 0 && scalar(ids[0]) {
		if noun, ok := resourceOf(name); ok && noun != "" {
			for _, id := range ids[:min(len(ids), maxLearnItems)] {
				l.pool.add(noun, map[string]any{"id": id}, "", rankMentioned)
			}
			return
		}
		// {"tenants": ["north"]} says what tenants are called.
		for _, e := range ids[:min(len(ids), maxLoose)] {
			s, ok := e.(string)
			if !ok || s == "" || len(s) > maxLearnLength {
				continue
			}
			if own != strings.ToLower(name) {
				l.pool.keep(own, s)
			}
			if key := l.op.doc.keyLike(own); key != "" && key != own {
				l.pool.keep(key, s)
			}
		}
		return
	}
	// An envelope is about the same thing, and so is a member that bears the
	// thing's own name: {"order": {…}}.
	if of == nil && (envelope(name) || own == kind || own == l.kind || onlyList) {
		if own == l.kind {
			kind = own
		}
		l.read(v, node, kind, home, rank, level+1)
		return
	}
	if named := l.named(node); named != "" {
		own = named
	}
	inner := ""
	if of != nil && home != "" && of.fields["id"] != nil {
		inner = home + "/" + escapeSegment(text(of.fields["id"])) + "/" + name
	}
	if rank == rankCreated {
		// What a creation names may have been there before; what it holds as
		// a list lives below it and came with it.
		if _, isList := v.([]any); !isList {
			rank = rankListed
		}
	}
	l.read(v, node, own, inner, rank, level+1)
}

func scalar(v any) bool {
	switch v.(type) {
	case nil, string, float64, bool:
		return true
	}
	return false
}

// spend notes that an operation changed a thing: some changes, such as a
// cancellation, are accepted only once.
func (p *Pool) spend(op *Operation, req *Request) {
	for _, t := range req.things {
		t.spent[op.traits.text] = true
	}
}

// UseUp tells the pool that a request which it does not see the answer of may
// use up what it names: nothing else is to rely on that.
func (p *Pool) UseUp(op *Operation, req *Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.choices = nil
	if op.Method == "DELETE" {
		p.forget(op, req)
	} else {
		p.spend(op, req)
	}
}

// forget marks as gone what a DELETE removed, with all that lived below it.
func (p *Pool) forget(op *Operation, req *Request) {
	parts := segments(op.Path)
	if len(parts) == 0 || !strings.Contains(parts[len(parts)-1], "{") {
		p.spend(op, req)
		return
	}
	path := expandPath(op.Path, req.PathValues, whole)
	home := expandPath(op.Path, req.PathValues, len(parts)-1)
	names := pathParams(parts[len(parts)-1])
	id := req.PathValues[names[len(names)-1]]
	kind := thingOf(op.Path)
	// What links alone told of it is known by its name, and no thing's.
	loose := plainName(names[len(names)-1])
	if have := p.loose[loose]; len(have) > 0 {
		p.loose[loose] = slices.DeleteFunc(slices.Clone(have), func(v any) bool { return text(v) == id })
	}
	for _, h := range p.index.below[path] {
		for _, t := range h.things {
			t.gone = true
		}
	}
	for _, t := range p.index.at(home) {
		t.gone = t.gone || t.called(id)
	}
	for _, t := range p.things[kind] {
		t.gone = t.gone || len(t.homes) == 0 && t.called(id)
	}
	for _, t := range req.things {
		if v, ok := t.pick(p.index.word(names[len(names)-1]), func(any) bool { return true }); ok && text(v) == id && t == req.things[len(req.things)-1] {
			t.gone = true
		}
	}
}

// called reports whether a thing says under one of the usual names that it is
// the one of that id.
func (t *thing) called(id string) bool {
	return slices.ContainsFunc(t.names, func(w *word) bool {
		v := t.fields[w.name]
		return w.calls && v != nil && text(v) == id
	})
}
