package scan

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// maxListed bounds how many things of a listing are looked at.
const maxListed = 1000

// newest returns what u's last parameter calls the thing that r just created with p,
// where the answer to r did not say: the thing is looked for in the listing
// of its collection, among those that were not there before. It is empty
// where the API shows no listing.
func (a *api) newest(ctx context.Context, p *use, r *openapi.Request, u *use) string {
	parameter := u.parameter
	for _, o := range a.doc.Oracles(p.op) {
		if l := a.byOp[o]; l == nil || !l.subject.Exercised {
			continue
		}
		path := o.Path
		for name, value := range r.PathValues {
			path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
		}
		if strings.Contains(path, "{") {
			continue
		}
		res, err := a.get(ctx, path)
		if err != nil || res.Status != http.StatusOK {
			continue
		}
		ids := a.linked(res, u)
		if v, ok := res.JSON(); ok {
			ids = listing(v, parameter)
		}
		if len(ids) == 0 {
			continue
		}
		if a.listed == nil {
			a.listed = map[string][]string{}
		}
		id := latest(ids, a.listed[path])
		a.listed[path] = ids
		return id
	}
	return ""
}

// listing returns what a listing calls its things: those of the answer's
// array, or of the only array of objects that it wraps.
func listing(v any, parameter string) []string {
	items, ok := v.([]any)
	if m, wrapped := v.(map[string]any); wrapped {
		for _, member := range m {
			if inner, is := member.([]any); is && len(inner) > 0 {
				if ok {
					return nil // which of the two?
				}
				items, ok = inner, true
			}
		}
	}
	var ids []string
	for i, item := range items {
		m, is := item.(map[string]any)
		if !is || i == maxListed {
			break
		}
		if id := identityOf(m, parameter); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// linked returns what the links of a page call the things that u's last
// parameter names, by whatever name.
func (a *api) linked(page *client.Response, u *use) []string {
	var ids []string
	kind, parameter := a.doc.Names(u.op), u.parameter
	for _, path := range a.links(page) {
		parts := strings.Split(strings.Trim(path, "/"), "/")
		for _, o := range a.uses {
			template := strings.Split(strings.Trim(o.op.Path, "/"), "/")
			at := slices.Index(template, "{"+parameter+"}")
			if at < 0 && kind != "" && a.doc.Names(o.op) == kind {
				at = slices.Index(template, "{"+o.parameter+"}")
			}
			if at < 0 || !matches(o.op.Path, path) || !strings.ContainsAny(parts[at], "0123456789") {
				continue
			}
			if !slices.Contains(ids, parts[at]) && len(ids) < maxListed {
				ids = append(ids, parts[at])
			}
		}
	}
	return ids
}

// latest returns the one of ids that came last and is not among those known:
// the greatest number, or else the last in the list.
func latest(ids, known []string) string {
	best, number := "", -1
	for _, id := range ids {
		if slices.Contains(known, id) {
			continue
		}
		n, err := strconv.Atoi(id)
		switch {
		case err != nil && number < 0, err == nil && n > number:
			best = id
		}
		if err == nil {
			number = max(number, n)
		}
	}
	return best
}
