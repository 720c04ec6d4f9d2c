package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/d710e0ae/countersign/session"
)

// Sessions is the session.Store of the file. It is safe for concurrent use.
type Sessions struct{ d *DB }

// Sessions returns the sessions in the file.
func (d *DB) Sessions() Sessions { return Sessions{d} }

const insertSession = "INSERT INTO sessions (key, user, created, ends, seen, expires, revision, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

func insert(ctx context.Context, tx *sql.Tx, k session.Key, r session.Record) error {
	_, err := tx.ExecContext(ctx, insertSession, k[:], blob([]byte(r.User)), r.Created.UnixMilli(), r.End.UnixMilli(), r.Seen.UnixMilli(), r.Expires.UnixMilli(), r.Revision, blob(r.Sealed))
	return err
}

// blob makes nil an empty blob instead of NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// free drops an expired record under k, and returns ErrExists if there is a
// live one.
func (s Sessions) free(ctx context.Context, tx *sql.Tx, k session.Key, now int64) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE key = ? AND expires <= ?", k[:], now); err != nil {
		return err
	}
	var one int
	switch err := tx.QueryRowContext(ctx, "SELECT 1 FROM sessions WHERE key = ?", k[:]).Scan(&one); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return session.ErrExists
}

// Create implements session.Store.
func (s Sessions) Create(ctx context.Context, k session.Key, r session.Record) error {
	return s.d.write(ctx, func(tx *sql.Tx) error {
		now := s.d.now()
		if err := s.free(ctx, tx, k, now); err != nil {
			return err
		}
		if err := s.d.room(ctx, tx, "sessions", now, session.ErrFull); err != nil {
			return err
		}
		return insert(ctx, tx, k, r)
	})
}

// Get implements session.Store.
func (s Sessions) Get(ctx context.Context, k session.Key) (session.Record, error) {
	var (
		r                            session.Record
		user                         []byte
		created, ends, seen, expires int64
	)
	err := s.d.db.QueryRowContext(ctx, "SELECT user, created, ends, seen, expires, revision, sealed FROM sessions WHERE key = ? AND expires > ?", k[:], s.d.now()).
		Scan(&user, &created, &ends, &seen, &expires, &r.Revision, &r.Sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return session.Record{}, session.ErrNotFound
	}
	if err != nil {
		return session.Record{}, err
	}
	r.User = string(user)
	r.Created, r.End, r.Seen, r.Expires = time.UnixMilli(created), time.UnixMilli(ends), time.UnixMilli(seen), time.UnixMilli(expires)
	return r, nil
}

// Touch implements session.Store.
func (s Sessions) Touch(ctx context.Context, k session.Key, seen, expires time.Time) error {
	res, err := s.d.db.ExecContext(ctx, "UPDATE sessions SET seen = ?, expires = ? WHERE key = ? AND expires > ?", seen.UnixMilli(), expires.UnixMilli(), k[:], s.d.now())
	return affected(res, err, session.ErrNotFound)
}

// Replace implements session.Store.
func (s Sessions) Replace(ctx context.Context, old, next session.Key, r session.Record) error {
	return s.d.write(ctx, func(tx *sql.Tx) error {
		now := s.d.now()
		var revision int64
		switch err := tx.QueryRowContext(ctx, "SELECT revision FROM sessions WHERE key = ? AND expires > ?", old[:], now).Scan(&revision); {
		case errors.Is(err, sql.ErrNoRows):
			return session.ErrNotFound
		case err != nil:
			return err
		case revision != r.Revision:
			return session.ErrConflict
		}
		if old != next {
			if err := s.free(ctx, tx, next, now); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE key = ?", old[:]); err != nil {
			return err
		}
		r.Revision++
		return insert(ctx, tx, next, r)
	})
}

// Delete implements session.Store.
func (s Sessions) Delete(ctx context.Context, k session.Key) error {
	_, err := s.d.db.ExecContext(ctx, "DELETE FROM sessions WHERE key = ?", k[:])
	return err
}

// DeleteUser implements session.Store.
func (s Sessions) DeleteUser(ctx context.Context, user string) error {
	if user == "" {
		return nil
	}
	_, err := s.d.db.ExecContext(ctx, "DELETE FROM sessions WHERE user = ? AND user != x''", []byte(user))
	return err
}
