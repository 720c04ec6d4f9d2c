package scan

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// deleteMade deletes what the scan created where the API has an operation for
// it, newest first, and returns how much is left.
func (a *api) deleteMade(ctx context.Context) int {
	slices.Reverse(a.made)
	left := 0
	deleters := map[*use][]*use{}
	for i := range a.made {
		m := &a.made[i]
		if m.gone {
			continue
		}
		found, known := deleters[m.by]
		if !known {
			found = a.deleters(m.by)
			deleters[m.by] = found
		}
		if len(found) == 0 && !m.said {
			m.gone = true // no creation, as far as anyone can tell
			continue
		}
		for _, id := range m.ids {
			for _, d := range found {
				if m.gone {
					break
				}
				open := strings.LastIndexByte(d.op.Path, '{')
				r := &openapi.Request{Method: d.op.Method, Path: strings.TrimSuffix(m.path, "/") + "/" + url.PathEscape(id) + d.op.Path[open+strings.IndexByte(d.op.Path[open:], '}')+1:]}
				res, err := a.send(ctx, d, r)
				if err != nil {
					return len(a.made) - i + left
				}
				m.gone = res.Status < 300 || res.Status == 404
			}
		}
		if !m.gone {
			left++
		}
	}
	return left
}

// leftBy names the operations whose creations are left.
func (a *api) leftBy() []string {
	var out []string
	for _, m := range a.made {
		if s := m.by.op.String(); !m.gone && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}
