package openapi

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what a Pool keeps and reads.
const (
	maxThings      = 5_000 // in all
	maxOfKind      = 200
	maxFields      = 64 // of a thing
	maxHomes       = 8  // of a thing
	maxQuiet       = 32 // creations at one place that did not say their ids
	maxLoose       = 64 // values of one name that belong to no thing
	maxNames       = 4_000
	maxPlaces      = 2 * maxThings
	maxLearnDepth  = 6
	maxLearnItems  = 50
	maxLearnNodes  = 5_000
	maxLearnBytes  = 4 << 20 // of a refusal
	maxLearnLength = 200     // of a text that is kept, in bytes
)

// A Pool holds what responses taught: things that exist, whose they are and
// where they live, and what was wrong with earlier requests. It is safe for
// concurrent use, its size is bounded, and the zero Pool is empty.
type Pool struct {
	Today time.Time // zero where it does not matter

	mu       sync.Mutex
	things   map[string][]*thing // by kind, the oldest first
	kinds    []string            // of things, sorted
	kin      map[string]string   // by noun: the kind of another form of it, see kindLike
	kinned   int                 // how many kinds there were when kin was begun
	known    map[string]*thing   // by kind and identity
	count    int
	index    index
	loose    map[string][]any // by plain name: offered, or seen outside a thing
	self     map[string]any   // fields of the account in use, by plain name
	hints    map[spot]map[string]any
	quiet    map[string][]map[string]any // what was created at a place that did not say its id
	choices  map[*Operation][]candidate  // of paths' parameters, until more is learnt
	tick     int                         // orders things by when they were last met
	searches int                         // for ids, so far
	serial   int                         // tells generated texts apart
}

// A spot is a place in an operation's requests, such as body/name.
type spot struct {
	op    *Operation
	place string
}

// A thing is an object that the API keeps. Its pool's lock guards it.
type thing struct {
	kind   string
	id     string         // tells it from its like
	fields map[string]any // scalars only
	names  []*word        // of the fields, sorted
	homes  []*home        // the collections that hold it
	rank   int
	tick   int
	serial int // counts things as they are met
	mark   int // of the search that looked at it last
	gone   bool
	spent  map[string]bool // operations that changed it already
}

// Ranks say how much a thing is ours.
const (
	rankMentioned = iota // another thing names it
	rankListed
	rankOwn
	rankCreated
)

// idFields are the names under which things say which they are, the likeliest
// first.
var idFields = []string{"id", "_id", "uuid", "guid", "uid", "pk", "key", "slug", "code", "number", "username", "name", "email", "sku", "token"}

// ownIDs is how many of idFields are ids and nothing else; the others are
// names, too.
const ownIDs = 6

// identity is the value that tells a thing of that kind from its like, as
// text.
func identity(kind string, fields map[string]any) string {
	for _, name := range idFields[:ownIDs] {
		if v, ok := fields[name]; ok {
			return text(v)
		}
	}
	for _, name := range sortedKeys(fields) {
		if of, ok := resourceOf(name); ok && of == kind {
			return text(fields[name])
		}
	}
	for _, name := range idFields {
		if v, ok := fields[name]; ok {
			return name + "=" + text(v)
		}
	}
	if v, ok := fields["title"]; ok { // tells some things apart, but is no id
		return "title=" + text(v)
	}
	return ""
}

// add takes in a thing, or what is new about one already known. The caller
// holds the lock.
func (p *Pool) add(kind string, fields map[string]any, at string, rank int) *thing {
	if kind == "" || len(fields) == 0 {
		return nil
	}
	id := identity(kind, fields)
	if id == "" {
		return nil
	}
	return p.addAs(kind, id, fields, at, rank)
}

// addAs is add for a thing of which it is known what tells it from its like.
// The caller holds the lock.
func (p *Pool) addAs(kind, id string, fields map[string]any, at string, rank int) *thing {
	if kind == "" {
		return nil
	}
	p.tick++
	key := kind + "\x00" + id
	if t := p.known[key]; t != nil {
		for name, v := range fields {
			if _, have := t.fields[name]; have {
				t.fields[name] = v
			} else if len(t.fields) < maxFields {
				t.fields[name] = v
				p.index.field(t, name)
			}
		}
		t.rank, t.tick = max(t.rank, rank), p.tick
		if rank > rankMentioned {
			t.gone = false
		}
		p.index.settle(t, at)
		return t
	}
	if len(p.things[kind]) == 0 && len(p.things) >= maxNames {
		return nil
	}
	if (len(p.things[kind]) >= maxOfKind || p.count >= maxThings) && !p.evict(kind) {
		return nil
	}
	if p.things == nil {
		p.things, p.known = map[string][]*thing{}, map[string]*thing{}
	}
	t := &thing{kind: kind, id: id, fields: fields, rank: rank, tick: p.tick, serial: p.tick, spent: map[string]bool{}}
	for _, name := range sortedKeys(fields) {
		p.index.field(t, name)
	}
	p.index.settle(t, at)
	if _, have := p.things[kind]; !have {
		i, _ := slices.BinarySearch(p.kinds, kind)
		p.kinds = slices.Insert(p.kinds, i, kind)
	}
	p.things[kind] = append(p.things[kind], t)
	p.known[key] = t
	p.count++
	return t
}

