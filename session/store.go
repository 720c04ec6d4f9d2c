package session

import (
	"context"
	"errors"
	"time"
)

// A Key names a session in a [Store]: the SHA-256 of its identifier. Who
// reads a store learns no identifier.
type Key [32]byte

// A Record is what a store keeps of a session.
type Record struct {
	// User is whom the session belongs to, at most 256 bytes; empty before
	// login.
	User string
	// Created is when the session began, and End when it ends however busy it
	// is.
	Created, End time.Time
	// Seen is when it was last used, to the manager's precision, and Expires
	// when it ends if it is not used again. Expires is never after End.
	Seen, Expires time.Time
	// Revision counts the replacements of the record.
	Revision int64
	// Sealed is the session's data, encrypted for the holder of the
	// identifier. It is at most 64 KiB.
	Sealed []byte
}

// The errors of a [Store], to be tested with errors.Is. Any other error
// means that the store could not do or could not tell, and that nothing may
// be concluded from it.
var (
	// ErrNotFound means that there is no such record, or that it has expired.
	ErrNotFound = errors.New("session not found")
	// ErrExists means that the key is taken.
	ErrExists = errors.New("session exists already")
	// ErrConflict means that the record was replaced by someone else.
	ErrConflict = errors.New("session changed meanwhile")
	// ErrFull means that the store holds all that it may. It never drops a
	// live session to make room: whoever logs in often could else log out
	// everybody.
	ErrFull = errors.New("session store is full")
)

// A Store keeps records. Implementations are safe for concurrent use, give
// and take copies, and pass the suite in session/storetest. Once a method has
// returned nil, every later call, from wherever, sees what it did. A record is
// gone from the instant Expires, which is kept to the millisecond or finer.
type Store interface {
	// Create adds a record. It returns ErrExists where the key is taken by a
	// record that has not expired, and ErrFull where there is no room.
	Create(ctx context.Context, k Key, r Record) error
	// Get returns a record, or ErrNotFound.
	Get(ctx context.Context, k Key) (Record, error)
	// Touch sets Seen and Expires of a record and nothing else, or returns
	// ErrNotFound. It does not bring back what was deleted.
	Touch(ctx context.Context, k Key, seen, expires time.Time) error
	// Replace puts r under the key next in place of what is under old, which
	// may be the same key, in one step: never is the session under both or
	// neither. It stores r.Revision+1, and returns ErrNotFound where there is
	// no record under old, ErrConflict where its revision is not r.Revision,
	// and ErrExists where next is another key and taken.
	Replace(ctx context.Context, old, next Key, r Record) error
	// Delete removes a record. That there is none is no error.
	Delete(ctx context.Context, k Key) error
	// DeleteUser removes all records of the user, which is not empty. What was
	// created before the call began is gone when it returns. That there is
	// none is no error.
	DeleteUser(ctx context.Context, user string) error
}
