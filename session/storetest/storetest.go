// Package storetest is the suite that every session.Store must pass.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/session"
)

// Open returns an empty store of its own that tells the time by clock and is
// closed by the test's cleanup. It holds at least 1,000 records.
type Open func(t *testing.T, clock func() time.Time) session.Store

// A clock that the test moves.
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
	session.Store
	clock *clock
	ctx   context.Context
}

// Run runs the suite, each test against a store of its own.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*fixture)
	}{
		{"what is created can be read, to the millisecond", roundTrip},
		{"what was not created is not found", absent},
		{"a key is taken once", taken},
		{"a record is gone from the instant it expires", expires},
		{"an expired key is free again", reuse},
		{"touching sets two times and no more", touch},
		{"replacing moves a record in one step", replace},
		{"replacing by an old revision conflicts", conflict},
		{"replacing does not bring back", noResurrection},
		{"replacing does not take a key that is taken", replaceTaken},
		{"deleting is final and may be repeated", remove},
		{"a user's records go together", removeUser},
		{"a replaced record belongs to its new user", userChange},
		{"the store gives and takes copies", copies},
		{"of many who replace at once one succeeds", race},
		{"of many who create at once one succeeds", createRace},
		{"a cancelled context does nothing by halves", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			ck := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)}
			c.test(&fixture{t, open(t, ck.Now), ck, context.Background()})
		})
	}
}

func key(n int) (k session.Key) {
	copy(k[:], fmt.Sprintf("key %d and some more of it to fill", n))
	return k
}

func (f *fixture) record(user string) session.Record {
	now := f.clock.Now()
	return session.Record{User: user, Created: now, End: now.Add(8 * time.Hour), Seen: now, Expires: now.Add(30 * time.Minute), Sealed: []byte("\x00sealed\xff" + user)}
}

func (f *fixture) create(k session.Key, r session.Record) {
	f.Helper()
	if err := f.Create(f.ctx, k, r); err != nil {
		f.Fatalf("Create: %v", err)
	}
}