// evict makes room for another thing of that kind. What we made is worth more
// than what we found: the oldest find goes. The caller holds the lock.
func (p *Pool) evict(kind string) bool {
	i := slices.IndexFunc(p.things[kind], func(t *thing) bool { return t.rank < rankCreated || t.gone })
	if i < 0 {
		return false
	}
	t := p.things[kind][i]
	p.things[kind] = slices.Delete(p.things[kind], i, i+1)
	delete(p.known, kind+"\x00"+t.id)
	p.index.drop(t)
	p.count--
	return true
}

// each calls f for every thing that still exists, in an order that does not
// change from run to run. The caller holds the lock.
func (p *Pool) each(f func(*thing)) {
	for _, kind := range p.kinds {
		for _, t := range p.things[kind] {
			if !t.gone {
				f(t)
			}
		}
	}
}

// ownerFields name whose a thing is.
var ownerFields = map[string]bool{
	"owner": true, "user": true, "author": true, "creator": true, "createdby": true, "customer": true, "account": true, "member": true,
	"ownerid": true, "userid": true, "authorid": true, "creatorid": true, "createdbyid": true, "customerid": true, "accountid": true, "memberid": true,
	"ownerusername": true, "username": true, "ownername": true, "owneremail": true,
}

// owned reports whether a thing says that it belongs to the account in use,
// and whether it says so at all. The caller holds the lock.
func (p *Pool) owned(t *thing) (ours, says bool) {
	if len(p.self) == 0 {
		return false, false
	}
	if isAccount(t.kind) {
		for _, name := range []string{"id", "uuid", "username", "email"} {
			own, known := p.self[name]
			if v, ok := t.fields[name]; ok && known {
				return v == own, true
			}
		}
	}
	for _, w := range t.names {
		v := t.fields[w.name]
		if !w.owner || v == nil || v == "" {
			continue
		}
		says = true
		for _, own := range p.self {
			if own == v {
				return true, true
			}
		}
	}
	return false, says
}

// worth ranks a thing by how much it is ours and how new it is. The caller
// holds the lock.
func (p *Pool) worth(t *thing) int {
	score := t.rank * 20
	switch ours, says := p.owned(t); {
	case ours:
		score += ownedScore
	case says && t.rank < rankCreated:
		score -= 40
	}
	return score + min(9, 9*t.tick/max(p.tick, 1))
}

// pick returns the field by which a parameter of that name names the thing,
// if the field suits the schema. The caller holds the lock.
func (t *thing) pick(name *word, suits func(any) bool) (any, bool) {
	try := func(match func(field *word) bool) (any, bool) {
		for _, w := range t.names {
			if !match(w) {
				continue
			}
			if v := t.fields[w.name]; v != nil && v != "" && suits(v) {
				return v, true
			}
		}
		return nil, false
	}
	// A parameter such as post_id names the post: its own id comes before a
	// field of that name, unless that is how the thing writes its id.
	if v, ok := try(func(field *word) bool { return field.plain == name.plain }); ok {
		return v, true
	}
	if !name.isID {
		rest := strings.TrimPrefix(name.plain, t.kind)
		if rest != "" && rest != name.plain {
			if v, ok := try(func(field *word) bool { return field.plain == rest }); ok {
				return v, true
			}
		}
	}
	if name.isID && name.of != "" && name.of != t.kind && !isAccount(name.of) {
		return nil, false
	}
	fields := func(names []string) (any, bool) {
		for _, want := range names {
			if v := t.fields[want]; v != nil && v != "" && suits(v) {
				return v, true
			}
		}
		return nil, false
	}
	if v, ok := fields(idFields[:ownIDs]); ok {
		return v, true
	}
	if v, ok := try(func(field *word) bool { return field.isID && field.of == t.kind }); ok {
		return v, true
	}
	return fields(idFields[ownIDs:])
}

// at returns the thing that lives at a path and that a parameter calls so; nil
// where none is known. The caller holds the lock.
func (p *Pool) at(home, parameter, id string) *thing {
	name := p.index.word(parameter)
	known := func(any) bool { return true }
	for _, t := range slices.Backward(p.index.at(home)) {
		if t.gone {
			continue
		}
		v, ok := t.pick(name, known)
		if !ok {
			v, ok = t.pick(p.index.word("id"), known) // it is called otherwise, see search.things
		}
		if ok && text(v) == id {
			return t
		}
	}
	return nil
}

