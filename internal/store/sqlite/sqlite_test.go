package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/idempotency"
	idempotencytest "github.com/d710e0ae/countersign/idempotency/storetest"
	"github.com/d710e0ae/countersign/internal/store/sqlite"
	"github.com/d710e0ae/countersign/session"
	sessiontest "github.com/d710e0ae/countersign/session/storetest"
)

func open(t *testing.T, path string, limit int, clock func() time.Time) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(context.Background(), path, limit, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestSessions(t *testing.T) {
	sessiontest.Run(t, func(t *testing.T, clock func() time.Time) session.Store {
		return open(t, filepath.Join(t.TempDir(), "a b?c#%d.db"), 0, clock).Sessions()
	})
}

func TestIdempotency(t *testing.T) {
	idempotencytest.Run(t, func(t *testing.T, clock func() time.Time) idempotency.Store {
		return open(t, filepath.Join(t.TempDir(), "db"), 0, clock).Idempotency()
	})
}

func TestTwoProcessesShareAFileAndItOutlivesThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := func() time.Time { return now }
	ctx := context.Background()
	a, b := open(t, path, 0, clock), open(t, path, 0, clock)
	r := session.Record{User: "alice", Created: now, End: now.Add(time.Hour), Seen: now, Expires: now.Add(time.Hour), Sealed: []byte("x")}
	if err := a.Sessions().Create(ctx, session.Key{1}, r); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Sessions().Get(ctx, session.Key{1}); err != nil || got.User != "alice" {
		t.Errorf("the other process: %+v, %v", got, err)
	}
	if err := b.Sessions().DeleteUser(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Sessions().Get(ctx, session.Key{1}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("after logout in the other process: %v", err)
	}
	if _, begun, err := a.Idempotency().Begin(ctx, idempotency.Key{1}, idempotency.Record{Expires: now.Add(time.Hour)}); err != nil || !begun {
		t.Fatal(err)
	}
	// A crash: the file is opened anew, and what began has still begun.
	c := open(t, path, 0, clock)
	if have, begun, err := c.Idempotency().Begin(ctx, idempotency.Key{1}, idempotency.Record{Expires: now.Add(time.Hour)}); err != nil || begun || have.Answer != nil {
		t.Errorf("after a crash: begun %v, %+v, %v", begun, have, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is readable by others: %v, %v", info.Mode(), err)
	}
}

func TestLimitAndSweep(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := open(t, filepath.Join(t.TempDir(), "db"), 3, func() time.Time { return now }).Sessions()
	create := func(n byte) error {
		return s.Create(context.Background(), session.Key{n}, session.Record{Expires: now.Add(time.Minute)})
	}
	for n := range byte(3) {
		if err := create(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := create(3); !errors.Is(err, session.ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	now = now.Add(time.Minute)
	if err := create(3); err != nil {
		t.Fatalf("what has expired takes room: %v", err)
	}
}

func TestWhatCannotBeOpenedIsRefused(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer")
	db, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", ":memory:", dir, text, newer, filepath.Join(dir, "no", "such", "dir")} {
		if db, err := sqlite.Open(context.Background(), path, 0, nil); err == nil {
			db.Close()
			t.Errorf("%q was opened", path)
		}
	}
}

// A full disk is an error and loses nothing that was kept.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := open(t, path, 0, func() time.Time { return now }).Sessions()
	r := session.Record{User: "alice", Expires: now.Add(time.Hour), End: now.Add(time.Hour), Sealed: make([]byte, 32<<10)}
	ctx := context.Background()
	if err := s.Create(ctx, session.Key{0}, r); err != nil {
		t.Fatal(err)
	}
	full := sqlite.Limit(s, 40) // pages
	defer full()
	var failed error
	n := byte(1)
	for ; n < 200 && failed == nil; n++ {
		failed = s.Create(ctx, session.Key{n}, r)
	}
	if failed == nil || errors.Is(failed, session.ErrExists) || errors.Is(failed, session.ErrFull) {
		t.Fatalf("got %v, want the disk's own error", failed)
	}
	if _, err := s.Get(ctx, session.Key{0}); err != nil {
		t.Errorf("what was kept before: %v", err)
	}
	if _, err := s.Get(ctx, session.Key{n - 1}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("what failed to be kept: %v", err)
	}
}
