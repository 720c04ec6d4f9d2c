package scan

import (
	"context"
	"net/http"
)

// asking finds out which POST operations only ask: their names say so, and
// nothing that can be read moves when they are called once more. A POST is
// taken to change state else.
func (a *api) asking(ctx context.Context) error {
	for _, u := range a.uses {
		if u.op.Method != http.MethodPost || !u.subject.Exercised || u.last == nil || !u.op.Asks() || a.t.IsLogout(u.subject) {
			continue
		}
		watch := a.watchable()
		before, err := a.states(ctx, watch)
		if err != nil {
			return err
		}
		if len(before) == 0 {
			return nil // nothing can be read
		}
		if err := a.recall(ctx, u, nil); err != nil {
			return err
		}
		moved, err := a.moved(ctx, watch, before)
		if err != nil {
			return err
		}
		u.subject.ChangesState = len(moved) > 0
	}
	return nil
}
