package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bounds of the search for things that belong together.
const (
	maxCandidates = 8   // for one parameter
	maxKnown      = 12  // children that count for a parent
	maxSteps      = 800 // of one search
)

// Scores that bounds must know, in points.
const (
	livesScore  = 450 // it lives where the path leads, and is of the right kind
	parentScore = 150 // it names a parent that was chosen
	enumScore   = 500 // the document lists the value
	guessScore  = 30  // at the most, what nothing is known of
	ownedScore  = 35  // it says that it is the account's
	ownScore    = 60  // it is the account, and the operation is for accounts
	noScore     = -1 << 30
)

// A candidate is a value for a path parameter.
type candidate struct {
	text    string // the value, as it stands in a path
	score   int
	thing   *thing // nil where the value names no known thing
	guessed bool
}

// A search looks for values of an operation's path parameters that belong
// together: the item of /shops/{shop_id}/items/{item_id} must live in that
// shop.
type search struct {
	g         *generator
	op        *Operation
	slots     []slot
	names     []slotName
	parts     []string // of the path
	opt       BuildOptions
	bound     []map[string]int // by slot and value: how often things below it are known
	bonus     []int            // by slot: the most that a thing can score beside how it matches
	rest      []int            // by slot: the most that those after it can add to a score
	room      [][]candidate    // by slot: where its candidates are put
	steps     int
	best      []candidate
	bestScore int
	spared    bool // ids were passed over because a fresh one is wanted
}

// A slotName is how fields name what a parameter names: by its own name, or
// by that of the collection before it.
type slotName struct{ own, container *word }

// fillPath fills the path parameters.
func (g *generator) fillPath(r *Request, opt BuildOptions) error {
	slots := g.doc.slots(g.op)
	best := g.told(slots, opt.At)
	if best == nil {
		var err error
		if best, err = g.choose(slots, opt); err != nil {
			return err
		}
	}
	for i, c := range best {
		name := slots[i].name
		g.path[name] = c.text
		if c.thing != nil {
			r.things = append(r.things, c.thing)
			g.chosen = append(g.chosen, c.thing)
			if i == len(best)-1 {
				g.target = c.thing
			}
		}
		if c.guessed {
			r.Guesses = append(r.Guesses, name)
		}
	}
	r.Path = expandPath(g.op.Path, g.path, whole)
	if r.Path == "" {
		r.Path = "/"
	}
	return nil
}

// told returns the values that the path's parameters are to have, and the
// things that they name; nil where they are to be chosen.
func (g *generator) told(slots []slot, at map[string]string) []candidate {
	if at == nil {
		return nil
	}
	out := make([]candidate, len(slots))
	for i, s := range slots {
		v, ok := at[s.name]
		if !ok {
			return nil
		}
		out[i].text = v
	}
	if g.pool != nil {
		g.pool.mu.Lock()
		defer g.pool.mu.Unlock()
		for i, s := range slots {
			out[i].thing = g.pool.at(expandPath(g.op.Path, at, s.segment), s.name, out[i].text)
		}
	}
	return out
}

// choose looks for the values of the path's parameters. What was found once
// holds until more is learnt.
func (g *generator) choose(slots []slot, opt BuildOptions) ([]candidate, error) {
	if g.pool == nil {
		return g.search(slots, opt)
	}
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	plain := len(opt.Taken) == 0 && len(opt.Spare) == 0 && len(opt.Avoid) == 0 && !opt.Fresh
	if best, ok := g.pool.choices[g.op]; ok && plain {
		return best, nil
	}
	best, err := g.search(slots, opt)
	guessed := slices.ContainsFunc(best, func(c candidate) bool { return c.guessed })
	if err == nil && plain && !guessed { // guesses differ from request to request
		if g.pool.choices == nil {
			g.pool.choices = map[*Operation][]candidate{}
		}
		g.pool.choices[g.op] = best
	}
	return best, err
}

// search is choose anew. The pool's lock is held.
func (g *generator) search(slots []slot, opt BuildOptions) ([]candidate, error) {
	s := &search{g: g, op: g.op, slots: slots, parts: segments(g.op.Path), opt: opt, bestScore: noScore}
	s.rest = make([]int, len(s.slots))
	for i := range s.rest {
		s.rest[i] = enumScore * (len(s.slots) - 1 - i)
	}
	s.room = make([][]candidate, len(s.slots))
	chosen := make([]candidate, 0, len(s.slots)) // shared: one branch at a time
	if g.pool != nil {
		s.bind()
		s.bounds()
	}
	s.descend(chosen, 0)
	if s.best == nil {
		return nil, s.why()
	}
	return s.best, nil
}

