package valkey_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/idempotency"
	idempotencytest "github.com/d710e0ae/countersign/idempotency/storetest"
	"github.com/d710e0ae/countersign/internal/needs"
	"github.com/d710e0ae/countersign/internal/store/valkey"
	"github.com/d710e0ae/countersign/session"
	sessiontest "github.com/d710e0ae/countersign/session/storetest"
)

// start runs a server on a socket of its own, for the duration of the test,
// and returns its address and what ends it early.
func start(t *testing.T) (address string, stop func()) {
	t.Helper()
	program := needs.Redis(t)
	// The path of a socket is at most 107 bytes, which a test's own directory
	// may exceed.
	dir, err := os.MkdirTemp("", "valkey")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(program, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", dir, "--databases", "512")
	out := new(strings.Builder)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var stopped atomic.Bool
	stop = func() {
		if !stopped.Swap(true) {
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	t.Cleanup(stop)
	for deadline := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("unix", socket)
		if err == nil {
			c.Close()
			return "unix://" + socket, stop
		}
		if time.Now().After(deadline) {
			stop()
			t.Fatalf("the server does not start: %v\n%s", err, out)
		}
		time.Sleep(5 * time.Millisecond) // another program gives no other sign
	}
}

func open(t *testing.T, address string, clock func() time.Time) *valkey.DB {
	t.Helper()
	db, err := valkey.Open(context.Background(), address, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// databases gives each test an empty database of one server.
func databases(t *testing.T) func() string {
	address, _ := start(t)
	var n atomic.Int32
	return func() string {
		return fmt.Sprintf("%s?db=%d", address, n.Add(1))
	}
}

func TestSessions(t *testing.T) {
	next := databases(t)
	sessiontest.Run(t, func(t *testing.T, clock func() time.Time) session.Store {
		return open(t, next(), clock).Sessions()
	})
}

func TestIdempotency(t *testing.T) {
	next := databases(t)
	idempotencytest.Run(t, func(t *testing.T, clock func() time.Time) idempotency.Store {
		return open(t, next(), clock).Idempotency()
	})
}

func TestReplicasSeeEachOthersLogout(t *testing.T) {
	address, _ := start(t)
	a, b := open(t, address, nil), open(t, address, nil)
	ctx, now := context.Background(), time.Now()
	r := session.Record{User: "alice", Created: now, End: now.Add(time.Hour), Seen: now, Expires: now.Add(time.Hour)}
	for n := range byte(100) {
		if err := a.Sessions().Create(ctx, session.Key{n}, r); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Sessions().Get(ctx, session.Key{n}); err != nil {
			t.Fatal(err)
		}
		if err := a.Sessions().Delete(ctx, session.Key{n}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Sessions().Get(ctx, session.Key{n}); !errors.Is(err, session.ErrNotFound) {
			t.Fatalf("after logout elsewhere: %v", err)
		}
	}
}

func TestADeadServerIsAnError(t *testing.T) {
	address, stop := start(t)
	db := open(t, address, nil)
	ctx := context.Background()
	now := time.Now()
	if err := db.Sessions().Create(ctx, session.Key{1}, session.Record{Expires: now.Add(time.Hour), End: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	stop()
	_, err := db.Sessions().Get(ctx, session.Key{1})
	if err == nil || errors.Is(err, session.ErrNotFound) {
		t.Errorf("Get: %v", err)
	}
	if _, begun, err := db.Idempotency().Begin(ctx, idempotency.Key{1}, idempotency.Record{Expires: now.Add(time.Hour)}); err == nil || begun {
		t.Errorf("Begin: %v, %v", begun, err)
	}
	if _, err := valkey.Open(ctx, address, nil); err == nil {
		t.Error("a dead server was opened")
	}
}

func TestAnAddressNeverShowsItsPassword(t *testing.T) {
	for _, address := range []string{"http://alice:hunter22@127.0.0.1:1", "valkey://alice:hunter22@127.0.0.1:1/x", "valkey://alice:hunter22@%zz", "valkey://alice:hunter22@127.0.0.1:1/0"} {
		db, err := valkey.Open(context.Background(), address, nil)
		if err == nil {
			db.Close()
			t.Errorf("%s was opened", address)
		} else if strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%v", err)
		}
	}
}
