package scan

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/oracle"
)

// A watch is an operation through which another one's effect may show.
type watch struct {
	path   string            // as the document writes it
	values map[string]string // of its parameters
	query  string
}

// at returns the path for the thing that u's newest call is about.
func (w watch) at(u *use) string {
	path := w.path
	for name, value := range w.values {
		if v, shared := u.current[name]; shared {
			value = v
		}
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	return path + w.query
}

// own reports whether w shows the very thing that u uses up.
func (w watch) own(u *use) bool {
	return u.renew && strings.Contains(w.path, "{") && strings.HasPrefix(u.op.Path, w.path)
}

// observe gives u's subject the means to read its effect back.
func (a *api) observe(u *use) {
	for _, o := range a.doc.Oracles(u.op) {
		x := a.byOp[o]
		if x == nil || !x.subject.Exercised || x.last == nil || len(u.watches) == 2 {
			continue
		}
		r := x.last
		w := watch{path: o.Path, values: r.PathValues}
		if len(r.Query) > 0 {
			w.query = "?" + r.Query.Encode()
		}
		if strings.Contains(w.at(u), "{") {
			continue
		}
		itself := o.Path == u.op.Path || strings.HasPrefix(u.op.Path, o.Path+"/")
		if u.renew && strings.Contains(o.Path, "{") && !itself {
			continue
		}
		u.watches = append(u.watches, w)
		if itself {
			break
		}
	}
	if len(u.watches) == 0 {
		return
	}
	u.subject.State = func(ctx context.Context) (string, error) { return a.observed(ctx, u) }
}

// observed reads what u's watches show.
func (a *api) observed(ctx context.Context, u *use) (string, error) {
	var b strings.Builder
	for _, w := range u.watches {
		var text string
		var err error
		if w.own(u) {
			text, err = a.reader.Once(ctx, w.at(u))
		} else {
			text, err = a.reader.Read(ctx, []string{w.at(u)})
		}
		if errors.Is(err, oracle.ErrUnstable) && len(u.watches) > 1 {
			continue
		}
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}
