package guard

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/idempotency"
	"github.com/d710e0ae/countersign/internal/store/memory"
	"github.com/d710e0ae/countersign/internal/store/sqlite"
	"github.com/d710e0ae/countersign/internal/store/valkey"
	"github.com/d710e0ae/countersign/session"
)

// stores are what the guard keeps things in.
type stores struct {
	sessions    session.Store
	idempotency idempotency.Store
	closer      io.Closer
}

// openStores opens what session.store names.
func openStores(ctx context.Context, c *Config, clock func() time.Time) (stores, error) {
	at, err := parseStore(c.Session.Store)
	if err != nil {
		return stores{}, err
	}
	switch at.kind {
	case "sqlite":
		db, err := sqlite.Open(ctx, c.file(at.at), 0, clock)
		if err != nil {
			return stores{}, unusable(c, err)
		}
		return stores{db.Sessions(), db.Idempotency(), db}, nil
	case "valkey":
		db, err := valkey.Open(ctx, at.at, clock)
		if err != nil {
			return stores{}, unusable(c, err)
		}
		return stores{db.Sessions(), db.Idempotency(), db}, nil
	}
	return stores{memory.NewSessions(0, clock), memory.NewIdempotency(0, 0, clock), nothing{}}, nil
}

func unusable(c *Config, err error) error {
	return &cfgerrors.Error{Key: "session.store", Code: cfgerrors.Unavailable, Problem: "cannot be opened: " + err.Error(), Instead: "name a place that the guard may write to"}
}

func digits(i int) string { return strconv.Itoa(i) }
