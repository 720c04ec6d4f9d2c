package scan

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// maxLinks bounds the addresses that are read of one page.
const maxLinks = 500

// quoted is what stands in quotes in a page or its scripts and may be an
// address.
var quoted = regexp.MustCompile(`["'` + "`" + `]([A-Za-z0-9_./~-]{1,200})["'` + "`" + `?#]`)

// learnLinks takes from an HTML page what the paths that it leads to call
// things: an API whose answers are pages names its resources nowhere else.
func (a *api) learnLinks(page *client.Response) {
	for _, path := range a.links(page) {
		for _, u := range a.uses {
			if strings.Contains(u.op.Path, "{") && matches(u.op.Path, path) {
				a.offer(u.op.Path, path, a.doc.Names(u.op))
			}
		}
	}
}

// links returns the paths below the API's base that stand in a page, or in
// JSON.
func (a *api) links(page *client.Response) []string {
	kind := page.Header.Get("Content-Type")
	data := strings.Contains(kind, "json")
	if page.Request == nil || !data && !strings.Contains(kind, "html") {
		return nil
	}
	var out []string
	for _, m := range quoted.FindAllSubmatch(page.Body, maxLinks) {
		ref, err := url.Parse(string(m[1]))
		if err != nil || ref.Host != "" || data && !strings.HasPrefix(ref.Path, "/") { // a word in JSON is no address
			continue
		}
		path, ok := strings.CutPrefix(page.Request.URL.ResolveReference(ref).Path, strings.TrimSuffix(a.t.Base.Path, "/"))
		if ok {
			out = append(out, path)
		}
	}
	return out
}

// offer tells the pool the values of a template's parameters in a path, the
// last of which names a thing of that kind. Only
// what looks like an identifier counts: a word may be another route.
func (a *api) offer(template, path, kind string) {
	names, values := strings.Split(strings.Trim(template, "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	for i, name := range names {
		if !strings.HasPrefix(name, "{") || !strings.ContainsAny(values[i], "0123456789") {
			continue
		}
		var value any = values[i]
		if n, err := strconv.Atoi(values[i]); err == nil {
			value = float64(n) // as JSON has it, and as the pool knows numbers
		}
		name, _, _ = strings.Cut(strings.Trim(name, "{}"), ":")
		a.pool.Offer(name, value)
		if kind != "" && !strings.Contains(strings.Join(names[i+1:], "/"), "{") {
			a.pool.Offer(kind+"_id", value)
		}
	}
}

// relist reads the listings of what u creates, where the answer to a creation
// does not say what the new thing is called: those that were read before there
// was anything to list teach nothing.
func (a *api) relist(ctx context.Context, u *use, answer *client.Response) error {
	// A redirect to the listing names no thing; identifiers have digits.
	if u.op.Method != http.MethodPost || slices.ContainsFunc(identities(answer), func(id string) bool { return strings.ContainsAny(id, "0123456789") }) {
		return nil
	}
	for _, o := range a.doc.Oracles(u.op) {
		l := a.byOp[o]
		if l == nil || strings.Contains(o.Path, "{") || !l.subject.Exercised || l.last == nil || a.relisted[o] {
			continue
		}
		if a.relisted == nil {
			a.relisted = map[*openapi.Operation]bool{}
		}
		a.relisted[o] = true
		res, err := a.send(ctx, l, l.last.Clone())
		if err != nil {
			return err
		}
		l.subject.Judge.Success(res)
	}
	return nil
}

// sockets returns the paths of WebSockets that the document's texts name. A
// parameter takes the name of a new thing where the scan can make one, since
// it may have left, closed or deleted those that it dealt with; else that of
// any.
func (a *api) sockets(ctx context.Context) ([]string, error) {
	var out []string
	for _, path := range a.doc.Sockets {
		for _, u := range a.uses {
			last := u.parameter
			if last == "" || !strings.Contains(path, "{"+last+"}") || a.cfg.ReadOnly {
				continue
			}
			thing, err := a.produce(ctx, u)
			if errors.Is(err, errNoProducer) {
				continue
			}
			if err != nil {
				return nil, err
			}
			for name, value := range thing.values {
				path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
			}
		}
		for _, u := range a.uses {
			if u.last == nil {
				continue
			}
			for name, value := range u.last.PathValues {
				path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
			}
		}
		if !strings.Contains(path, "{") {
			out = append(out, path)
		}
	}
	return out, nil
}
