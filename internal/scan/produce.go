package scan

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/attack"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

var errNoProducer = errors.New("no operation creates what it uses up")

// A produced thing is what a call is about: its own path parameters, and its
// parents'.
type produced struct {
	values map[string]string
	last   string // the parameter that names it
}

// name puts the thing into r's path.
func (p *produced) name(op *openapi.Operation, r *openapi.Request) {
	if p == nil || p.values[p.last] == "" {
		return
	}
	path := op.Path
	for name, was := range r.PathValues {
		value, known := p.values[name]
		if !known {
			value = was
		}
		r.PathValues[name] = value
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	if !strings.Contains(path, "{") {
		r.Path = path
	}
}

// producers returns the operations, of those that succeeded, that create what
// u's last path parameter names: first those that the document shows, then
// those whose answers were seen to name such a thing.
func (a *api) producers(u *use) []*use {
	var out []*use
	for _, op := range a.doc.Producers(u.op) {
		if p := a.byOp[op]; p != nil && p.subject.Exercised {
			out = append(out, p)
		}
	}
	for _, p := range a.uses {
		if p.namesThing(u) && p != u && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// deleters returns the DELETE operations on what p creates.
func (a *api) deleters(p *use) []*use {
	var out []*use
	for _, u := range a.uses {
		if u.op.Method == http.MethodDelete && p.subject.Exercised &&
			(p.namesThing(u) || slices.Contains(a.doc.Producers(u.op), p.op)) {
			out = append(out, u)
		}
	}
	return out
}

// namesThing reports whether p was seen to answer a creation with what u's
// last path parameter names.
func (p *use) namesThing(u *use) bool {
	return p.names != nil && u.telling != "" && p.names[u.telling] && p.subject.Exercised && !p.subject.Login &&
		!strings.Contains(p.op.Path, "{"+lastParameter(u.op)+"}")
}

// telling returns the plain name of a path parameter that tells which thing it
// names. A bare "id" is anything's, and one's own account is not made anew.
func telling(parameter string) string {
	if !strings.ContainsAny(parameter, "_-IU") || parameter == "user_id" || parameter == "userId" {
		return ""
	}
	return plainName(parameter)
}

// lastParameter returns the name of the last parameter in the path.
func lastParameter(op *openapi.Operation) string {
	open := strings.LastIndexByte(op.Path, '{')
	if open < 0 {
		return ""
	}
	name, _, _ := strings.Cut(op.Path[open+1:], "}")
	return name
}

// produce creates the resource that u's last path parameter names.
func (a *api) produce(ctx context.Context, u *use) (*produced, error) {
	last := lastParameter(u.op)
	if last == "" {
		return nil, errNoProducer
	}
	for _, p := range a.producers(u) {
		r, err := a.again(p)
		if err != nil {
			continue
		}
		res, err := a.send(ctx, p, r)
		if err != nil {
			return nil, err
		}
		if p.subject.Judge.Read(res) == attack.Accepted {
			thing := &produced{values: maps.Clone(r.PathValues), last: last}
			if thing.values[last] = identity(res, last); thing.values[last] == "" {
				thing.values[last] = a.newest(ctx, p, r, last)
			}
			return thing, nil
		}
	}
	return nil, errNoProducer
}

// identity returns what an answer calls the thing that a parameter names:
// itself, what it wraps as "data", or the only object in it that has a name.
func identity(r *client.Response, parameter string) string {
	for _, v := range things(r) {
		if id := identityOf(v, parameter); id != "" {
			return id
		}
	}
	return ""
}

// namesIn returns the plain names under which an answer gives a text or a
// number.
func namesIn(r *client.Response) map[string]bool {
	out := map[string]bool{}
	for _, v := range things(r) {
		for name, value := range v {
			if scalar(value) != "" {
				out[plainName(name)] = true
			}
		}
	}
	return out
}

// things returns the objects of an answer that may be the thing it is about.
func things(r *client.Response) []map[string]any {
	var v map[string]any
	if json.Unmarshal(r.Body, &v) != nil {
		return nil
	}
	if inner, ok := v["data"].(map[string]any); ok {
		return []map[string]any{inner}
	}
	out := []map[string]any{v}
	for _, k := range slices.Sorted(maps.Keys(v)) {
		if inner, ok := v[k].(map[string]any); ok {
			out = append(out, inner)
		}
	}
	if len(out) > 2 {
		return out[:1] // whose is it?
	}
	return out
}

func identityOf(v map[string]any, parameter string) string {
	for _, k := range []string{parameter, "id", "uuid", "_id", strings.TrimSuffix(parameter, "_id"), "slug"} {
		if id := member(v, k); id != "" {
			return id
		}
	}
	return ""
}

// member returns a member that is a text or a number, under that name or
// another spelling of it.
func member(v map[string]any, name string) string {
	value, ok := v[name]
	if !ok {
		plain := plainName(name)
		other := ""
		for k := range v {
			if (other == "" || k < other) && plainName(k) == plain {
				other, value = k, v[k]
			}
		}
	}
	return scalar(value)
}

// plainName is a name however its words are parted.
func plainName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// scalar returns a text or a number as text.
func scalar(value any) string {
	switch id := value.(type) {
	case string:
		return id
	case float64:
		return strconv.FormatFloat(id, 'f', -1, 64)
	}
	return ""
}