func (s *search) why() error {
	if len(s.slots) == 0 {
		return &Unbuildable{"the path is one that was refused before"}
	}
	last := s.slots[len(s.slots)-1]
	switch producers := s.g.doc.Producers(s.op); {
	case s.spared && len(producers) > 0:
		return &Unbuildable{fmt.Sprintf("no unused value is known for {%s}; %s makes one", last.name, producers[0])}
	case len(producers) > 0:
		return &Unbuildable{fmt.Sprintf("no value is known for {%s}; %s should have made one", last.name, producers[0])}
	}
	return &Unbuildable{fmt.Sprintf("no value is known for {%s}, and no operation makes one", last.name)}
}

// bind counts, for each parameter, the values under which the next one's
// things are known to live. A parent without children is no good for an
// operation on a child.
func (s *search) bind() {
	s.bound = make([]map[string]int, len(s.slots))
	s.names = make([]slotName, len(s.slots))
	for i, slot := range s.slots {
		s.bound[i] = map[string]int{}
		s.names[i] = slotName{s.g.pool.index.word(slot.name), s.g.pool.index.word(slot.id)}
	}
	for i := 1; i < len(s.slots); i++ {
		for _, h := range s.g.pool.index.shaped(s.parts[:s.slots[i].segment]) {
			weight := 0
			for _, t := range h.things {
				if !t.gone && !s.opt.Taken[t.id] {
					weight += 1 + t.rank
				}
			}
			if weight == 0 {
				continue
			}
			for j := range i {
				s.bound[j][valueAt(h.parts, s.slots[j].segment)] += weight
			}
		}
	}
}

// bounds finds out how much a choice can still gain after each parameter, so
// that descend need not try what cannot win. It is never less than what
// things, match and worth come to.
func (s *search) bounds() {
	s.bonus = make([]int, len(s.slots))
	sum := 0
	for i := len(s.slots) - 1; i >= 0; i-- {
		known := 0
		for _, n := range s.bound[i] {
			known = max(known, n)
		}
		s.bonus[i] = rankCreated*20 + 9 + min(known, maxKnown)*15
		if len(s.g.pool.self) > 0 {
			s.bonus[i] += ownedScore + ownScore
		}
		s.rest[i] = sum
		match := livesScore
		for _, name := range s.names[:i] {
			if s.g.pool.index.knows(name.own) || s.g.pool.index.knows(name.container) {
				match += parentScore
			}
		}
		sum += max(match+s.bonus[i], enumScore)
	}
}

// descend tries the candidates of the next parameter, the best first, and
// keeps the best whole choice.
func (s *search) descend(chosen []candidate, score int) {
	if s.steps++; s.steps > maxSteps {
		return
	}
	i := len(chosen)
	if i == len(s.slots) {
		if score > s.bestScore && (len(s.opt.Avoid) == 0 || !s.opt.Avoid[s.path(chosen, whole)]) {
			s.best, s.bestScore = slices.Clone(chosen), score
			if s.best == nil {
				s.best = []candidate{}
			}
		}
		return
	}
	for _, c := range s.candidates(chosen, s.bestScore-score-s.rest[i]) {
		if score+c.score+s.rest[i] <= s.bestScore {
			return // nor does any that scores less lead to a better choice
		}
		s.descend(append(chosen, c), score+c.score)
	}
}

func (s *search) path(chosen []candidate, until int) string {
	return expand(s.op.Path, until, func(name string) string {
		for i, c := range slices.Backward(chosen) {
			if s.slots[i].name == name {
				return c.text
			}
		}
		return ""
	})
}

