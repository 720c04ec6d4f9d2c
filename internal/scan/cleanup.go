package scan

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"fmt"

	"github.com/d710e0ae/countersign/internal/scan/attack"
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
		if err := a.unmake(ctx, m, found); err != nil {
			return len(a.made) - i + left
		}
		if !m.gone {
			left++
		}
	}
	return left
}

// unmake deletes one thing by the first operation that can.
func (a *api) unmake(ctx context.Context, m *made, deleters []*use) error {
	for _, id := range m.ids {
		for _, d := range deleters {
			if m.gone {
				return nil
			}
			open := strings.LastIndexByte(d.op.Path, '{')
			r := &openapi.Request{Method: d.op.Method}
			if d.op.Method == http.MethodPost {
				var err error
				if r, err = a.build(d, nil); err != nil {
					continue
				}
			}
			r.Path = strings.TrimSuffix(m.path, "/") + "/" + url.PathEscape(id) + d.op.Path[open+strings.IndexByte(d.op.Path[open:], '}')+1:]
			res, err := a.send(ctx, d, r)
			if err != nil {
				return err
			}
			m.gone = res.Status < 400 && !attack.Failed(res) || res.Status == http.StatusNotFound
		}
	}
	return nil
}

// makeRoom deletes the newest of the things that the scan created by p, where
// the API takes no more of them.
func (a *api) makeRoom(ctx context.Context, p *use) (bool, error) {
	for i := len(a.made) - 1; i >= 0; i-- {
		m := &a.made[i]
		if m.by != p || m.gone {
			continue
		}
		err := a.unmake(ctx, m, a.deleters(p))
		return m.gone, err
	}
	return false, nil
}

// deletes reports whether an operation deletes what its path names: by its
// method, or, as forms do, by its name.
func deletes(op *openapi.Operation) bool {
	if op.Method == http.MethodDelete {
		return true
	}
	last := strings.ToLower(op.Path[strings.LastIndexByte(op.Path, '/')+1:])
	return op.Method == http.MethodPost && strings.Contains(op.Path, "}/"+last) && slices.Contains([]string{"delete", "remove", "destroy"}, last)
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

// cleanUp deletes what the scan created, as far as the API lets it, logs out,
// and says what was left behind.
func (s *session) cleanUp(ctx context.Context) {
	if s.cfg.ReadOnly {
		return
	}
	left := s.a.deleteMade(ctx)
	if left > 0 {
		s.c.Note(fmt.Sprintf("left behind: %d things that the scan created and could not delete (%s)", left, strings.Join(s.a.leftBy(), ", ")))
	}
	t := s.a.t
	if i := slices.IndexFunc(t.Logouts, func(o *attack.Subject) bool { return o.Exercised }); i >= 0 && t.Victim.Given == nil {
		_, _ = t.Victim.Do(ctx, t.Logouts[i].Call.Wire()) // the scan is over, whatever it answers
	}
}
