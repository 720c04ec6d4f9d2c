// Package sqlite keeps sessions and idempotency records in an SQLite file,
// for one machine. They outlive the process, and several processes may share
// the file.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// DefaultLimit is how many records of a kind a file holds by default.
const DefaultLimit = 1_000_000

// version is that of the tables, in the file's user_version.
const version = 1

const schema = `
CREATE TABLE sessions (
	key      BLOB PRIMARY KEY,
	user     BLOB NOT NULL,
	created  INTEGER NOT NULL,
	ends     INTEGER NOT NULL,
	seen     INTEGER NOT NULL,
	expires  INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	sealed   BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX sessions_user ON sessions (user) WHERE user != x'';
CREATE INDEX sessions_expires ON sessions (expires);
CREATE TABLE idempotency (
	key         BLOB PRIMARY KEY,
	owner       BLOB NOT NULL,
	fingerprint BLOB NOT NULL,
	expires     INTEGER NOT NULL,
	answer      BLOB
) STRICT;
CREATE INDEX idempotency_expires ON idempotency (expires);
PRAGMA user_version = 1;
`

// A DB is an open file. It is safe for concurrent use.
type DB struct {
	db    *sql.DB
	clock func() time.Time
	limit int
	added atomic.Int64
}

// Open opens the file, or makes it with access for its owner only. It tells
// the time by clock, or time.Now where that is nil. Limit is the number of
// records of a kind; 0 means DefaultLimit.
func Open(ctx context.Context, path string, limit int, clock func() time.Time) (*DB, error) {
	if path == "" || path == ":memory:" {
		return nil, errors.New("sqlite: a path is needed; use the memory store to keep nothing")
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	if clock == nil {
		clock = time.Now
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	// FULL: what was answered to a client is on the disk, as exactly-once
	// demands. Immediate: a transaction that will write does not start as one
	// that reads, and so cannot fail half-way for another's sake.
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "trusted_schema(OFF)"},
		"_txlock": {"immediate"},
	}.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	db.SetMaxOpenConns(4)
	d := &DB{db: db, clock: clock, limit: limit}
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %s: %w", path, err), db.Close())
	}
	return d, nil
}

func (d *DB) migrate(ctx context.Context) error {
	return d.write(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
			return err
		}
		switch have {
		case version:
			return nil
		case 0:
			_, err := tx.ExecContext(ctx, schema)
			return err
		}
		return fmt.Errorf("the tables are of version %d, and this program knows %d", have, version)
	})
}

// Close closes the file.
func (d *DB) Close() error { return d.db.Close() }

// Ping tells whether the file can be read.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	return d.db.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// write runs f in a transaction of its own.
func (d *DB) write(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
			return errors.Join(err, rerr)
		}
		return err
	}
	return tx.Commit()
}

// countEvery is after how many additions a large table is counted, and so by
// how many records a process may exceed its limit.
const countEvery = 256

// sweepBatch bounds how many expired records one write removes beside its own
// work, so that each takes more away than it adds and none is slow.
const sweepBatch = 16

// room makes room in the table by what has expired, and returns full where
// there is none.
func (d *DB) room(ctx context.Context, tx *sql.Tx, table string, now int64, full error) error {
	// The table is one of two names of this package.
	_, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE key IN (SELECT key FROM "+table+" WHERE expires <= ? ORDER BY expires LIMIT ?)", now, sweepBatch)
	if err != nil {
		return err
	}
	// Counting takes time by the size of the table: it is done now and then.
	if d.limit > countEvery && d.added.Add(1)%countEvery != 1 {
		return nil
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+table+" LIMIT ?)", d.limit).Scan(&n); err != nil {
		return err
	}
	if n >= d.limit {
		return full
	}
	return nil
}

func (d *DB) now() int64 { return d.clock().UnixMilli() }

func affected(res sql.Result, err error, none error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return none
	}
	return nil
}
