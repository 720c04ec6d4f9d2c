package jwt

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A source is a KeySet that is read from elsewhere, again and again: when it
// is old, and when a token names a key that it does not have. One reading
// runs at a time. While a newer set is being read, or cannot be had, the last
// good one serves, up to its limit.
type source struct {
	read   func(ctx context.Context) (*FixedKeys, error)
	issuer string
	clock  func() time.Time

	fresh    time.Duration // how long a set is served without reading again
	stale    time.Duration // how long a set is served at all
	interval time.Duration // between two readings that began
	timeout  time.Duration // of one reading

	state atomic.Pointer[sourceState]
	turn  chan struct{} // held by whoever reads
	stop  context.Context
	end   context.CancelFunc
	busy  sync.WaitGroup
}

// A sourceState is immutable.
type sourceState struct {
	keys  *FixedKeys // nil before the first good reading
	good  time.Time  // when keys were read
	tried time.Time  // when the last reading began
	err   error      // of the last reading
}

func (s *source) begin() {
	s.turn = make(chan struct{}, 1)
	s.stop, s.end = context.WithCancel(context.Background())
	s.state.Store(&sourceState{})
}

// close ends what runs in the background and waits for it.
func (s *source) close() {
	s.end()
	s.busy.Wait()
}

func (s *source) find(ctx context.Context, q KeyQuery) ([]*Key, error) {
	if s.issuer != "" && q.Issuer != s.issuer {
		return nil, nil // keys of one issuer are not even tried for another
	}
	now := s.clock()
	st := s.state.Load()
	if st.keys == nil || now.Sub(st.good) > s.stale {
		st = s.refresh(ctx, now)
		if st.keys == nil || now.Sub(st.good) > s.stale {
			return nil, st.failure(ctx)
		}
	} else if now.Sub(st.good) > s.fresh && s.due(st, now) {
		s.refreshBehind(now)
	}
	keys, err := st.keys.Find(ctx, q)
	if err != nil || len(keys) > 0 || q.KeyID == "" || !s.due(st, now) {
		return keys, err
	}
	// An unknown kid may be a new key: one look, at most one an interval.
	return s.refresh(ctx, now).keys.Find(ctx, q)
}

func (st *sourceState) failure(ctx context.Context) error {
	if st.err != nil {
		return st.err
	}
	return context.Cause(ctx)
}

// due reports whether enough time has passed since the last reading began.
func (s *source) due(st *sourceState, now time.Time) bool {
	return st.tried.IsZero() || now.Sub(st.tried) >= s.interval || now.Before(st.tried)
}

// refresh reads the set, or waits for whoever is reading it, and returns what
// there is then.
func (s *source) refresh(ctx context.Context, now time.Time) *sourceState {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return s.state.Load()
	}
	defer func() { <-s.turn }()
	st := s.state.Load()
	if !s.due(st, now) {
		return st // somebody else has just tried
	}
	return s.load(st, now)
}

// refreshBehind reads the set in the background, unless that is done already.
func (s *source) refreshBehind(now time.Time) {
	select {
	case s.turn <- struct{}{}:
	default:
		return
	}
	s.busy.Go(func() {
		defer func() { <-s.turn }()
		if st := s.state.Load(); s.due(st, now) {
			s.load(st, now)
		}
	})
}

// load reads the set. It is called by the holder of the turn. The reading is
// not that of one request: a client that goes away does not stop it.
func (s *source) load(st *sourceState, now time.Time) *sourceState {
	next := &sourceState{keys: st.keys, good: st.good, tried: now}
	ctx, cancel := context.WithTimeout(s.stop, s.timeout)
	defer cancel()
	keys, err := s.read(ctx)
	if err != nil {
		next.err = err
	} else {
		next.keys, next.good = keys, now
	}
	s.state.Store(next)
	return next
}
