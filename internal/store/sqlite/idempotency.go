package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/d710e0ae/countersign/idempotency"
)

// Idempotency is the idempotency.Store of the file. It is safe for
// concurrent use.
type Idempotency struct{ d *DB }

// Idempotency returns the idempotency records in the file.
func (d *DB) Idempotency() Idempotency { return Idempotency{d} }

// Begin implements idempotency.Store.
func (s Idempotency) Begin(ctx context.Context, k idempotency.Key, r idempotency.Record) (have idempotency.Record, begun bool, err error) {
	err = s.d.write(ctx, func(tx *sql.Tx) error {
		now := s.d.now()
		if _, err := tx.ExecContext(ctx, "DELETE FROM idempotency WHERE key = ? AND expires <= ?", k[:], now); err != nil {
			return err
		}
		var (
			owner, fingerprint, answer []byte
			expires                    int64
		)
		err := tx.QueryRowContext(ctx, "SELECT owner, fingerprint, expires, answer FROM idempotency WHERE key = ?", k[:]).Scan(&owner, &fingerprint, &expires, &answer)
		if err == nil {
			if len(owner) != len(have.Owner) || len(fingerprint) != len(have.Fingerprint) {
				return errors.New("sqlite: an idempotency record is malformed")
			}
			have = idempotency.Record{Owner: idempotency.Owner(owner), Fingerprint: [32]byte(fingerprint), Expires: time.UnixMilli(expires), Answer: answer}
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := s.d.room(ctx, tx, "idempotency", now, idempotency.ErrFull); err != nil {
			return err
		}
		begun = true
		_, err = tx.ExecContext(ctx, "INSERT INTO idempotency (key, owner, fingerprint, expires) VALUES (?, ?, ?, ?)", k[:], r.Owner[:], r.Fingerprint[:], r.Expires.UnixMilli())
		return err
	})
	if err != nil {
		return idempotency.Record{}, false, err
	}
	return have, begun, nil
}

// Finish implements idempotency.Store.
func (s Idempotency) Finish(ctx context.Context, k idempotency.Key, owner idempotency.Owner, answer []byte) error {
	res, err := s.d.db.ExecContext(ctx, "UPDATE idempotency SET answer = ? WHERE key = ? AND owner = ? AND answer IS NULL AND expires > ?", blob(answer), k[:], owner[:], s.d.now())
	return affected(res, err, idempotency.ErrNotFound)
}

// Abort implements idempotency.Store.
func (s Idempotency) Abort(ctx context.Context, k idempotency.Key, owner idempotency.Owner) error {
	res, err := s.d.db.ExecContext(ctx, "DELETE FROM idempotency WHERE key = ? AND owner = ? AND answer IS NULL AND expires > ?", k[:], owner[:], s.d.now())
	return affected(res, err, idempotency.ErrNotFound)
}
