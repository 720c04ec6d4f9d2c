package memory

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/idempotency"
)

// DefaultBytes is how many bytes of answers a store holds by default.
const DefaultBytes = 64 << 20

// Idempotency is an idempotency.Store. It is safe for concurrent use.
type Idempotency struct {
	clock    func() time.Time
	limit    int
	maxBytes int

	mu      sync.Mutex
	records map[idempotency.Key]idempotency.Record
	bytes   int
	swept   time.Time
}

// NewIdempotency returns an empty store of at most limit records (0 means
// DefaultLimit) and maxBytes bytes of answers (0 means DefaultBytes). It tells
// the time by clock, or time.Now where that is nil.
func NewIdempotency(limit, maxBytes int, clock func() time.Time) *Idempotency {
	if limit <= 0 {
		limit = DefaultLimit
	}
	if maxBytes <= 0 {
		maxBytes = DefaultBytes
	}
	if clock == nil {
		clock = time.Now
	}
	return &Idempotency{clock: clock, limit: limit, maxBytes: maxBytes, records: map[idempotency.Key]idempotency.Record{}}
}

// Begin implements idempotency.Store.
func (s *Idempotency) Begin(_ context.Context, k idempotency.Key, r idempotency.Record) (idempotency.Record, bool, error) {
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
		return idempotency.Record{}, false, idempotency.ErrFull
	}
	r.Answer = nil
	s.records[k] = r
	return idempotency.Record{}, true, nil
}

// Finish implements idempotency.Store.
func (s *Idempotency) Finish(_ context.Context, k idempotency.Key, owner idempotency.Owner, answer []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.live(k)
	if !ok || r.Owner != owner || r.Answer != nil {
		return idempotency.ErrNotFound
	}
	if s.bytes+len(answer) > s.maxBytes {
		s.sweep()
	}
	if s.bytes+len(answer) > s.maxBytes {
		return idempotency.ErrFull
	}
	r.Answer = bytes.Clone(answer)
	s.records[k] = r
	s.bytes += len(answer)
	return nil
}

// Abort implements idempotency.Store.
func (s *Idempotency) Abort(_ context.Context, k idempotency.Key, owner idempotency.Owner) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.live(k)
	if !ok || r.Owner != owner || r.Answer != nil {
		return idempotency.ErrNotFound
	}
	s.drop(k)
	return nil
}

func (s *Idempotency) live(k idempotency.Key) (idempotency.Record, bool) {
	r, ok := s.records[k]
	if ok && !s.clock().Before(r.Expires) {
		s.drop(k)
		return idempotency.Record{}, false
	}
	return r, ok
}

func (s *Idempotency) drop(k idempotency.Key) {
	s.bytes -= len(s.records[k].Answer)
	delete(s.records, k)
}

// sweep drops what has expired, at most once a second.
func (s *Idempotency) sweep() {
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
