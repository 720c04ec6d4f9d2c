package openapi

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// maxFillers bounds the operations that are thought to help another one.
const maxFillers = 3

// akin are names of the same collection; the first is its name here.
var akin = [][]string{
	{"cart", "basket", "bag", "trolley"},
	{"balance", "fund", "wallet", "credit", "money"},
	{"stock", "inventory"},
}

var (
	filling  = []string{"add", "put", "fill", "deposit", "topup", "top", "charge", "restock", "credit", "load"}
	emptying = []string{"remove", "clear", "empty", "delete", "checkout", "withdraw", "transfer", "merge", "pay", "cancel", "logout"}
)

// Fillers returns the operations that may bring what a refusal of op says is
// lacking, the likeliest first: "Cart is empty" is mended by what adds to the
// cart. What is done to the very thing that op's path names is not among them.
func (d *Document) Fillers(op *Operation, body []byte) []*Operation {
	list, message := complaints(body)
	said := strings.ToLower(message)
	for _, c := range list {
		said += " " + strings.ToLower(c.msg)
	}
	if !lacks(said) {
		return nil
	}
	wanted := slices.DeleteFunc(spokenNouns(said), func(w string) bool { return w == "add" || w == "fill" })
	type ranked struct {
		op   *Operation
		rank int
	}
	var out []ranked
	for _, o := range d.Operations {
		if o == op || o.Method != http.MethodPost && o.Method != http.MethodPut && o.Method != http.MethodPatch || o.Dangerous() != "" || sharesThing(op, o) {
			continue
		}
		called := spokenNouns(o.ID + " " + o.Summary + " " + o.Path)
		inPath := spokenNouns(o.Path)
		has := func(words []string, of []string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(of, w) })
		}
		if has(emptying, called) || !has(wanted, called) {
			continue
		}
		rank := 0
		if has(wanted, inPath) {
			rank += 4
		}
		if has(filling, called) {
			rank += 2
		}
		if o.Method == http.MethodPost {
			rank++
		}
		out = append(out, ranked{o, rank})
	}
	slices.SortStableFunc(out, func(a, b ranked) int { return cmp.Compare(b.rank, a.rank) })
	var ops []*Operation
	for _, r := range out[:min(len(out), maxFillers)] {
		ops = append(ops, r.op)
	}
	return ops
}

// lacks reports whether a message in lower case says that something is not
// there that another operation might bring.
func lacks(said string) bool {
	return says(said, "empty", "nothing in", "no item", "has no ", "have no ", "not have any", "without any", "not enough", "insufficient", "too low", "add something", "add some", "add at least", "fill ")
}

// ordinary are words of refusals that name no collection.
var ordinary = []string{"the", "your", "you", "has", "have", "not", "any", "enough", "first", "item", "empty", "nothing", "without", "insufficient", "some", "something", "this", "for", "and", "one", "least", "low", "too"}

// spokenNouns returns the words of a text, each in the singular and by the first of
// its kin.
func spokenNouns(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		for _, part := range nameWords(w) {
			noun := Singular(strings.ToLower(part))
			for _, kin := range akin {
				if slices.Contains(kin, noun) {
					noun = kin[0]
				}
			}
			if len(noun) > 2 && !slices.Contains(ordinary, noun) && !slices.Contains(out, noun) {
				out = append(out, noun)
			}
		}
	}
	return out
}

// sharesThing reports whether both paths name a thing by the same parameter.
func sharesThing(op, o *Operation) bool {
	return slices.ContainsFunc(op.traits.params, func(p string) bool { return slices.Contains(o.traits.params, p) })
}
