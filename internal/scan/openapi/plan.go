package openapi

import (
	"cmp"
	"slices"
	"strings"
)

// Plan returns the operations in the order in which to exercise them:
// producers before consumers, deletes late and the deepest first, and last of
// all what may end the session or the account.
func (d *Document) Plan() []*Operation {
	ops := slices.Clone(d.Operations)
	slices.SortStableFunc(ops, func(a, b *Operation) int {
		byStage := cmp.Compare(stage(a), stage(b))
		depth := cmp.Compare(parameters(a.Path), parameters(b.Path))
		if stage(a) == stageDelete {
			depth = -depth // an item before the shop that holds it
		}
		return cmp.Or(byStage, depth,
			cmp.Compare(within(a), within(b)),
			cmp.Compare(strings.Count(a.Path, "/"), strings.Count(b.Path, "/")))
	})
	return d.settled(ops)
}

const (
	stageUse = iota
	stageDelete
	stageDangerous
	stageLogout
)

func stageOf(o *Operation) int {
	switch {
	case o.Logout():
		return stageLogout
	case o.Dangerous() != "":
		return stageDangerous
	case o.Method == "DELETE":
		return stageDelete
	}
	if ok, verb := o.acts(); ok && (verb == "delete" || verb == "remove" || verb == "archive" || verb == "close" || verb == "purge" || ending[verb]) {
		return stageDelete
	}
	return stageUse
}

// withinOf orders one level of the hierarchy: read, create, then change. Lists
// are read first, since what is there already is cheaper than what must be
// made.
func withinOf(o *Operation) int {
	switch o.Method {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return 0
	case "POST":
		if verb := o.pathVerb(); verb != "" && strings.Contains(o.Path, "}/") {
			if ending[verb] {
				return 2 // before it is deleted
			}
			return 3
		}
		return 1
	case "PUT", "PATCH":
		return 2
	}
	return 3
}

// ending are the verbs after which little can be done to a thing.
var ending = verbs("cancel reject decline deny withdraw void revoke terminate refund resign expire close discharge")

// Ends reports whether little can be done to a thing after the operation.
func (o *Operation) Ends() bool { return ending[o.pathVerb()] }

func parameters(path string) int { return strings.Count(path, "{") }

// settled moves an operation behind the creators of what its body and path
// name, as long as they belong to the same stage. Where two need each other
// the given order stands.
func (d *Document) settled(ops []*Operation) []*Operation {
	creators := map[string][]*Operation{}
	for _, o := range ops {
		if o.Method == "POST" && stage(o) == stageUse && within(o) == 1 {
			creators[o.traits.thing] = append(creators[o.traits.thing], o)
		}
	}
	out := make([]*Operation, 0, len(ops))
	state := map[*Operation]int{} // 1: being placed, 2: placed
	var place func(o *Operation, level int)
	place = func(o *Operation, level int) {
		if state[o] != 0 {
			return
		}
		state[o] = 1
		if level < maxRefs && stage(o) == stageUse {
			for _, kind := range d.needs(o) {
				for _, c := range creators[kind] {
					if c != o && parameters(c.Path) <= parameters(o.Path)+1 {
						place(c, level+1)
					}
				}
			}
		}
		state[o] = 2
		out = append(out, o)
	}
	for _, o := range ops {
		place(o, 0)
	}
	return out
}

// needs returns the kinds of things that a request must name in its path or
// in what its body requires.
func (d *Document) needs(o *Operation) []string {
	var out []string
	if o.Method == "GET" && parameters(o.Path) == 0 {
		return nil
	}
	own := o.traits.thing
	for _, s := range d.slots(o) {
		out = append(out, s.kind)
	}
	for _, b := range o.Bodies[:min(len(o.Bodies), 1)] {
		for _, name := range b.Schema.Properties() {
			of, ok := resourceOf(name)
			if m := d.solid(b.Schema.property(name)); !ok && (text(m["format"]) == "uuid" || kind(m) == "integer") {
				of, ok = Singular(lastWord(name)), true // {"product": 3} names a product
			}
			if ok && of != "" && b.Schema.Required(name) && !(of == own && parameters(o.Path) == 0) {
				out = append(out, of)
			}
		}
	}
	return out
}

// Producers returns the operations that create what op's path names last, or
// what its body must name where the path names nothing; the likeliest first.
// What only lists things is not among them: a thing that was found is not one
// to be used up.
func (d *Document) Producers(op *Operation) []*Operation {
	if known, ok := d.producers.Load(op); ok {
		return known.([]*Operation)
	}
	found := d.findProducers(op)
	d.producers.Store(op, found)
	return found
}

func (d *Document) findProducers(op *Operation) []*Operation {
	type ranked struct {
		op    *Operation
		score int
	}
	var out []ranked
	var kinds []string
	container := ""
	if slots := d.slots(op); len(slots) > 0 {
		last := slots[len(slots)-1]
		kinds = append(kinds, last.kind)
		container = "/" + strings.Join(segments(op.Path)[:last.segment], "/")
	} else {
		kinds = d.needs(op)
	}
	for _, o := range d.Operations {
		if o.Method != "POST" && o.Method != "PUT" || o == op || stage(o) != stageUse {
			continue
		}
		path := strings.TrimRight(o.Path, "/")
		score := 0
		switch {
		case o.Method == "POST" && container != "" && path == container:
			score = 100
		case o.Method == "POST" && within(o) == 1 && slices.ContainsFunc(kinds, func(k string) bool { return sameStem(k, o.traits.thing) }) && !itemPath(o.Path):
			score = 70
		case o.Method == "POST" && container != "" && slices.Contains(kinds, o.traits.answers) && strings.HasPrefix(container+"/", path+"/"):
			score = 50
		case o.Method == "POST" && o.Created && container != "" && slices.Contains(kinds, o.traits.answers) && strings.HasPrefix(path, container+"/") && !slices.ContainsFunc(o.traits.params, func(p string) bool { return slices.Contains(op.traits.params, p) }):
			score = 45 // POST /comments/task/{task_slug} makes the comment of /comments/{comment_slug}
		case o.Method == "PUT" && o.Path == op.Path && o.Created:
			score = 40
		}
		for _, l := range o.links {
			if l.leadsTo(op) && o.Method == "POST" {
				score += 60
			}
		}
		// Its own needs must not be greater than those that it serves.
		if score > 0 && parameters(o.Path) <= max(parameters(op.Path), 1) {
			out = append(out, ranked{o, score})
		}
	}
	slices.SortStableFunc(out, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(parameters(a.op.Path), parameters(b.op.Path)))
	})
	var ops []*Operation
	for _, r := range out {
		ops = append(ops, r.op)
	}
	return ops
}

// answeredKind is the kind of thing that an operation answers with, by its
// schema.
func answeredKind(o *Operation) string {
	for _, name := range o.responseRef {
		if kind := kindOfSchema(name); kind != "" {
			return kind
		}
	}
	return ""
}

// itemPath tells a path that ends in a parameter.
func itemPath(path string) bool {
	parts := segments(path)
	return len(parts) > 0 && strings.Contains(parts[len(parts)-1], "{")
}
