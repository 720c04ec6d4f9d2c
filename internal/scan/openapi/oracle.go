package openapi

import (
	"cmp"
	"slices"
)

// maxOracles bounds how many witnesses of a change are named.
const maxOracles = 6

// Oracles returns the GET operations that are likely to show what op changed,
// the likeliest first.
func (d *Document) Oracles(op *Operation) []*Operation {
	type witness struct {
		*reader
		score int
	}
	out := make([]witness, 0, maxOracles+1)
	top := topOf(op.traits.parts[:op.traits.acted])
	// Those of the same part of the API first: after them the rest, most of
	// which has nothing to do with op, must be better.
	for _, near := range []bool{true, false} {
		for i := range d.readers {
			r := &d.readers[i]
			if near != (top == "" || r.top == "" || r.top == top) || r.op == op || r.deprecated && !op.Deprecated {
				continue
			}
			due := 1
			if len(out) == maxOracles {
				due = max(due, out[maxOracles-1].score)
			}
			if !near && r.most(op) < due {
				continue
			}
			score := d.testimony(op, r.op)
			if score < due {
				continue
			}
			at, _ := slices.BinarySearchFunc(out, r, func(w witness, r *reader) int {
				return cmp.Or(cmp.Compare(score, w.score), cmp.Compare(parameters(w.op.Path), parameters(r.op.Path)), cmp.Compare(w.number, r.number))
			})
			out = slices.Insert(out, at, witness{r, score})
			out = out[:min(len(out), maxOracles)]
		}
	}
	var ops []*Operation
	for _, w := range out {
		ops = append(ops, w.op)
	}
	return ops
}

// A reader is an operation that only reads, as far as the document tells, with
// what is needed to see that it is no witness of another one.
type reader struct {
	op             *Operation
	number         int    // in the document's order
	top            string // see topOf
	thing, answers string
	standing       int
	nouns          int
	tags           int
	params         int // of the path
	deprecated     bool
}

// findReaders fills readers, once all operations are known.
func (d *Document) findReaders() {
	for _, o := range d.Operations {
		if changes, _ := o.LikelyChangesState(); o.Method == "GET" && !changes {
			t := o.traits
			d.readers = append(d.readers, reader{o, len(d.readers), topOf(t.parts), t.thing, t.answers, t.standing, len(t.nouns), len(o.Tags), len(t.params), o.Deprecated})
		}
	}
}

// topOf is the first segment of a path that is no version; empty where there
// is none.
func topOf(parts []string) string {
	for _, p := range parts {
		if !isVersion(p) {
			return p
		}
	}
	return ""
}

// most is no less than what testimony gives a reader whose path has another
// top than op's.
func (r *reader) most(op *Operation) int {
	score := r.standing + nounScore*r.nouns*op.traits.echo
	if r.thing == op.traits.thing || r.answers == op.traits.thing {
		score += thingScore
	}
	if r.answers == op.traits.answers {
		score += answerScore
	}
	if len(op.Tags) > 0 {
		score += tagScore * r.tags
	}
	return score - paramScore*max(r.params-len(op.traits.params), 0)
}

// Scores of a witness beside what its path says.
const (
	thingScore  = 30 // it is about the thing that is changed, or answers with it
	answerScore = 15 // both answer with the same
	tagScore    = 12 // for each tag that both have
	nounScore   = 4  // for each noun that both paths have
	paramScore  = 35 // what each parameter costs that op does not know
)

// ledgers are the words for where changes of many kinds end up.
var ledgers = verbs(`balance history status state profile account accounts transaction transactions inbox messages settings preferences cart orders
	ledger statement activity feed wallet dashboard timeline notifications bookings payments me`)

// testimony scores how likely GET o is to show what op changed.
func (d *Document) testimony(op, o *Operation) int {
	mine, its, acted := op.traits.parts, o.traits.parts, op.traits.acted
	score := 0
	switch shared := common(mine, its); {
	case shared == acted && len(its) == acted:
		score = 120
	case shared == len(its) && len(its) > 0 && shared >= acted-1: // the collection that holds it
		score = 90
	case shared == acted && len(its) == acted+1: // a part of it, or the item below the collection
		score = 60
	case shared == len(its) && shared > 0 && !isVersion(its[shared-1]):
		score = 45
	case shared > 0 && !isVersion(its[shared-1]):
		score = 20 * min(shared, 2)
	}
	if kind := op.traits.thing; kind != "" && (o.traits.thing == kind || o.traits.answers == kind) {
		score += thingScore
	}
	if kind := op.traits.answers; kind != "" && kind == o.traits.answers {
		score += answerScore
	}
	for _, t := range o.Tags {
		if slices.Contains(op.Tags, t) {
			score += tagScore
		}
	}
	for _, noun := range o.traits.nouns {
		for _, own := range op.traits.singulars {
			if noun == own {
				score += nounScore
			}
		}
	}
	// A witness that must be told what op does not know is a poor one.
	for _, name := range o.traits.params {
		if !slices.Contains(op.traits.params, name) {
			score -= paramScore
		}
	}
	return score + o.traits.standing
}

// standing scores a witness by what it is, whatever is to be shown: one that
// would answer with a file or a page is a poor one.
func (o *Operation) standing() int {
	score := 0
	if selfPath(o.Path) {
		score += 14
	}
	for _, p := range o.Params {
		if p.Required && p.In == "query" {
			score -= 15
		}
	}
	for _, w := range pathWords(o.Path) {
		if ledgers[w] {
			score += 10
		}
		switch w {
		case "health", "healthz", "ready", "metrics", "version", "docs", "ping", "export", "download", "csv", "pdf", "login", "callback":
			score -= 60
		}
	}
	return score
}

func common(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
