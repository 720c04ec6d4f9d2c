package idempotency

import (
	"bytes"
	"context"
	"sync"
	"time"
)

// The defaults of a [Memory].
const (
	DefaultMemory = 100_000  // records
	DefaultBytes  = 64 << 20 // bytes of answers
)

// sweepEvery bounds how often a full store looks for expired records.
const sweepEvery = time.Second

// Memory is a [Store] in the memory of one process; records are gone when it
// ends. It is safe for concurrent use.
type Memory struct {
	clock    func() time.Time
	limit    int
	maxBytes int

	mu      sync.Mutex
	records map[Key]Record
	bytes   int
	swept   time.Time
}

// NewMemory returns an empty store of at most limit records (0 means
// DefaultMemory) and maxBytes bytes of answers (0 means DefaultBytes). It tells
// the time by clock, or time.Now where that is nil.
func NewMemory(limit, maxBytes int, clock func() time.Time) *Memory {
	if limit <= 0 {
		limit = DefaultMemory
	}
	if maxBytes <= 0 {
		maxBytes = DefaultBytes
	}
	if clock == nil {
		clock = time.Now
	}
	return &Memory{clock: clock, limit: limit, maxBytes: maxBytes, records: map[Key]Record{}}
}

// Begin implements [Store].
func (s *Memory) Begin(_ context.Context, k Key, r Record) (Record, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.live(k); ok {
		have.Answer = bytes.Clone(have.Answer)
		return have, false, nil
	}
	if len(s.records) >= s.limit {
		s.sweep()
	}
	if len(s.records) >= s.limit {
		return Record{}, false, ErrFull
	}
	r.Answer = nil
	s.records[k] = r
	return Record{}, true, nil
}

// Finish implements [Store].
func (s *Memory) Finish(_ context.Context, k Key, owner Owner, answer []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.live(k)
	if !ok || r.Owner != owner || r.Answer != nil {
		return ErrNotFound
	}
	if s.bytes+len(answer) > s.maxBytes {
		s.sweep()
	}
	if s.bytes+len(answer) > s.maxBytes {
		return ErrFull
	}
	r.Answer = bytes.Clone(answer)
	s.records[k] = r
	s.bytes += len(answer)
	return nil
}

// Abort implements [Store].
func (s *Memory) Abort(_ context.Context, k Key, owner Owner) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.live(k)
	if !ok || r.Owner != owner || r.Answer != nil {
		return ErrNotFound
	}
	s.drop(k)
	return nil
}

func (s *Memory) live(k Key) (Record, bool) {
	r, ok := s.records[k]
	if ok && !s.clock().Before(r.Expires) {
		s.drop(k)
		return Record{}, false
	}
	return r, ok
}

func (s *Memory) drop(k Key) {
	s.bytes -= len(s.records[k].Answer)
	delete(s.records, k)
}

// sweep drops what has expired, at most once a second.
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
