// Package valkey keeps sessions and idempotency records in a Valkey or Redis
// server (6.2 or later), for several machines.
//
// Each operation is one script and so one step. All keys have one hash tag,
// and stay together in a cluster. Nothing is cached here: a logout is seen
// everywhere at once. What a failover of the server loses is lost; configure
// it with appendonly and min-replicas-to-write where that matters.
package valkey

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/valkey-io/valkey-go"
)

const (
	tag     = "{countersign}:"
	timeout = 2 * time.Second // to connect, and for each command
)

// A DB is a connection to a server. It is safe for concurrent use.
type DB struct {
	client valkey.Client
	clock  func() time.Time
}

// Open connects to the server at address, such as valkey://host:6379/0, with
// rediss:// or valkeys:// for TLS. It tells the time by clock, or time.Now
// where that is nil. The error never quotes the address, for it may hold a
// password.
func Open(ctx context.Context, address string, clock func() time.Time) (*DB, error) {
	opt, err := valkey.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("valkey: the address is malformed; write valkey://[user:password@]host:6379/0")
	}
	if clock == nil {
		clock = time.Now
	}
	opt.DisableCache = true
	opt.Dialer.Timeout = timeout
	opt.ConnWriteTimeout = timeout
	client, err := valkey.NewClient(opt)
	if err != nil {
		return nil, fmt.Errorf("valkey: %w", err)
	}
	d := &DB{client, clock}
	if err := d.Ping(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("valkey: %w", err)
	}
	return d, nil
}

// Close closes the connection.
func (d *DB) Close() error {
	d.client.Close()
	return nil
}

// Ping tells whether the server answers.
func (d *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return d.client.Do(ctx, d.client.B().Ping().Build()).Error()
}

// run runs a script, once: a command whose answer was lost is not repeated.
func (d *DB) run(ctx context.Context, script *valkey.Lua, keys []string, args ...string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return script.Exec(ctx, d.client, keys, args).AsStrSlice()
}

func name(kind string, key [32]byte) string { return tag + kind + ":" + hex.EncodeToString(key[:]) }

func ms(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func (d *DB) now() string { return ms(d.clock()) }

// readTimes reads numbers of milliseconds since 1970.
func readTimes(texts []string, to ...*time.Time) error {
	for i, t := range to {
		n, err := strconv.ParseInt(texts[i], 10, 64)
		if err != nil {
			return fmt.Errorf("valkey: a record is malformed")
		}
		*t = time.UnixMilli(n)
	}
	return nil
}

// The answers of the scripts. Each answers with a list whose first member is
// one of these.
const (
	done     = "done"
	absent   = "absent"
	exists   = "exists"
	conflict = "conflict"
)

// prelude tells what is in force by the caller's clock; the server's own only
// takes out the garbage.
const prelude = `
local now = tonumber(ARGV[1])
local function live(key)
	local x = redis.call('HGET', key, 'expires')
	return x and tonumber(x) > now
end
`
