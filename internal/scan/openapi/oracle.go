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
		op    *Operation
		score int
	}
	out := make([]witness, 0, maxOracles+1)
	for _, o := range d.readers {
		if o == op || o.Deprecated && !op.Deprecated {
			continue
		}
		score := d.testimony(op, o)
		if score <= 0 || len(out) == maxOracles && score < out[maxOracles-1].score {
			continue
		}
		// Behind those that are as good.
		at, _ := slices.BinarySearchFunc(out, o, func(w witness, o *Operation) int {
			return cmp.Or(cmp.Compare(score, w.score), cmp.Compare(parameters(w.op.Path), parameters(o.Path)), -1)
		})
		out = slices.Insert(out, at, witness{o, score})
		out = out[:min(len(out), maxOracles)]
	}
	var ops []*Operation
	for _, w := range out {
		ops = append(ops, w.op)
	}
	return ops
}

// findReaders fills readers, once all operations are known.
func (d *Document) findReaders() {
	for _, o := range d.Operations {
		if changes, _ := o.LikelyChangesState(); o.Method == "GET" && !changes {
			d.readers = append(d.readers, o)
		}
	}
}

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
		score += 30
	}
	if kind := op.traits.answers; kind != "" && kind == o.traits.answers {
		score += 15
	}
	for _, t := range o.Tags {
		if slices.Contains(op.Tags, t) {
			score += 12
		}
	}
	for _, noun := range o.traits.nouns {
		for _, own := range op.traits.singulars {
			if noun == own {
				score += 4
			}
		}
	}
	// A witness that must be told what op does not know is a poor one.
	for _, name := range o.traits.params {
		if !slices.Contains(op.traits.params, name) {
			score -= 35
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
