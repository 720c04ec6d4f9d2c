package actor

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/scan/openapi/words"
)

// maxStepped bounds the logins of two steps that are tried.
const maxStepped = 3

// FindStepped returns the logins of two requests that a document may mean, the
// likeliest first: one operation takes the account's name and begins, another
// takes the password, with whatever else it insists on out of the answer to
// the first.
func FindStepped(doc *openapi.Document) []*Flow {
	type pair struct {
		flow   *Flow
		shared int // parts that the paths have in common
	}
	var out []pair
	for _, second := range doc.Operations {
		end, ok := ends(second)
		if !ok {
			continue
		}
		for _, first := range doc.Operations {
			if first == second {
				continue
			}
			begin, ok := begins(first)
			shared := common(first.Path, second.Path)
			if !ok || shared == 0 && !CalledLogin(first) {
				continue
			}
			for name := range end.Keep {
				if begin.Keep == nil {
					begin.Keep = map[string]Place{}
				}
				begin.Keep[name] = Place{Member: lastPart(name)}
			}
			last := end
			last.Keep = nil
			out = append(out, pair{&Flow{Steps: []Step{begin, last}}, shared})
		}
	}
	slices.SortStableFunc(out, func(a, b pair) int { return cmp.Compare(b.shared, a.shared) })
	var flows []*Flow
	for _, p := range out[:min(len(out), maxStepped)] {
		flows = append(flows, p.flow)
	}
	return flows
}

// begins makes the step that an operation is which takes the account's name
// and no password.
func begins(o *openapi.Operation) (Step, bool) {
	enc, fields, ok := takes(o)
	if !ok {
		return Step{}, false
	}
	s := Step{Method: o.Method, Path: o.Path, Encoding: enc, Fields: map[string]any{}}
	names := 0
	for _, f := range fields {
		switch {
		case f.secret:
			return Step{}, false
		case f.name && f.kind == "string" || f.text():
			nest(s.Fields, f.path, "{username}")
			names++
		case f.required:
			return Step{}, false
		}
	}
	return s, names == 1
}

// ends makes the step that an operation is which takes a password, and texts
// that no account has: what those are is kept of the step before.
func ends(o *openapi.Operation) (Step, bool) {
	enc, fields, ok := takes(o)
	if !ok {
		return Step{}, false
	}
	s := Step{Method: o.Method, Path: o.Path, Encoding: enc, Fields: map[string]any{}, Keep: map[string]Place{}}
	secrets := 0
	for _, f := range fields {
		switch {
		case f.secret:
			nest(s.Fields, f.path, "{password}")
			secrets++
		case f.name && f.kind == "string":
			nest(s.Fields, f.path, "{username}")
		case f.text():
			nest(s.Fields, f.path, "{"+f.path+"}")
			s.Keep[f.path] = Place{}
		case f.required:
			return Step{}, false
		}
	}
	return s, secrets == 1 && len(s.Keep) <= 2
}

// takes returns the fields of an operation that may be a step of a login.
func takes(o *openapi.Operation) (Encoding, []field, bool) {
	if o.Method != http.MethodPost || o.Secured || strings.Contains(o.Path, "{") || words.Of(words.Register|words.Other, ownName(o)) {
		return "", nil, false
	}
	for _, b := range o.Bodies {
		if enc, nests := encodingOf(b); enc == JSON || enc == Form {
			return enc, fieldsOf(b.Schema, nests), true
		}
	}
	return "", nil, false
}

// common counts the parts that two paths begin with alike.
func common(a, b string) int {
	x, y := strings.Split(strings.Trim(a, "/"), "/"), strings.Split(strings.Trim(b, "/"), "/")
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