// named returns the field of that name, however it is written.
func (t *thing) named(name *word) (any, bool) {
	var found *word
	for _, w := range t.names {
		if w.name == name.name {
			found = w
			break
		}
		if found == nil && w.plain == name.plain {
			found = w
		}
	}
	if found == nil {
		return nil, false // as of most: no field need be looked up
	}
	return t.fields[found.name], true
}

// Offer tells the pool of a value that it could not learn: under "other" the
// name of the second account, for fields that name another user.
func (p *Pool) Offer(name string, value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.choices = nil
	p.keep(name, value)
}

// Self tells the pool a field of the account in use, such as "username".
func (p *Pool) Self(name string, value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.choices = nil
	p.is(name, value)
}

func (p *Pool) is(name string, value any) {
	if p.self == nil {
		p.self = map[string]any{}
	}
	if len(p.self) < maxFields && value != nil && value != "" {
		p.self[plainName(name)] = value
	}
}

// keep holds a value that belongs to no thing. The caller holds the lock.
func (p *Pool) keep(name string, value any) {
	plain := plainName(name)
	if p.loose == nil {
		p.loose = map[string][]any{}
	}
	have := p.loose[plain]
	if slices.Contains(have, value) || have == nil && len(p.loose) >= maxNames {
		return
	}
	if len(have) >= maxLoose {
		have = have[1:]
	}
	p.loose[plain] = append(slices.Clip(have), value)
}

// other returns the name of an account that is not the one in use.
func (p *Pool) other() (string, bool) {
	if p == nil {
		return "", false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if v := p.loose["other"]; len(v) > 0 {
		return text(v[len(v)-1]), true
	}
	var found []*thing
	p.each(func(t *thing) {
		if ours, _ := p.owned(t); !ours && isAccount(t.kind) && text(t.fields["username"]) != "" {
			found = append(found, t)
		}
	})
	if len(found) == 0 {
		return "", false
	}
	t := slices.MinFunc(found, func(a, b *thing) int { return cmp.Compare(a.tick, b.tick) })
	return text(t.fields["username"]), true
}

// peer returns what an account that is not the one in use is called: by its
// address for mail, or by a name.
func (p *Pool) peer(byMail bool) (string, bool) {
	is := func(s string) bool { return s != "" && strings.Contains(s, "@") == byMail }
	if name, ok := p.other(); ok && is(name) {
		return name, true
	}
	if p == nil {
		return "", false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	field := "username"
	if byMail {
		field = "email"
	}
	found := ""
	p.each(func(t *thing) {
		if ours, _ := p.owned(t); !ours && isAccount(t.kind) && found == "" && is(text(t.fields[field])) {
			found = text(t.fields[field])
		}
	})
	return found, found != ""
}

// next returns a number that no earlier request of this pool had.
func (p *Pool) next() int {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial++
	return p.serial
}

// hint keeps what a refusal said about the value at a place of an operation:
// keywords of JSON Schema that its document does not have.
func (p *Pool) hint(op *Operation, place string, keywords map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hints == nil {
		p.hints = map[spot]map[string]any{}
	}
	key := spot{op, place}
	have := p.hints[key]
	if have == nil {
		if len(p.hints) >= maxNames {
			return
		}
		have = map[string]any{}
	}
	// Requests in the making may be reading the old map.
	merged := make(map[string]any, len(have)+len(keywords))
	for k, v := range have {
		merged[k] = v
	}
	for k, v := range keywords {
		merged[k] = v
	}
	p.hints[key] = merged
}

func (p *Pool) hinted(op *Operation, place string) map[string]any {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hints[spot{op, place}]
}

// refused reports whether anything was wrong with an operation's body before.
// refusedPlace marks operations whose body was found fault with.
const refusedPlace = "refused"

// takenPlace marks operations that said that a name which they give is taken.
const takenPlace = "taken"

func (p *Pool) refused(op *Operation) bool { return p.hinted(op, refusedPlace) != nil }

// await notes that something was created in a collection whose answer did not
// say what. The next list of it will. The caller holds the lock.
func (p *Pool) await(home string, value any) {
	fields, _ := value.(map[string]any)
	if home == "" || len(fields) == 0 || p.quiet[home] == nil && len(p.quiet) >= maxNames {
		return
	}
	if p.quiet == nil {
		p.quiet = map[string][]map[string]any{}
	}
	if len(p.quiet[home]) < maxQuiet {
		p.quiet[home] = append(p.quiet[home], fields)
	}
}

// awaited reports whether a thing is one that was created without its id. The
// caller holds the lock.
func (p *Pool) awaited(home string, fields map[string]any) bool {
	for _, sent := range p.quiet[home] {
		equal := 0
		for name, v := range sent {
			have, ok := fields[name]
			switch {
			case !ok || !scalar(v):
			case have == v:
				equal++
			default:
				equal = -len(sent)
			}
		}
		if equal > 0 {
			return true
		}
	}
	return false
}
