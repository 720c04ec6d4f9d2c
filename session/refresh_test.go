package session_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/session"
)

func newRefresh(t testing.TB, now *time.Time, store func(session.Store) session.Store) *session.Refresh {
	t.Helper()
	clock := func() time.Time { return *now }
	var s session.Store = session.NewMemory(0, clock)
	if store != nil {
		s = store(s)
	}
	f, err := session.NewRefresh(session.RefreshConfig{Store: s, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// reusable is the control: tokens that work until they expire, with a lock on
// each that runs out by itself, as a cache's lock does.
type reusable struct {
	good   map[string]time.Time
	locked map[string]time.Time
}

func (r *reusable) redeem(token string, now time.Time, lock time.Duration) bool {
	if now.Before(r.locked[token]) {
		return false
	}
	r.locked[token] = now.Add(lock)
	if !now.Before(r.good[token]) {
		return false
	}
	r.good["next to "+token] = now.Add(time.Hour) // each redemption lives anew
	return true
}

func TestAttack_82_RefreshTokenUsedAgain(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

	control := &reusable{map[string]time.Time{"a": now.Add(time.Hour)}, map[string]time.Time{}}
	if !control.redeem("a", now, time.Second) || !control.redeem("a", now.Add(2*time.Second), time.Second) {
		t.Fatal("the control does not redeem a token twice when its lock has run out")
	}

	f := newRefresh(t, &now, nil)
	stolen, err := f.Issue(ctx, "alice", []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	grant, err := f.Redeem(ctx, stolen)
	if err != nil || grant.User != "alice" || string(grant.Data) != "data" || grant.Next == stolen {
		t.Fatalf("the first redemption: %+v, %v", grant, err)
	}
	other, err := f.Issue(ctx, "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Redeem(ctx, stolen); !errors.Is(err, session.ErrReused) {
		t.Errorf("the second redemption: %v", err)
	}
	if _, err := f.Redeem(ctx, grant.Next); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("the family lives: %v", err)
	}
	if _, err := f.Redeem(ctx, other); err != nil {
		t.Errorf("another login of the user: %v", err)
	}
}

func TestAttack_82_RotationExtendsNoLifetime(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	began := now
	control := &reusable{map[string]time.Time{"a": now.Add(time.Hour)}, map[string]time.Time{}}
	control.redeem("a", now.Add(59*time.Minute), 0)
	if !control.redeem("next to a", now.Add(118*time.Minute), 0) {
		t.Fatal("the control's rotation does not extend the lifetime")
	}
	f := newRefresh(t, &now, nil)
	token, err := f.Issue(ctx, "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	for now.Sub(began) < 7*24*time.Hour-23*time.Hour {
		now = now.Add(23 * time.Hour)
		grant, err := f.Redeem(ctx, token)
		if err != nil || !grant.End.Equal(began.Add(7*24*time.Hour)) {
			t.Fatalf("after %v: %+v, %v", now.Sub(began), grant, err)
		}
		token = grant.Next
	}
	now = began.Add(7 * 24 * time.Hour)
	if _, err := f.Redeem(ctx, token); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("after seven days: %v", err)
	}
	idle, err := f.Issue(ctx, "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(24 * time.Hour)
	if _, err := f.Redeem(ctx, idle); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("after a day without use: %v", err)
	}
}

// meeting is a store in which all readers have read before anyone writes: the
// worst that scheduling can do, however long a redemption takes.
type meeting struct {
	session.Store
	readers sync.WaitGroup
}

func (m *meeting) Get(ctx context.Context, k session.Key) (session.Record, error) {
	r, err := m.Store.Get(ctx, k)
	m.readers.Done()
	m.readers.Wait()
	return r, err
}

func TestAttack_82_RedeemedAtOnce(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const n = 16
	var store *meeting
	f := newRefresh(t, &now, func(s session.Store) session.Store { store = &meeting{Store: s}; return store })
	token, err := f.Issue(ctx, "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	store.readers.Add(n)
	var redeemed, reused atomic.Int32
	var next atomic.Value
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			grant, err := f.Redeem(ctx, token)
			switch {
			case err == nil:
				redeemed.Add(1)
				next.Store(grant.Next)
			case errors.Is(err, session.ErrReused):
				reused.Add(1)
			case !errors.Is(err, session.ErrUnknown): // the family had ended already
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if redeemed.Load() != 1 || reused.Load() == 0 {
		t.Errorf("%d redeemed, %d were refused", redeemed.Load(), reused.Load())
	}
	store.readers.Add(1)
	if _, err := f.Redeem(ctx, next.Load().(string)); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("the family lives: %v", err)
	}
}

func TestRefreshTokensAreRefused(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := newRefresh(t, &now, nil)
	token, err := f.Issue(ctx, "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "x", token[:85], token + "A", token + "=", " " + token[1:], token[:43] + "\n" + token[44:]} {
		if _, err := f.Redeem(ctx, bad); !errors.Is(err, session.ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
		if err := f.Revoke(ctx, bad); !errors.Is(err, session.ErrMalformed) {
			t.Errorf("revoking %q: %v", bad, err)
		}
	}
	if _, err := f.Redeem(ctx, strings.Repeat("A", 85)+"E"); !errors.Is(err, session.ErrMalformed) && !errors.Is(err, session.ErrUnknown) {
		t.Errorf("a token that was never issued: %v", err)
	}
	if err := f.Revoke(ctx, token); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Redeem(ctx, token); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("after logout: %v", err)
	}
	if _, err := session.NewRefresh(session.RefreshConfig{Idle: -1, Absolute: 1e18}); err == nil || !strings.Contains(err.Error(), "store: ") || !strings.Contains(err.Error(), "idle: ") || !strings.Contains(err.Error(), "absolute: ") {
		t.Errorf("got %v", err)
	}
	random, err := session.NewRefresh(session.RefreshConfig{Store: session.NewMemory(0, nil), Random: &broken{40}})
	if err != nil {
		t.Fatal(err)
	}
	if token, err := random.Issue(ctx, "alice", nil); !errors.Is(err, session.ErrRandom) || token != "" {
		t.Errorf("without randomness: %q, %v", token, err)
	}
}

func TestNoRefreshTokenIsASession(t *testing.T) {
	var shared session.Store
	s := newSite(t, func(c *session.Config) { shared = c.Store })
	f, err := session.NewRefresh(session.RefreshConfig{Store: shared, Clock: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	token, err := f.Issue(context.Background(), "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, half := range []string{token[:43], token[43:]} {
		if got, err := s.Get(request("__Host-Http-session=" + half)); !errors.Is(err, session.ErrUnknown) {
			t.Errorf("got %v, %v", got, err)
		}
	}
	_, cookie, _ := strings.Cut(s.login(t, "alice"), "=")
	if _, err := f.Redeem(context.Background(), cookie+cookie); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("got %v", err)
	}
	// Logout everywhere ends both.
	if err := s.EndAll(context.Background(), "alice"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Redeem(context.Background(), token); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("after logout everywhere: %v", err)
	}
}
