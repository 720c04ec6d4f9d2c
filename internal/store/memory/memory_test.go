package memory_test

import (
	"testing"
	"time"

	"github.com/d710e0ae/countersign/idempotency"
	idempotencytest "github.com/d710e0ae/countersign/idempotency/storetest"
	"github.com/d710e0ae/countersign/internal/store/memory"
	"github.com/d710e0ae/countersign/session"
	sessiontest "github.com/d710e0ae/countersign/session/storetest"
)

func TestSessions(t *testing.T) {
	sessiontest.Run(t, func(_ *testing.T, clock func() time.Time) session.Store { return memory.NewSessions(0, clock) })
}

func TestIdempotency(t *testing.T) {
	idempotencytest.Run(t, func(_ *testing.T, clock func() time.Time) idempotency.Store {
		return memory.NewIdempotency(0, 0, clock)
	})
}