// candidates returns the values for the next parameter, the best first.
// Things that cannot score more than due may be left out.
func (s *search) candidates(chosen []candidate, due int) []candidate {
	slot := &s.slots[len(chosen)]
	last := len(chosen) == len(s.slots)-1
	var out []candidate
	if s.g.pool != nil {
		out = s.things(chosen, due)
		for i, name := range []string{s.names[len(chosen)].own.plain, slot.plain} {
			for _, v := range s.g.pool.loose[name] {
				if is := text(v); slot.check.fits(s.g, v) && !s.opt.Taken[is] {
					out = append(out, candidate{text: is, score: 60 - 5*i})
				}
			}
		}
	}
	if enum := list(slot.schema["enum"]); len(enum) > 0 {
		for _, v := range enum {
			if is := text(v); v != nil && !s.opt.Taken[is] {
				out = append(out, candidate{text: is, score: enumScore})
			}
		}
	}
	if len(out) == 0 && due >= guessScore {
		return nil // nor could a guess score more
	}
	if len(out) == 0 && s.g.pool != nil && due > noScore {
		out = s.things(chosen, noScore) // a guess is for where there is none
	}
	if len(out) == 0 && !(last && s.opt.Fresh) {
		out = append(out, s.guesses(slot)...)
	}
	slices.SortStableFunc(out, func(a, b candidate) int {
		switch c := cmp.Compare(b.score, a.score); {
		case c != 0:
			return c
		case a.thing == nil || b.thing == nil:
			return cmp.Compare(order(a.thing == nil), order(b.thing == nil))
		default:
			return cmp.Or(cmp.Compare(a.thing.kind, b.thing.kind), cmp.Compare(a.thing.serial, b.thing.serial))
		}
	})
	kept := out[:0]
	for _, c := range out {
		if last && s.opt.Spare[c.text] {
			s.spared = true
			continue
		}
		if len(kept) < maxCandidates && !slices.ContainsFunc(kept, func(k candidate) bool { return k.text == c.text }) {
			kept = append(kept, c)
		}
	}
	s.room[len(chosen)] = out
	if len(kept) == 0 && len(out) > 0 && last && !s.opt.Fresh {
		// All that is known is to be spared.
		return slices.DeleteFunc(s.guesses(slot), func(c candidate) bool { return s.opt.Spare[c.text] })
	}
	return kept
}

// things returns the candidates that are known things: those that live under
// what is chosen already, then those of the right kind, then those that have
// a field of the parameter's name.
func (s *search) things(chosen []candidate, due int) []candidate {
	pool, slot, name := s.g.pool, &s.slots[len(chosen)], s.names[len(chosen)].own
	last := len(chosen) == len(s.slots)-1
	container := pool.kindLike(slot.noun)
	kind := pool.kindLike(slot.kind)
	suits := func(v any) bool { return slot.check.fits(s.g, v) }
	prefix := s.path(chosen, slot.segment)
	bonus := s.bonus[len(chosen)]
	out := s.room[len(chosen)][:0]
	found := false
	pool.searches++
	mark := pool.searches
	try := func(things []*thing) {
		for _, t := range things {
			if t.gone || t.mark == mark {
				continue
			}
			t.mark = mark
			score, lives, ok := s.match(t, name, kind, container, prefix, chosen)
			if !ok {
				continue
			}
			if score+bonus <= due && (found || !lives) {
				continue
			}
			v, ok := t.pick(name, suits)
			if !ok && lives {
				// It is called otherwise, as a Todo at /task/{task_id}, but
				// nothing else lives there.
				v, ok = t.pick(pool.index.word("id"), suits)
				score -= 200
			}
			if !ok {
				continue
			}
			is := text(v)
			if s.opt.Taken[is] {
				continue
			}
			if last && s.opt.Fresh && (t.rank != rankCreated || len(t.spent) > 0) {
				s.spared = true
				continue
			}
			known := s.bound[len(chosen)][is]
			score += pool.worth(t) + s.purpose(t, kind) + min(known, maxKnown)*15
			if last && t.spent[s.op.traits.text] {
				score -= 60
			}
			if !last && len(s.bound[len(chosen)]) > 0 && known == 0 {
				score -= 100
			}
			out, found = append(out, candidate{text: is, score: score, thing: t}), true
		}
	}
	try(pool.index.at(prefix))
	// Where things live under what is chosen, those that live elsewhere are
	// none to try.
	if !found || len(chosen) == 0 {
		try(pool.things[kind])
		try(pool.things[container])
		if !name.isID && kind != "" {
			try(pool.index.fields[name.plain])
		}
	}
	return append(out, s.fromSelf(slot, kind, suits)...)
}

// match says how well a thing suits a parameter that follows the given path,
// and whether it lives there.
func (s *search) match(t *thing, name *word, kind, container, prefix string, chosen []candidate) (score int, lives, ok bool) {
	elsewhere, near := false, 0
	template := s.parts[:s.slots[len(chosen)].segment]
	for _, h := range t.homes {
		if h.path == prefix {
			lives = true
			continue
		}
		if h.mark != s.g.pool.searches {
			h.mark, h.matches, h.near = s.g.pool.searches, matches(template, h.parts), min(common(template, h.parts), 2)
		}
		elsewhere, near = elsewhere || h.matches, max(near, h.near)
	}
	switch {
	case lives && (t.kind == kind || t.kind == container):
		score = livesScore
	case lives:
		score = 400
	case t.kind == kind:
		score = 300
	case t.kind == container:
		score = 250
	default:
		// A thing of another kind may name the one that is wanted.
		if name.isID || kind == "" {
			return 0, false, false
		}
		if _, ok := t.named(name); !ok {
			return 0, false, false
		}
		score = 80
	}
	if !lives {
		score += 25 * near // of the books in the shop and in the archive those of the one that the path begins with
	}
	if elsewhere && !lives && len(chosen) > 0 {
		score -= 2000
	}
	for i, c := range chosen {
		v, ok := t.named(s.names[i].own)
		if !ok {
			v, ok = t.named(s.names[i].container)
		}
		switch {
		case ok && text(v) == c.text:
			score += parentScore
		case ok && !lives && s.names[i].own.plain != "id":
			score -= 1500
		}
	}
	return score, lives, true
}

