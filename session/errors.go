package session

import "errors"

// Why there is no session, or none could be made. Test with errors.Is;
// [ErrConflict] and [ErrFull] of the store come through as well.
var (
	// ErrNone means that the request bears no session cookie.
	ErrNone = errors.New("no session cookie")
	// ErrMalformed means that the request's cookies are not as the server set
	// them: doubled, disguised, misspelt, or a flood.
	ErrMalformed = errors.New("malformed session cookie")
	// ErrUnknown means that the cookie names no session: it was never issued,
	// has ended, or has expired.
	ErrUnknown = errors.New("unknown or ended session")
	// ErrUnavailable means that the store could not be asked, and the request
	// must be refused.
	ErrUnavailable = errors.New("session store unavailable")
	// ErrRandom means that the random source failed, so that no identifier
	// could be made (CVE-2025-66630).
	ErrRandom = errors.New("no randomness for a session identifier")
	// ErrCrossSite means that another site asked for the session to begin.
	ErrCrossSite = errors.New("login from another site")
	// ErrTooLarge means that the user or the data exceeds its limit.
	ErrTooLarge = errors.New("session data too large")
)
