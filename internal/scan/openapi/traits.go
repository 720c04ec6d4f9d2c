package openapi

import (
	"strings"
	"sync"
)

// traits are what an operation's names say of it. They are asked for by every
// other operation, so they are found out once: an API of thousands of
// operations has millions of pairs.
type traits struct {
	text      string   // METHOD PATH
	parts     []string // of the path
	acted     int      // how many of them come before what is done to a thing
	words     []string // of its literal segments
	singulars []string // of words
	nouns     []string // those of singulars that tell things apart
	echo      int      // how often the most frequent of singulars is among them
	params    []string // names of the path's parameters
	standing  int      // as a witness, whatever is to be shown; see testimony
	thing     string
	about     string // the thing that is acted on
	own       bool   // the path is below the account in use
	self      bool   // it reads that account
	answers   string // the kind of thing that it answers with
	changes   bool
	reason    string // why it is thought to change state
	dangerous string
	stage     int
	within    int
	slots     []slot
	once      sync.Once
}

func (o *Operation) judge() *traits {
	t := &traits{text: o.String(), parts: segments(o.Path), words: pathWords(o.Path), thing: thingOf(o.Path), answers: answeredKind(o)}
	t.params = pathParams(o.Path)
	t.acted = len(t.parts)
	for t.acted > 1 && !strings.Contains(t.parts[t.acted-1], "{") && isVerb(t.parts[t.acted-1]) {
		t.acted-- // POST /orders/{id}/cancel shows in GET /orders/{id}
	}
	t.about = thingOf(strings.Join(t.parts[:t.acted], "/"))
	t.own, t.self = ownPath(o.Path), o.Method == "GET" && selfPath(o.Path)
	for _, w := range t.words {
		noun := Singular(w)
		t.singulars = append(t.singulars, noun)
		if len(w) > 3 && !actions[w] {
			t.nouns = append(t.nouns, noun)
		}
	}
	for _, noun := range t.singulars {
		n := 0
		for _, other := range t.singulars {
			if noun == other {
				n++
			}
		}
		t.echo = max(t.echo, n)
	}
	t.standing = o.standing()
	o.traits = t // what follows asks for what is known already
	t.changes, t.reason = o.judgeChange()
	t.dangerous = o.judgeDanger()
	t.stage, t.within = stageOf(o), withinOf(o)
	return t
}

// words returns the plain words of the path's literal segments.
func (o *Operation) words() []string { return o.traits.words }

// PathParams returns the names of the path's parameters.
func (o *Operation) PathParams() []string { return o.traits.params }

// LikelyChangesState tells operations that change state, by their method or,
// for GET, by a name that says so; and why it is thought so. What a GET
// really does only reading the state back can tell.
func (o *Operation) LikelyChangesState() (bool, string) { return o.traits.changes, o.traits.reason }

// Dangerous says why the operation may end the session, or take the account
// in use away from its owner; "" where it does not look so.
func (o *Operation) Dangerous() string { return o.traits.dangerous }

func stage(o *Operation) int { return o.traits.stage }

func within(o *Operation) int { return o.traits.within }