// onOthers are the verbs that people do to accounts that are not theirs.
var onOthers = map[string]bool{
	"follow": true, "unfollow": true, "block": true, "unblock": true, "ban": true, "unban": true, "invite": true, "message": true, "friend": true,
	"promote": true, "demote": true, "report": true, "deactivate": true, "impersonate": true, "mute": true, "poke": true, "unfriend": true, "disable": true, "suspend": true,
}

// purpose prefers the account in use, except for what would destroy it or is
// done to others.
func (s *search) purpose(t *thing, kind string) int {
	if !isAccount(kind) || !isAccount(t.kind) {
		return 0
	}
	ours, _ := s.g.pool.owned(t)
	if !ours {
		return 0
	}
	if s.op.Method == "DELETE" && isSlot(s.parts[len(s.parts)-1]) {
		return -3000
	}
	for _, w := range s.op.words() {
		if onOthers[w] {
			return -200
		}
	}
	return ownScore
}

// fromSelf offers the account in use where the parameter names an account.
func (s *search) fromSelf(slot *slot, kind string, suits func(any) bool) []candidate {
	if !isAccount(kind) && !isAccount(plainName(slot.name)) || s.op.Method == "DELETE" {
		return nil
	}
	fields := []string{plainName(slot.name), "id", "uuid", "username", "email"}
	if _, isID := resourceOf(slot.name); !isID {
		fields = []string{plainName(slot.name), "username", "id"}
	}
	for _, name := range fields {
		if v, ok := s.g.pool.self[name]; ok && suits(v) && !s.opt.Taken[text(v)] {
			return []candidate{{text: text(v), score: 320}}
		}
	}
	return nil
}

// guesses are the values of last resort: what the document says, then what
// the first of its kind is called in most APIs.
func (s *search) guesses(slot *slot) []candidate {
	var out []candidate
	add := func(v any, score int) {
		if is := text(v); is != "" && !s.opt.Taken[is] {
			out = append(out, candidate{text: is, score: score, guessed: true})
		}
	}
	add(slot.example, guessScore)
	add(s.g.doc.exampleOf(slot.schema), guessScore)
	add(slot.schema["default"], 20)
	switch k := kind(slot.schema); {
	case k == "integer" || k == "number":
		for _, n := range []float64{1, 2, 3} {
			add(s.g.inBounds(slot.schema, n), 10-int(n))
		}
	case k == "string" && slot.schema["format"] == nil && slot.schema["pattern"] == nil && identifies(slot.name):
		for _, v := range []string{"1", "2"} {
			add(v, 8)
		}
	}
	if slot.schema["format"] == "uuid" {
		// Rather one of another kind, which this may be about, than none's.
		for _, v := range s.ids(slot) {
			add(v, 5)
		}
	}
	probe := *s.g
	probe.pool = nil // its lock is held
	add(probe.value(maps.Clone(slot.schema), slot.name, "", 0), 1)
	return out
}

// ids returns ids of known things that suit a parameter, those of the account
// in use last, one of each kind first.
func (s *search) ids(slot *slot) []any {
	if s.g.pool == nil {
		return nil
	}
	var first, more []any
	seen := map[string]bool{}
	s.g.pool.each(func(t *thing) {
		v := t.fields["id"]
		if v == nil || !slot.check.fits(s.g, v) {
			return
		}
		if !seen[t.kind] {
			seen[t.kind] = true
			first = append(first, v)
		} else if len(more) < maxCandidates {
			more = append(more, v)
		}
	})
	return append(first, more...)
}

// pathWords splits the literal segments of a path into plain words.
func pathWords(path string) []string {
	var out []string
	for _, part := range segments(path) {
		if !strings.Contains(part, "{") {
			out = append(out, nameWords(part)...)
		}
	}
	return out
}
