package idempotency

import (
	"context"
	"errors"
	"time"
)

// A Key names a record in a [Store]: a hash of the user and of the key that
// the client sent.
type Key [32]byte

// An Owner is a random mark of the one request that runs.
type Owner [16]byte

// A Record is what a store keeps of a request.
type Record struct {
	// Owner is the request that runs or ran.
	Owner Owner
	// Fingerprint is a hash of the request's method, target and body.
	Fingerprint [32]byte
	// Expires is when the record ends.
	Expires time.Time
	// Answer is what was answered; nil while the request runs, and for ever
	// if its end was never told.
	Answer []byte
}

// The errors of a [Store]. Any other error means that the store could not do
// or could not tell.
var (
	// ErrNotFound means that there is no such record of that owner, or that
	// it has expired.
	ErrNotFound = errors.New("idempotency record not found")
	// ErrFull means that the store holds all that it may.
	ErrFull = errors.New("idempotency store is full")
)

// A Store keeps records. Implementations are safe for concurrent use, give
// and take copies, and pass the suite in idempotency/storetest. Once a method
// has returned nil, every later call, from wherever, sees what it did. A
// record is gone from the instant Expires, to the millisecond.
type Store interface {
	// Begin adds r, which has no answer, if there is no record under k, and
	// returns begun. Else it returns the record that there is. Of many
	// callers at once one begins. It returns ErrFull where there is no room.
	Begin(ctx context.Context, k Key, r Record) (have Record, begun bool, err error)
	// Finish adds the answer, which is not empty, to the record that owner
	// began and that has none, or returns ErrNotFound.
	Finish(ctx context.Context, k Key, owner Owner, answer []byte) error
	// Abort removes the record that owner began and that has no answer, so
	// that the request may run again, or returns ErrNotFound.
	Abort(ctx context.Context, k Key, owner Owner) error
}
