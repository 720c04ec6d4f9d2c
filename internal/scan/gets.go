package scan

import (
	"context"
	"net/http"

	"github.com/d710e0ae/countersign/internal/scan/attack"
)

// maxWatched bounds the operations through which the effect of GETs is
// watched.
const maxWatched = 12

// changingGETs finds out which GET operations change state: by reading other
// operations before and after each one that might. Names only choose the
// order; what was read decides.
func (a *api) changingGETs(ctx context.Context) error {
	var watch []string
	var doubtful, plain []*use
	for _, u := range a.uses {
		if u.op.Method != http.MethodGet || !u.subject.Exercised || u.last == nil || u.subject == a.t.Logout {
			continue
		}
		if likely, _ := u.op.LikelyChangesState(); likely {
			doubtful = append(doubtful, u)
			continue
		}
		plain = append(plain, u)
		if len(watch) < maxWatched {
			watch = append(watch, u.last.Target())
		}
	}
	if len(watch) == 0 {
		return nil
	}
	read := func() (string, error) { return a.reader.Read(ctx, watch) }
	before, err := read()
	if err != nil {
		return ctx.Err()
	}
	// The plain ones all together: they hardly ever change anything.
	for _, u := range plain {
		if _, err := a.call(ctx, u); err != nil {
			return err
		}
	}
	after, err := read()
	if err != nil {
		return ctx.Err()
	}
	suspects := doubtful
	if after != before {
		suspects = append(suspects, plain...)
	}
	before = after
	for _, u := range suspects {
		changed := 0
		for range 2 {
			if _, err := a.call(ctx, u); err != nil {
				return err
			}
			after, err := read()
			if err != nil {
				return ctx.Err()
			}
			if after == before {
				break
			}
			before = after
			changed++
			// A reader that changes by itself would be taken for an effect.
			again, err := read()
			if err != nil {
				return ctx.Err()
			}
			if again != after {
				changed, before = 0, again
				break
			}
		}
		if changed > 0 {
			u.subject.ChangesState = true
			u.subject.Sensitive = true
			u.subject.State = func(ctx context.Context) (string, error) { return a.reader.Read(ctx, watch) }
		}
	}
	return nil
}

// call calls u anew, with other values where it takes any.
func (a *api) call(ctx context.Context, u *use) (*attack.Call, error) {
	c, err := a.fresh(ctx, u)
	if err != nil {
		return nil, ctx.Err()
	}
	_, err = a.t.Victim.Do(ctx, c.Wire())
	return c, err
}

