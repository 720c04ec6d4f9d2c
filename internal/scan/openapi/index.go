package openapi

import (
	"net/url"
	"slices"
	"strings"
)

// An index finds things by the names of their fields and by where they live,
// so that choosing an id does not look at all that is known. Its pool's lock
// guards it; the zero index is empty.
type index struct {
	words  map[string]*word
	fields map[string][]*thing // by plain name
	homes  map[string]*home    // by path
	below  map[string][]*home  // by path: those at it and below it
	shapes map[string]*shape   // by template
}

// A word is what the name of a field or parameter says.
type word struct {
	name  string
	plain string
	of    string // the thing that it names, where it is an id
	isID  bool
	owner bool // it names whose a thing is
	calls bool // things say by it which they are, see thing.called
}

func newWord(name string) *word {
	w := &word{name: name, plain: plainName(name)}
	w.of, w.isID = resourceOf(name)
	w.owner = ownerFields[w.plain]
	switch name {
	case "id", "_id", "uuid", "slug", "username", "name", "code", "key":
		w.calls = true
	}
	return w
}

// word returns what a name says; it is found out once.
func (x *index) word(name string) *word {
	if w := x.words[name]; w != nil {
		return w
	}
	w := newWord(name)
	if len(x.words) < maxNames {
		if x.words == nil {
			x.words = map[string]*word{}
		}
		x.words[name] = w
	}
	return w
}

// field notes a further field of a thing.
func (x *index) field(t *thing, name string) {
	w := x.word(name)
	i, _ := slices.BinarySearchFunc(t.names, name, func(w *word, name string) int { return strings.Compare(w.name, name) })
	t.names = slices.Insert(t.names, i, w)
	if x.fields == nil {
		x.fields = map[string][]*thing{}
	}
	if have := x.fields[w.plain]; have != nil || len(x.fields) < maxNames {
		x.fields[w.plain] = append(have, t)
	}
}

// knows reports whether a thing has a field of that name, or may have had one.
func (x *index) knows(w *word) bool { return len(x.fields[w.plain]) > 0 || len(x.fields) >= maxNames }

// A home is the concrete path of a collection.
type home struct {
	path   string
	parts  []string
	things []*thing

	// What search.things found out of it, when that was numbered mark.
	mark    int
	matches bool
	near    int
}

// A shape is a path's template and the homes that match it.
type shape struct {
	template []string
	homes    []*home
}

// settle notes that a thing lives at a path.
func (x *index) settle(t *thing, path string) {
	if path == "" || len(t.homes) >= maxHomes || slices.ContainsFunc(t.homes, func(h *home) bool { return h.path == path }) {
		return
	}
	h := x.homes[path]
	if h == nil {
		if len(x.homes) >= maxPlaces {
			return
		}
		if x.homes == nil {
			x.homes, x.below = map[string]*home{}, map[string][]*home{}
		}
		h = &home{path: path, parts: segments(path)}
		x.homes[path] = h
		at := path
		for range min(len(h.parts), maxDepth) {
			x.below[at] = append(x.below[at], h)
			at = at[:max(strings.LastIndexByte(at, '/'), 0)]
		}
		for _, s := range x.shapes {
			if matches(s.template, h.parts) {
				s.homes = append(s.homes, h)
			}
		}
	}
	t.homes = append(t.homes, h)
	h.things = append(h.things, t)
}

// drop forgets a thing.
func (x *index) drop(t *thing) {
	is := func(o *thing) bool { return o == t }
	for _, w := range t.names {
		x.fields[w.plain] = slices.DeleteFunc(x.fields[w.plain], is)
	}
	for _, h := range t.homes {
		h.things = slices.DeleteFunc(h.things, is)
	}
}

// at returns the things that live at a path.
func (x *index) at(path string) []*thing {
	if h := x.homes[path]; h != nil {
		return h.things
	}
	return nil
}

// shaped returns the homes whose path matches a template.
func (x *index) shaped(template []string) []*home {
	key := strings.Join(template, "/")
	if s := x.shapes[key]; s != nil {
		return s.homes
	}
	s := &shape{template: slices.Clone(template)}
	for _, h := range x.homes {
		if matches(template, h.parts) {
			s.homes = append(s.homes, h)
		}
	}
	if len(x.shapes) < maxNames {
		if x.shapes == nil {
			x.shapes = map[string]*shape{}
		}
		x.shapes[key] = s
	}
	return s.homes
}

// matches reports whether a concrete path is one of a template.
func matches(template, concrete []string) bool {
	if len(template) != len(concrete) {
		return false
	}
	for i, t := range template {
		if t != concrete[i] && !isSlot(t) {
			return false
		}
	}
	return true
}

// valueAt returns the value of the parameter at a place of a concrete path.
func valueAt(concrete []string, place int) string {
	v := concrete[place]
	if strings.Contains(v, "%") {
		if plain, err := url.PathUnescape(v); err == nil {
			return plain
		}
	}
	return v
}
