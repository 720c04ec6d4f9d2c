// Package memory opens the stores that keep nothing beyond the process, in the
// shape that the other stores have.
package memory

import (
	"time"

	"github.com/d710e0ae/countersign/idempotency"
	"github.com/d710e0ae/countersign/session"
)

// Sessions is a session.Store.
type Sessions = session.Memory

// Idempotency is an idempotency.Store.
type Idempotency = idempotency.Memory

// NewSessions returns an empty store; see session.NewMemory.
func NewSessions(limit int, clock func() time.Time) *Sessions { return session.NewMemory(limit, clock) }

// NewIdempotency returns an empty store; see idempotency.NewMemory.
func NewIdempotency(limit, maxBytes int, clock func() time.Time) *Idempotency {
	return idempotency.NewMemory(limit, maxBytes, clock)
}
