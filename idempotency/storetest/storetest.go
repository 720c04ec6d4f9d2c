// Package storetest is the suite that every idempotency.Store must pass.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/idempotency"
)

// Open returns an empty store of its own that tells the time by clock and is
// closed by the test's cleanup. It holds at least 1,000 records.
type Open func(t *testing.T, clock func() time.Time) idempotency.Store

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type fixture struct {
	*testing.T
	idempotency.Store
	clock *clock
	ctx   context.Context
}

// Run runs the suite, each test against a store of its own.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*fixture)
	}{
		{"a key begins once", once},
		{"an answer is kept as it was given", answer},
		{"only the owner finishes, and once", owner},
		{"aborting frees the key", abort},
		{"an answer is not aborted", abortLate},
		{"what was not begun is neither finished nor aborted", absent},
		{"a record is gone from the instant it expires", expires},
		{"the owner of an expired record has no part in the next", expiredOwner},
		{"the store gives and takes copies", copies},
		{"of many who begin at once one does", race},
	} {
		t.Run(c.name, func(t *testing.T) {
			ck := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)}
			c.test(&fixture{t, open(t, ck.Now), ck, context.Background()})
		})
	}
}

func key(n int) (k idempotency.Key) {
	copy(k[:], fmt.Sprintf("key %d and some more of it to fill", n))
	return k
}

func (f *fixture) record(n byte) idempotency.Record {
	return idempotency.Record{Owner: idempotency.Owner{n, 0xFF, 0}, Fingerprint: [32]byte{n, 0, 0xFE}, Expires: f.clock.Now().Add(time.Hour)}
}

func (f *fixture) begin(k idempotency.Key, r idempotency.Record) {
	f.Helper()
	have, begun, err := f.Begin(f.ctx, k, r)
	if err != nil || !begun {
		f.Fatalf("Begin: %+v, %v, %v", have, begun, err)
	}
}

// want fails the test unless the record under k is r.
func (f *fixture) want(k idempotency.Key, r idempotency.Record) {
	f.Helper()
	have, begun, err := f.Begin(f.ctx, k, f.record(99))
	if err != nil || begun {
		f.Fatalf("Begin: begun %v, %v", begun, err)
	}
	if have.Owner != r.Owner || have.Fingerprint != r.Fingerprint || !have.Expires.Equal(r.Expires) || !bytes.Equal(have.Answer, r.Answer) || (have.Answer == nil) != (r.Answer == nil) {
		f.Fatalf("got  %+v\nwant %+v", have, r)
	}
}

func (f *fixture) wantNotFound(err error) {
	f.Helper()
	if !errors.Is(err, idempotency.ErrNotFound) {
		f.Fatalf("got the error %v, want ErrNotFound", err)
	}
}

func once(f *fixture) {
	a, b := f.record(1), f.record(2)
	f.begin(key(1), a)
	f.begin(key(2), b)
	f.want(key(1), a)
	f.want(key(2), b)
	f.want(key(1), a)
}

func answer(f *fixture) {
	r := f.record(1)
	f.begin(key(1), r)
	r.Answer = bytes.Repeat([]byte{0, 0xFF, '\'', '\n'}, 64<<10)
	if err := f.Finish(f.ctx, key(1), r.Owner, r.Answer); err != nil {
		f.Fatal(err)
	}
	f.want(key(1), r)
}

func owner(f *fixture) {
	r := f.record(1)
	f.begin(key(1), r)
	f.wantNotFound(f.Finish(f.ctx, key(1), idempotency.Owner{2}, []byte("theirs")))
	f.wantNotFound(f.Abort(f.ctx, key(1), idempotency.Owner{2}))
	f.want(key(1), r)
	r.Answer = []byte("mine")
	if err := f.Finish(f.ctx, key(1), r.Owner, r.Answer); err != nil {
		f.Fatal(err)
	}
	f.wantNotFound(f.Finish(f.ctx, key(1), r.Owner, []byte("second thoughts")))
	f.want(key(1), r)
}

func abort(f *fixture) {
	r := f.record(1)
	f.begin(key(1), r)
	if err := f.Abort(f.ctx, key(1), r.Owner); err != nil {
		f.Fatal(err)
	}
	f.wantNotFound(f.Abort(f.ctx, key(1), r.Owner))
	f.wantNotFound(f.Finish(f.ctx, key(1), r.Owner, []byte("late")))
	next := f.record(2)
	f.begin(key(1), next)
	f.wantNotFound(f.Finish(f.ctx, key(1), r.Owner, []byte("late")))
	f.want(key(1), next)
}

func abortLate(f *fixture) {
	r := f.record(1)
	f.begin(key(1), r)
	r.Answer = []byte("done")
	if err := f.Finish(f.ctx, key(1), r.Owner, r.Answer); err != nil {
		f.Fatal(err)
	}
	f.wantNotFound(f.Abort(f.ctx, key(1), r.Owner))
	f.want(key(1), r)
}

func absent(f *fixture) {
	f.wantNotFound(f.Finish(f.ctx, key(1), idempotency.Owner{1}, []byte("x")))
	f.wantNotFound(f.Abort(f.ctx, key(1), idempotency.Owner{1}))
	f.begin(key(1), f.record(1))
}

func expires(f *fixture) {
	running, done := f.record(1), f.record(2)
	f.begin(key(1), running)
	f.begin(key(2), done)
	done.Answer = []byte("done")
	if err := f.Finish(f.ctx, key(2), done.Owner, done.Answer); err != nil {
		f.Fatal(err)
	}
	f.clock.advance(time.Hour - time.Millisecond)
	f.want(key(1), running)
	f.want(key(2), done)
	f.clock.advance(time.Millisecond)
	f.begin(key(1), f.record(3))
	f.begin(key(2), f.record(4))
}

func expiredOwner(f *fixture) {
	r := f.record(1)
	f.begin(key(1), r)
	f.clock.advance(time.Hour)
	f.wantNotFound(f.Finish(f.ctx, key(1), r.Owner, []byte("late")))
	next := f.record(2)
	f.begin(key(1), next)
	f.wantNotFound(f.Finish(f.ctx, key(1), r.Owner, []byte("later")))
	f.wantNotFound(f.Abort(f.ctx, key(1), r.Owner))
	f.want(key(1), next)
}

func copies(f *fixture) {
	r := f.record(1)
	f.begin(key(1), r)
	given := []byte("answer")
	if err := f.Finish(f.ctx, key(1), r.Owner, given); err != nil {
		f.Fatal(err)
	}
	given[0] = 'A'
	r.Answer = []byte("answer")
	f.want(key(1), r)
	have, _, err := f.Begin(f.ctx, key(1), r)
	if err != nil {
		f.Fatal(err)
	}
	have.Answer[1] = 'N'
	f.want(key(1), r)
}

func race(f *fixture) {
	for round := range 20 {
		var begun atomic.Int32
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				_, ok, err := f.Begin(f.ctx, key(round), f.record(byte(i)))
				if err != nil {
					f.Errorf("Begin: %v", err)
				}
				if ok {
					begun.Add(1)
				}
			})
		}
		wg.Wait()
		if n := begun.Load(); n != 1 {
			f.Fatalf("%d of 16 began at once", n)
		}
	}
}
