package idempotency

import "errors"

// Why a request was refused. Test with errors.Is.
var (
	ErrMissing     = errors.New("idempotency key missing")
	ErrMalformed   = errors.New("idempotency key malformed")
	ErrNoUser      = errors.New("idempotency key without user")
	ErrInFlight    = errors.New("request in flight or its end unknown")
	ErrReused      = errors.New("idempotency key reused")
	ErrNotKept     = errors.New("answer not kept")
	ErrBody        = errors.New("request body unreadable")
	ErrTooLarge    = errors.New("request body too large")
	ErrUnavailable = errors.New("idempotency store unavailable")
)

// An Error is a refusal with what to answer.
type Error struct {
	Status int    // of HTTP
	Code   string // stable, in kebab-case
	Detail string // one sentence
	About  error  // one of the errors above
	Cause  error  // behind ErrUnavailable and ErrBody, or nil
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return "idempotency: " + e.Detail + ": " + e.Cause.Error()
	}
	return "idempotency: " + e.Detail
}

// Unwrap makes errors.Is work.
func (e *Error) Unwrap() []error {
	if e.Cause != nil {
		return []error{e.About, e.Cause}
	}
	return []error{e.About}
}

// The statuses are those of draft-ietf-httpapi-idempotency-key-header §2.7.
var (
	errMissing   = &Error{Status: 400, Code: "idempotency-key-missing", Detail: "This request needs an Idempotency-Key header", About: ErrMissing}
	errTwoKeys   = &Error{Status: 400, Code: "idempotency-key-malformed", Detail: "There is more than one Idempotency-Key header", About: ErrMalformed}
	errKeyForm   = &Error{Status: 400, Code: "idempotency-key-malformed", Detail: "The Idempotency-Key is not a text in double quotes", About: ErrMalformed}
	errKeyLength = &Error{Status: 400, Code: "idempotency-key-malformed", Detail: "The Idempotency-Key does not have 1 to 256 characters", About: ErrMalformed}
	errNoUser    = &Error{Status: 401, Code: "idempotency-no-user", Detail: "This request needs a user", About: ErrNoUser}
	errInFlight  = &Error{Status: 409, Code: "idempotency-in-flight", Detail: "A request with this Idempotency-Key has begun, and its end is not known", About: ErrInFlight}
	errNotKept   = &Error{Status: 409, Code: "idempotency-answer-not-kept", Detail: "The request with this Idempotency-Key was carried out, but its answer could not be kept", About: ErrNotKept}
	errReused    = &Error{Status: 422, Code: "idempotency-key-reused", Detail: "This Idempotency-Key was used for another request", About: ErrReused}
	errTooLarge  = &Error{Status: 413, Code: "idempotency-body-too-large", Detail: "The body is too large for a request with an Idempotency-Key", About: ErrTooLarge}
)

func errBody(cause error) *Error {
	return &Error{Status: 400, Code: "idempotency-body-unreadable", Detail: "The body could not be read", About: ErrBody, Cause: cause}
}

func errUnavailable(cause error) *Error {
	return &Error{Status: 503, Code: "idempotency-unavailable", Detail: "It cannot be told whether this request was carried out before", About: ErrUnavailable, Cause: cause}
}
