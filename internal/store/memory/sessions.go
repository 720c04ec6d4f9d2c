// Package memory keeps sessions and idempotency records in the memory of one
// process. They are gone when it ends.
package memory

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/session"
)

// DefaultLimit is how many records a store holds by default.
const DefaultLimit = 100_000

// Sessions is a session.Store. It is safe for concurrent use.
type Sessions struct {
	clock func() time.Time
	limit int

	mu      sync.Mutex
	records map[session.Key]session.Record
	users   map[string]map[session.Key]struct{}
	swept   time.Time
}

// NewSessions returns an empty store of at most limit records; 0 means
// DefaultLimit. It tells the time by clock, or time.Now where that is nil.
func NewSessions(limit int, clock func() time.Time) *Sessions {
	if limit <= 0 {
		limit = DefaultLimit
	}
	if clock == nil {
		clock = time.Now
	}
	return &Sessions{clock: clock, limit: limit, records: map[session.Key]session.Record{}, users: map[string]map[session.Key]struct{}{}}
}

// sweepEvery bounds how often a full store looks for expired records.
const sweepEvery = time.Second

// Create implements session.Store.
func (s *Sessions) Create(_ context.Context, k session.Key, r session.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.live(k); ok {
		return session.ErrExists
	}
	if len(s.records) >= s.limit {
		s.sweep()
	}
	if len(s.records) >= s.limit {
		return session.ErrFull
	}
	s.put(k, r)
	return nil
}

// Get implements session.Store.
func (s *Sessions) Get(_ context.Context, k session.Key) (session.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.live(k)
	if !ok {
		return session.Record{}, session.ErrNotFound
	}
	r.Sealed = bytes.Clone(r.Sealed)
	return r, nil
}

// Touch implements session.Store.
func (s *Sessions) Touch(_ context.Context, k session.Key, seen, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.live(k)
	if !ok {
		return session.ErrNotFound
	}
	r.Seen, r.Expires = seen, expires
	s.records[k] = r
	return nil
}

// Replace implements session.Store.
func (s *Sessions) Replace(_ context.Context, old, next session.Key, r session.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	have, ok := s.live(old)
	if !ok {
		return session.ErrNotFound
	}
	if have.Revision != r.Revision {
		return session.ErrConflict
	}
	if old != next {
		if _, ok := s.live(next); ok {
			return session.ErrExists
		}
	}
	r.Revision++
	s.drop(old)
	s.put(next, r)
	return nil
}

// Delete implements session.Store.
func (s *Sessions) Delete(_ context.Context, k session.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(k)
	return nil
}

// DeleteUser implements session.Store.
func (s *Sessions) DeleteUser(_ context.Context, user string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.users[user] {
		s.drop(k)
	}
	return nil
}

// live returns the record of k unless it has expired, and then drops it.
func (s *Sessions) live(k session.Key) (session.Record, bool) {
	r, ok := s.records[k]
	if ok && !s.clock().Before(r.Expires) {
		s.drop(k)
		return session.Record{}, false
	}
	return r, ok
}

func (s *Sessions) put(k session.Key, r session.Record) {
	r.Sealed = bytes.Clone(r.Sealed)
	s.records[k] = r
	if r.User == "" {
		return
	}
	if s.users[r.User] == nil {
		s.users[r.User] = map[session.Key]struct{}{}
	}
	s.users[r.User][k] = struct{}{}
}

func (s *Sessions) drop(k session.Key) {
	r, ok := s.records[k]
	if !ok {
		return
	}
	delete(s.records, k)
	if keys := s.users[r.User]; keys != nil {
		delete(keys, k)
		if len(keys) == 0 {
			delete(s.users, r.User)
		}
	}
}

// sweep drops what has expired. A full store that is flooded looks through
// its records once a second, not at every login.
func (s *Sessions) sweep() {
	now := s.clock()
	if since := now.Sub(s.swept); since >= 0 && since < sweepEvery {
		return
	}
	s.swept = now
	for k, r := range s.records {
		if !now.Before(r.Expires) {
			s.drop(k)
		}
	}
}
