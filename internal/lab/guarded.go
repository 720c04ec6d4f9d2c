package lab

import (
	"context"

	"github.com/d710e0ae/countersign/guard"
)

// newGuard stands before the vulnerable bank, which knows nothing of it.
func newGuard(ctx context.Context, upstream, publicOrigin string) (*guard.Guard, error) {
	cfg := guard.DefaultConfig()
	cfg.Upstream, cfg.PublicOrigin = upstream, publicOrigin
	cfg.Session.Store = "memory:"
	return guard.New(ctx, *cfg, guard.Options{})
}
