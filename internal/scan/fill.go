package scan

import (
	"context"
	"slices"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// filled tries u again after what may bring that which its refusal says is
// lacking: an order wants something in the cart. What helps is called before
// each further call, since each call may use it up.
func (a *api) filled(ctx context.Context, u *use) error {
	if u.refusal == nil || a.cfg.ReadOnly || !mayNeedPrelude(u.refusal.Status) {
		return nil
	}
	for a.nextFiller(u, u.refusal) {
		ok, err := a.fill(ctx, u)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := a.exercise(ctx, u); err != nil || u.subject.Exercised {
			return err
		}
	}
	return nil
}

// nextFiller chooses the next operation that may bring what a refusal of u
// says is lacking, after the one that did not; false where none is left.
func (a *api) nextFiller(u *use, refusal *client.Response) bool {
	fillers := a.doc.Fillers(u.op, refusal.Body)
	// What fills is not filled itself: that could go round in circles.
	if len(fillers) == 0 || a.cfg.ReadOnly || slices.ContainsFunc(a.uses, func(o *use) bool { return o.filler == u }) {
		return false
	}
	if u.filler != nil {
		u.unfilled = append(u.unfilled, u.filler)
		u.filler = nil
	}
	for _, op := range fillers {
		p := a.byOp[op]
		if p != nil && p.subject.Exercised && !p.subject.Login && !a.t.IsLogout(p.subject) && p.filler == nil && !slices.Contains(u.unfilled, p) {
			u.filler = p
			return true
		}
	}
	return false
}

// fill brings what u uses up; false where that failed.
func (a *api) fill(ctx context.Context, u *use) (bool, error) {
	if u.filler == nil {
		return true, nil
	}
	_, res, err := a.create(ctx, u.filler)
	return res != nil, err
}
