package scan

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/attack"
)

// maxUndoers bounds the operations that are thought to undo another one.
const maxUndoers = 3

// nextUndoer chooses the next operation that may undo what u did to a thing of
// which there is no other: who has joined leaves, before joining again. False
// where none is left.
func (a *api) nextUndoer(u *use) bool {
	if a.cfg.ReadOnly || u.last == nil || u.renew || !strings.Contains(u.op.Path, "{") {
		return false
	}
	for _, p := range a.undoers(u) {
		if !slices.Contains(u.unfit, p) {
			u.undoer, u.unfit = p, append(u.unfit, p)
			return true
		}
	}
	u.undoer = nil
	return false
}

// undoers returns the operations that act on the thing that u acts on, the
// likeliest to undo it first: another method at the same path, then those
// whose names share the most with u's, as "unfollow" does with "follow".
func (a *api) undoers(u *use) []*use {
	type ranked struct {
		u    *use
		rank int
	}
	at, own := parted(u.op.Path)
	var out []ranked
	for _, p := range a.uses {
		if p == u || !p.subject.ChangesState || p.subject.Login || a.t.IsLogout(p.subject) || p.op.Method == http.MethodGet || p.op.Dangerous() != "" {
			continue
		}
		thing, name := parted(p.op.Path)
		switch {
		case thing != at || name == "" && own != "": // what deletes the thing does not undo
		case name == own:
			out = append(out, ranked{p, 100})
		case p.op.Method == u.op.Method:
			out = append(out, ranked{p, shared(name, own)})
		}
	}
	slices.SortStableFunc(out, func(x, y ranked) int { return cmp.Compare(y.rank, x.rank) })
	var list []*use
	for _, r := range out[:min(len(out), maxUndoers)] {
		list = append(list, r.u)
	}
	return list
}

// parted splits a path after its last parameter.
func parted(path string) (thing, action string) {
	i := strings.LastIndexByte(path, '}')
	return path[:i+1], strings.Trim(path[i+1:], "/")
}

// shared is the length of the longest text that is in both.
func shared(a, b string) int {
	for n := min(len(a), len(b)); n > 0; n-- {
		for i := 0; i+n <= len(a); i++ {
			if strings.Contains(b, a[i:i+n]) {
				return n
			}
		}
	}
	return 0
}

// undo takes back what the call before did to the thing that u is about. That
// there may be nothing to take back is no matter.
func (a *api) undo(ctx context.Context, u *use) error {
	p := u.undoer
	if p == nil {
		return nil
	}
	r, err := a.buildAt(p, u.last.PathValues)
	if err != nil {
		return nil // the document does not say enough
	}
	call := (&attack.Call{Request: r, Base: a.t.Base}).WithToken(a.t.Victim.CSRFValue())
	_, err = a.t.Victim.Do(ctx, call.Wire())
	return err
}