func (f *fixture) want(k session.Key, want session.Record) {
	f.Helper()
	got, err := f.Get(f.ctx, k)
	if err != nil {
		f.Fatalf("Get: %v", err)
	}
	if got.User != want.User || !bytes.Equal(got.Sealed, want.Sealed) || got.Revision != want.Revision ||
		!got.Created.Equal(want.Created) || !got.End.Equal(want.End) || !got.Seen.Equal(want.Seen) || !got.Expires.Equal(want.Expires) {
		f.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func (f *fixture) wantErr(err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Fatalf("got the error %v, want %v", err, want)
	}
}

func (f *fixture) wantGone(k session.Key) {
	f.Helper()
	got, err := f.Get(f.ctx, k)
	if !errors.Is(err, session.ErrNotFound) {
		f.Fatalf("got %+v, %v; want ErrNotFound", got, err)
	}
}

func roundTrip(f *fixture) {
	r := f.record("alice")
	f.create(key(1), r)
	f.want(key(1), r)
	long := f.record("bob'; DROP TABLE sessions; -- \x00 ü")
	long.Sealed = bytes.Repeat([]byte{0, 1, 0xFF, '\n'}, 16<<10)
	f.create(key(2), long)
	f.want(key(2), long)
	empty := f.record("")
	empty.Sealed = nil
	f.create(key(3), empty)
	f.want(key(3), empty)
	f.want(key(1), r)
}

func absent(f *fixture) {
	f.wantGone(key(1))
	f.wantErr(f.Touch(f.ctx, key(1), f.clock.Now(), f.clock.Now().Add(time.Minute)), session.ErrNotFound)
	f.wantErr(f.Replace(f.ctx, key(1), key(2), f.record("alice")), session.ErrNotFound)
	f.wantGone(key(2))
	if err := f.Delete(f.ctx, key(1)); err != nil {
		f.Fatalf("Delete of nothing: %v", err)
	}
	if err := f.DeleteUser(f.ctx, "nobody"); err != nil {
		f.Fatalf("DeleteUser of nobody: %v", err)
	}
}

func taken(f *fixture) {
	r := f.record("alice")
	f.create(key(1), r)
	f.wantErr(f.Create(f.ctx, key(1), f.record("mallory")), session.ErrExists)
	f.want(key(1), r)
}

func expires(f *fixture) {
	r := f.record("alice")
	f.create(key(1), r)
	f.clock.advance(30*time.Minute - time.Millisecond)
	f.want(key(1), r)
	f.clock.advance(time.Millisecond)
	f.wantGone(key(1))
	f.wantErr(f.Touch(f.ctx, key(1), f.clock.Now(), f.clock.Now().Add(time.Hour)), session.ErrNotFound)
	f.wantErr(f.Replace(f.ctx, key(1), key(1), r), session.ErrNotFound)
	f.wantGone(key(1))
}

func reuse(f *fixture) {
	f.create(key(1), f.record("alice"))
	f.clock.advance(time.Hour)
	r := f.record("bob")
	f.create(key(1), r)
	f.want(key(1), r)
	if err := f.DeleteUser(f.ctx, "alice"); err != nil {
		f.Fatal(err)
	}
	f.want(key(1), r)
}

func touch(f *fixture) {
	r := f.record("alice")
	f.create(key(1), r)
	f.clock.advance(20 * time.Minute)
	r.Seen, r.Expires = f.clock.Now(), f.clock.Now().Add(30*time.Minute)
	if err := f.Touch(f.ctx, key(1), r.Seen, r.Expires); err != nil {
		f.Fatal(err)
	}
	f.want(key(1), r)
	f.clock.advance(29 * time.Minute) // past what was first said
	f.want(key(1), r)
	// Replacing after a touch does not conflict: a touch is no change.
	if err := f.Replace(f.ctx, key(1), key(1), r); err != nil {
		f.Fatal(err)
	}
}

func replace(f *fixture) {
	r := f.record("alice")
	f.create(key(1), r)
	r.Sealed = []byte("other")
	if err := f.Replace(f.ctx, key(1), key(2), r); err != nil {
		f.Fatal(err)
	}
	r.Revision = 1
	f.wantGone(key(1))
	f.want(key(2), r)
	if err := f.Replace(f.ctx, key(2), key(2), r); err != nil {
		f.Fatal(err)
	}
	r.Revision = 2
	f.want(key(2), r)
	f.clock.advance(30 * time.Minute)
	f.wantGone(key(2))
}

func conflict(f *fixture) {
	r := f.record("alice")
	f.create(key(1), r)
	newer := r
	newer.Sealed = []byte("newer")
	if err := f.Replace(f.ctx, key(1), key(1), newer); err != nil {
		f.Fatal(err)
	}
	f.wantErr(f.Replace(f.ctx, key(1), key(1), r), session.ErrConflict)
	f.wantErr(f.Replace(f.ctx, key(1), key(2), r), session.ErrConflict)
	newer.Revision = 1
	f.want(key(1), newer)
	f.wantGone(key(2))
}

func noResurrection(f *fixture) {
	r := f.record("alice")
	f.create(key(1), r)
	if err := f.Delete(f.ctx, key(1)); err != nil {
		f.Fatal(err)
	}
	f.wantErr(f.Replace(f.ctx, key(1), key(1), r), session.ErrNotFound)
	f.wantErr(f.Replace(f.ctx, key(1), key(2), r), session.ErrNotFound)
	f.wantErr(f.Touch(f.ctx, key(1), r.Seen, r.Expires), session.ErrNotFound)
	f.wantGone(key(1))
	f.wantGone(key(2))
}

func replaceTaken(f *fixture) {
	a, b := f.record("alice"), f.record("bob")
	f.create(key(1), a)
	f.create(key(2), b)
	f.wantErr(f.Replace(f.ctx, key(1), key(2), a), session.ErrExists)
	f.want(key(1), a)
	f.want(key(2), b)
}

func remove(f *fixture) {
	f.create(key(1), f.record("alice"))
	other := f.record("alice")
	f.create(key(2), other)
	for range 2 {
		if err := f.Delete(f.ctx, key(1)); err != nil {
			f.Fatal(err)
		}
	}
	f.wantGone(key(1))
	f.want(key(2), other)
}

func removeUser(f *fixture) {
	for n := range 50 {
		f.create(key(n), f.record("alice"))
	}
	bob, nobody, alike := f.record("bob"), f.record(""), f.record("alice2")
	f.create(key(100), bob)
	f.create(key(101), nobody)
	f.create(key(102), alike)
	if err := f.Replace(f.ctx, key(0), key(60), f.record("alice")); err != nil {
		f.Fatal(err)
	}
	if err := f.DeleteUser(f.ctx, "alice"); err != nil {
		f.Fatal(err)
	}
	for n := range 61 {
		f.wantGone(key(n))
	}
	f.want(key(100), bob)
	f.want(key(101), nobody)
	f.want(key(102), alike)
	again := f.record("alice")
	f.create(key(1), again)
	f.want(key(1), again)
}

func userChange(f *fixture) {
	f.create(key(1), f.record(""))
	r := f.record("alice")
	if err := f.Replace(f.ctx, key(1), key(2), r); err != nil {
		f.Fatal(err)
	}
	r.User, r.Revision = "bob", 1
	if err := f.Replace(f.ctx, key(2), key(2), r); err != nil {
		f.Fatal(err)
	}
	if err := f.DeleteUser(f.ctx, "alice"); err != nil {
		f.Fatal(err)
	}
	r.Revision = 2
	f.want(key(2), r)
	if err := f.DeleteUser(f.ctx, "bob"); err != nil {
		f.Fatal(err)
	}
	f.wantGone(key(2))
}

func copies(f *fixture) {
	r := f.record("alice")
	sealed := bytes.Clone(r.Sealed)
	f.create(key(1), r)
	r.Sealed[0]++
	got, err := f.Get(f.ctx, key(1))
	if err != nil {
		f.Fatal(err)
	}
	got.Sealed[1]++
	again, err := f.Get(f.ctx, key(1))
	if err != nil || !bytes.Equal(again.Sealed, sealed) {
		f.Fatalf("got %q, %v; want %q", again.Sealed, err, sealed)
	}
}

// atOnce calls do n times at once and counts the calls without error; other
// errors than want fail the test.
func (f *fixture) atOnce(n int, want error, do func(n int) error) int {
	f.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	good := 0
	for _, err := range errs {
		if err == nil {
			good++
		} else if !errors.Is(err, want) {
			f.Errorf("got the error %v, want %v", err, want)
		}
	}
	return good
}

func race(f *fixture) {
	r := f.record("alice")
	f.create(key(0), r)
	if n := f.atOnce(16, session.ErrConflict, func(int) error { return f.Replace(f.ctx, key(0), key(0), r) }); n != 1 {
		f.Fatalf("%d replacements of one revision succeeded", n)
	}
	r.Revision = 1
	if n := f.atOnce(16, session.ErrNotFound, func(i int) error { return f.Replace(f.ctx, key(0), key(i+1), r) }); n != 1 {
		f.Fatalf("%d rotations of one session succeeded", n)
	}
	live := 0
	for n := range 17 {
		if _, err := f.Get(f.ctx, key(n)); err == nil {
			live++
		}
	}
	if live != 1 {
		f.Fatalf("%d sessions are alive after rotations of one", live)
	}
}

func createRace(f *fixture) {
	r := f.record("alice")
	if n := f.atOnce(16, session.ErrExists, func(int) error { return f.Create(f.ctx, key(1), r) }); n != 1 {
		f.Fatalf("%d creations of one key succeeded", n)
	}
}

func cancelled(f *fixture) {
	r := f.record("alice")
	f.create(key(1), r)
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	// Either it was done, or an error says that it was not.
	if err := f.Replace(ctx, key(1), key(2), r); err != nil {
		f.want(key(1), r)
		f.wantGone(key(2))
	} else {
		f.wantGone(key(1))
	}
	if _, err := f.Get(ctx, key(3)); err == nil {
		f.Fatal("Get of nothing succeeded")
	}
}
