package scan

import "context"

// filled tries u again after what may bring that which its refusal says is
// lacking: an order wants something in the cart. What helps is called before
// each further call, since each call may use it up.
func (a *api) filled(ctx context.Context, u *use) error {
	if u.refusal == nil || a.cfg.ReadOnly || !mayNeedPrelude(u.refusal.Status) || len(u.fillers) > 0 {
		return nil
	}
	for _, op := range a.doc.Fillers(u.op, u.refusal.Body) {
		p := a.byOp[op]
		if p == nil || !p.subject.Exercised || p.subject.Login || p.subject == a.t.Logout || len(p.fillers) > 0 {
			continue
		}
		if _, res, err := a.create(ctx, p); err != nil {
			return err
		} else if res == nil {
			continue
		}
		if err := a.exercise(ctx, u); err != nil {
			return err
		}
		if u.subject.Exercised {
			u.fillers = []*use{p}
			return nil
		}
	}
	return nil
}

// fill brings what u uses up; false where that failed.
func (a *api) fill(ctx context.Context, u *use) (bool, error) {
	for _, p := range u.fillers {
		if _, res, err := a.create(ctx, p); err != nil || res == nil {
			return false, err
		}
	}
	return true, nil
}
