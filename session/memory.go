package session

import (
	"bytes"
	"context"
	"sync"
	"time"
)

// DefaultMemory is how many sessions a [Memory] holds by default.
const DefaultMemory = 100_000

// Memory is a [Store] in the memory of one process; sessions are gone when it
// ends. It is safe for concurrent use.
type Memory struct {
	clock func() time.Time
	limit int

	mu      sync.Mutex
	records map[Key]Record
	users   map[string]map[Key]struct{}
	swept   time.Time
}

// NewMemory returns an empty store of at most limit records; 0 means
// DefaultMemory. It tells the time by clock, or time.Now where that is nil.
func NewMemory(limit int, clock func() time.Time) *Memory {
	if limit <= 0 {
		limit = DefaultMemory
	}
	if clock == nil {
		clock = time.Now
	}
	return &Memory{clock: clock, limit: limit, records: map[Key]Record{}, users: map[string]map[Key]struct{}{}}
}

// sweepEvery bounds how often a full store looks for expired records.
const sweepEvery = time.Second

// Create implements [Store].
func (s *Memory) Create(_ context.Context, k Key, r Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.live(k); ok {
		return ErrExists
	}
	if len(s.records) >= s.limit {
		s.sweep()
	}
	if len(s.records) >= s.limit {
		return ErrFull
	}
	s.put(k, r)
	return nil
}

// Get implements [Store].
func (s *Memory) Get(_ context.Context, k Key) (Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.live(k)
	if !ok {
		return Record{}, ErrNotFound
	}
	r.Sealed = bytes.Clone(r.Sealed)
	return r, nil
}

// Touch implements [Store].
func (s *Memory) Touch(_ context.Context, k Key, seen, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.live(k)
	if !ok {
		return ErrNotFound
	}
	r.Seen, r.Expires = seen, expires
	s.records[k] = r
	return nil
}

// Replace implements [Store].
func (s *Memory) Replace(_ context.Context, old, next Key, r Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	have, ok := s.live(old)
	if !ok {
		return ErrNotFound
	}
	if have.Revision != r.Revision {
		return ErrConflict
	}
	if old != next {
		if _, ok := s.live(next); ok {
			return ErrExists
		}
	}
	r.Revision++
	s.drop(old)
	s.put(next, r)
	return nil
}

// Delete implements [Store].
func (s *Memory) Delete(_ context.Context, k Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(k)
	return nil
}

// DeleteUser implements [Store].
func (s *Memory) DeleteUser(_ context.Context, user string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.users[user] {
		s.drop(k)
	}
	return nil
}

// live returns the record of k unless it has expired, and then drops it.
func (s *Memory) live(k Key) (Record, bool) {
	r, ok := s.records[k]
	if ok && !s.clock().Before(r.Expires) {
		s.drop(k)
		return Record{}, false
	}
	return r, ok
}

func (s *Memory) put(k Key, r Record) {
	r.Sealed = bytes.Clone(r.Sealed)
	s.records[k] = r
	if r.User == "" {
		return
	}
	if s.users[r.User] == nil {
		s.users[r.User] = map[Key]struct{}{}
	}
	s.users[r.User][k] = struct{}{}
}

func (s *Memory) drop(k Key) {
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
func (s *Memory) sweep() {
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
