package scan

import (
	"context"
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

var (
	errNoProducer = errors.New("no operation creates what it uses up")
	errPrelude    = errors.New("what must come before it failed")
)

// A produced thing is what a call is about: its own path parameters, and its
// parents'.
type produced struct {
	values map[string]string
	last   string         // the parameter that names it
	state  map[string]any // what the answer to its creation said of it
}

// places reports whether the thing gives every parameter of op's path a value.
func (p *produced) places(op *openapi.Operation) bool {
	if p == nil || p.values[p.last] == "" {
		return false
	}
	return !slices.ContainsFunc(op.PathParams(), func(name string) bool {
		_, known := p.values[name]
		return !known
	})
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
// those whose answers were seen to name such a thing. They stay the same until
// another operation succeeds.
func (a *api) producers(u *use) []*use {
	if u.producers == nil || u.producersOf != a.successes {
		u.producers, u.producersOf = a.findProducers(u), a.successes
	}
	return u.producers
}

func (a *api) findProducers(u *use) []*use {
	out := []*use{}
	for _, op := range a.doc.Producers(u.op) {
		if p := a.byOp[op]; p != nil && p.subject.Exercised {
			out = append(out, p)
		}
	}
	for _, p := range a.makers() {
		if p != u && a.makes(p, u) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// makers returns the operations that were seen to make something, and what.
// They stay the same until another operation succeeds.
func (a *api) makers() []*use {
	if a.knownOf != a.successes {
		a.known, a.knownOf = nil, a.successes
		for _, u := range a.uses {
			if u.tells() {
				a.known = append(a.known, u)
			}
		}
	}
	return a.known
}

// tells reports whether a call of u was seen to make something, and what.
func (u *use) tells() bool {
	return u.subject.Exercised && !u.subject.Login && (u.names != nil || u.leads != nil || u.named())
}

// makes reports whether p was seen to make what u's last path parameter names:
// its answer names it or leads to it, or its caller chooses the name.
func (a *api) makes(p, u *use) bool {
	switch {
	case u.parameter == "" || !p.tells():
		return false
	case p.namesThing(u):
		return true
	case p.named() && p.parameter == u.parameter:
		return strings.HasPrefix(u.op.Path+"/", p.op.Path+"/")
	}
	return p.leads != nil && !p.has(u.parameter) && a.located(p.leads, u) != ""
}

// deleters returns the operations that delete what p creates.
func (a *api) deleters(p *use) []*use {
	var out []*use
	if !p.subject.Exercised {
		return nil
	}
	for _, u := range a.uses {
		if u.deletes && (a.makes(p, u) || slices.Contains(a.doc.Producers(u.op), p.op)) {
			out = append(out, u)
		}
	}
	return out
}

// namesThing reports whether p was seen to answer a creation with what u's
// last path parameter names.
func (p *use) namesThing(u *use) bool {
	return u.telling != "" && p.names[u.telling] && p.subject.Exercised && !p.subject.Login && !p.has(u.parameter)
}

// has reports whether u's path has a parameter of that name.
func (u *use) has(parameter string) bool { return strings.Contains(u.op.Path, "{"+parameter+"}") }

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
	last := u.parameter
	if last == "" {
		return nil, errNoProducer
	}
	for _, p := range a.producers(u) {
		r, res, err := a.create(ctx, p)
		if err != nil {
			return nil, err
		}
		if res != nil {
			thing := &produced{values: maps.Clone(r.PathValues), last: last}
			if shown := things(res); len(shown) > 0 {
				thing.state = shown[0]
			}
			if p.named() {
				return thing, nil
			}
			body, _ := r.Value.(map[string]any)
			chosen := member(body, last) // where the caller chooses its name
			lies := strings.HasPrefix(u.op.Path+"/", strings.TrimSuffix(p.op.Path, "/")+"/{"+last+"}/")
			if thing.values[last] = identity(res, last); lies && chosen != "" && member(thing.state, last) == "" {
				thing.values[last] = "" // what the answer has is something else
			}
			if thing.values[last] == "" {
				thing.values[last] = a.located(leadsTo(res), u)
			}
			if thing.values[last] == "" {
				thing.values[last] = chosen
			}
			if thing.values[last] == "" {
				thing.values[last] = a.newest(ctx, p, r, u)
			}
			return thing, nil
		}
	}
	return nil, errNoProducer
}

// create calls p until it makes a new thing; the answer is nil where it does
// not. What is taken is asked for by another name or choice, and where there
// may be no more of them, one that the scan made before goes.
func (a *api) create(ctx context.Context, p *use) (*openapi.Request, *client.Response, error) {
	if ok, err := a.fill(ctx, p); err != nil || !ok {
		return nil, nil, err
	}
	r, err := a.again(p, nil)
	if err != nil {
		return nil, nil, nil
	}
	if p.named() {
		a.rename(p.op, r)
	}
	roomy := false
	for try := range maxRepairs {
		res, err := a.send(ctx, p, r)
		if err != nil {
			return nil, nil, err
		}
		// What was created is, however the answer's members are called.
		if p.subject.Judge.Read(res) == attack.Accepted || res.Status == http.StatusCreated && !attack.Failed(res) {
			return r, res, nil
		}
		switch res.Status {
		case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusGone, http.StatusUnprocessableEntity:
		default:
			return nil, nil, nil
		}
		if next, err := a.under(ctx, p, try, res.Status); err != nil {
			return nil, nil, err
		} else if next != nil {
			r = next
			continue
		}
		next, ok := a.doc.Repair(p.op, a.pool, r, res.Status, res.Body)
		if !roomy && (!ok || try == 2) {
			if roomy, err = a.makeRoom(ctx, p); err != nil {
				return nil, nil, err
			}
			if roomy {
				if next, err = a.again(p, nil); err != nil {
					return nil, nil, nil
				}
				ok = true
			}
		}
		if p.named() {
			next, ok = r.Clone(), true
			a.rename(p.op, next)
		}
		if !ok {
			return nil, nil, nil
		}
		r = next
	}
	return nil, nil, nil
}

// under makes a request to p below a new thing, once, where what it was below
// takes no more; nil where that cannot be.
func (a *api) under(ctx context.Context, p *use, try, status int) (*openapi.Request, error) {
	if try != 1 || p.parameter == "" || p.named() || status == http.StatusUnprocessableEntity {
		return nil, nil
	}
	thing, err := a.produce(ctx, p)
	if errors.Is(err, errNoProducer) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := a.again(p, thing)
	if err != nil {
		return nil, nil
	}
	return r, nil
}

// named reports whether u makes a thing under a name that the caller chooses,
// the path's last parameter: it took one that nothing bore.
func (u *use) named() bool { return u.last != nil && u.chooses }

// takesName reports whether a call that succeeded made a thing under a name
// that was made up, the path's last parameter.
func takesName(op *openapi.Operation, sent *openapi.Request) bool {
	if op.Method != http.MethodPost && op.Method != http.MethodPut || !strings.HasSuffix(op.Path, "}") {
		return false
	}
	parameter := lastParameter(op)
	i := slices.IndexFunc(op.Params, func(p *openapi.Param) bool { return p.In == "path" && p.Name == parameter })
	return i >= 0 && op.Params[i].Schema.Type() == "string" && slices.Contains(sent.Guesses, parameter)
}

// rename gives r a name in its path that no call had before.
func (a *api) rename(op *openapi.Operation, r *openapi.Request) {
	a.serial++
	last := lastParameter(op)
	if name, ok := a.doc.NewName(op, last, a.serial); ok {
		(&produced{values: map[string]string{last: name}, last: last}).name(op, r)
	}
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

// leadsTo returns where an answer says that the new thing is to be found (RFC
// 9110 §10.2.2); nil where it does not say.
func leadsTo(r *client.Response) *url.URL {
	loc, err := url.Parse(r.Header.Get("Location"))
	if err != nil || loc.Path == "" || r.Request == nil {
		return nil
	}
	return r.Request.URL.ResolveReference(loc)
}

// located returns what u's last parameter is in an address: at u's own path,
// or, where the parameter tells which thing it names, at that of another
// operation that has it.
func (a *api) located(at *url.URL, u *use) string {
	if at == nil {
		return ""
	}
	if v := locatedAt(at, u.op); v != "" {
		return v
	}
	for _, o := range a.telling[u.telling] {
		if v := locatedAt(at, o.op); v != "" {
			return v
		}
	}
	return ""
}

func locatedAt(at *url.URL, op *openapi.Operation) string {
	template, path := strings.Split(op.Path, "/"), strings.Split(at.Path, "/")
	last := slices.Index(template, "{"+lastParameter(op)+"}")
	if last < 2 { // any path is a "/{name}"
		return ""
	}
	// The API's base may stand before the path, and nothing after the thing.
	base := len(path) - last - 1
	if base < 0 || path[len(path)-1] == "" || !matches(strings.Join(template[1:last+1], "/"), strings.Join(path[base+1:], "/")) {
		return ""
	}
	return path[len(path)-1]
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
	body, _ := r.JSON()
	v, ok := body.(map[string]any)
	if !ok {
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
	_, field, _ := strings.Cut(parameter, "_") // an order_number is the number of an order
	for _, k := range []string{parameter, field, "id", "uuid", "_id", strings.TrimSuffix(parameter, "_id"), "slug"} {
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
