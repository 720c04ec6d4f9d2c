package idempotency

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/internal/problem"
)

// The defaults of a [Config].
const (
	DefaultTTL       = 24 * time.Hour
	DefaultMaxBody   = 1 << 20
	DefaultMaxAnswer = 1 << 20
)

const (
	maxStored    = 16 << 20        // bytes that MaxBody and MaxAnswer may allow
	storeTimeout = 5 * time.Second // for storing an answer when the client has gone
)

// A Config says which requests are made safe to repeat. Store and User are
// required.
type Config struct {
	Store Store
	// User returns whom an authenticated request is from, or an empty string.
	// A key counts for its own user only: another's answer is never replayed.
	// Requests without user pass as if they had no key. It must be safe for
	// concurrent use; so must Required and Clock.
	User func(*http.Request) string
	// Required says which requests of the Methods must have a key; the default
	// is none. One that must and has no user is refused with 401.
	Required func(*http.Request) bool
	// Methods are those in which a key counts; the default is POST and PATCH.
	// In others it is ignored.
	Methods []string
	// TTL is how long an answer is replayed, and a request whose end is
	// unknown is not run again; 1 minute to 7 days, 24 hours by default.
	TTL time.Duration
	// MaxBody bounds the body of a request with a key, in bytes; larger ones
	// are refused with 413. 1 MiB by default, at most 16 MiB.
	MaxBody int64
	// MaxAnswer bounds the body of an answer that is kept, in bytes. A larger
	// one reaches its client, but is answered with 409 when it is asked for
	// again. 1 MiB by default, at most 16 MiB.
	MaxAnswer int
	// Refuse answers a refused request; the default is the function Refuse. It
	// must be safe for concurrent use.
	Refuse func(http.ResponseWriter, *http.Request, *Error)
	// Random is the source of owners; the default is crypto/rand.Reader.
	Random io.Reader
	// Clock tells the time; the default is time.Now.
	Clock func() time.Time
}

// A Middleware makes requests safe to repeat. It is immutable and safe for
// concurrent use.
type Middleware struct{ cfg Config }

// New checks the whole configuration and returns every mistake in it at
// once, as cfgerrors.
func New(cfg Config) (*Middleware, error) {
	var list cfgerrors.List
	if cfg.Store == nil {
		list.Addf("store", cfgerrors.Missing, "there is no store to keep answers in")
	}
	if cfg.User == nil {
		list.Add(&cfgerrors.Error{Key: "user", Code: cfgerrors.Missing, Problem: "keys are bound to no user, so that one would get another's answer", Instead: "say how to tell a request's user"})
	}
	if len(cfg.Methods) == 0 {
		cfg.Methods = []string{http.MethodPost, http.MethodPatch}
	}
	for i, m := range cfg.Methods {
		switch m {
		case http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete:
		default:
			list.Add(&cfgerrors.Error{Key: fmt.Sprintf("methods[%d]", i), Code: cfgerrors.NeverWorks, Value: m, Problem: fmt.Sprintf("%q is no method that a key is for", m), Instead: "use POST, PATCH, PUT or DELETE"})
		}
	}
	cfg.Methods = slices.Clone(cfg.Methods)
	if cfg.TTL == 0 {
		cfg.TTL = DefaultTTL
	}
	if cfg.TTL < time.Minute || cfg.TTL > 7*24*time.Hour {
		list.Add(&cfgerrors.Error{Key: "ttl", Code: cfgerrors.OutOfRange, Value: cfg.TTL.String(), Problem: fmt.Sprintf("%v is out of range", cfg.TTL), Instead: "use 1m to 168h"})
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	if cfg.MaxAnswer == 0 {
		cfg.MaxAnswer = DefaultMaxAnswer
	}
	if cfg.MaxBody < 0 || cfg.MaxBody > maxStored {
		list.Add(&cfgerrors.Error{Key: "max_body", Code: cfgerrors.OutOfRange, Value: strconv.FormatInt(cfg.MaxBody, 10), Problem: "is out of range", Instead: "use 1 to 16777216"})
	}
	if cfg.MaxAnswer < 0 || cfg.MaxAnswer > maxStored {
		list.Add(&cfgerrors.Error{Key: "max_answer", Code: cfgerrors.OutOfRange, Value: strconv.Itoa(cfg.MaxAnswer), Problem: "is out of range", Instead: "use 1 to 16777216"})
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	if cfg.Required == nil {
		cfg.Required = func(*http.Request) bool { return false }
	}
	if cfg.Refuse == nil {
		cfg.Refuse = func(w http.ResponseWriter, _ *http.Request, e *Error) { Refuse(w, e) }
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	return &Middleware{cfg}, nil
}

type uncertainKey struct{}

// MarkUncertain says, from within a handler, that it cannot be told whether
// the request was carried out: a proxy sent it and got no answer. The request
// is then not run again under its key before the record expires; repetitions
// get 409. Without a key it does nothing.
func MarkUncertain(ctx context.Context) {
	if u, ok := ctx.Value(uncertainKey{}).(*atomic.Bool); ok {
		u.Store(true)
	}
}

// Handler runs next once for each key. An answer below 400 is stored before
// the client sees it, and replayed to repetitions without cookies and
// credentials, with "Idempotency-Replayed: true". An answer of 400 or above frees the key, so that a corrected or
// later try runs: unless next called [MarkUncertain]. If next panics, or this
// process ends while next runs, the key stays taken until it expires. Where
// the store cannot be asked, next does not run. Handler panics if next is nil
// or the Middleware was not made by New, which would run everything twice.
func (m *Middleware) Handler(next http.Handler) http.Handler {
	if next == nil || m.cfg.Store == nil {
		panic("idempotency: Handler of no handler, or of a Middleware that New did not make")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(m.cfg.Methods, r.Method) {
			next.ServeHTTP(w, r)
			return
		}
		if fail := m.serve(w, r, next); fail != nil {
			m.cfg.Refuse(w, r, fail)
		}
	})
}

func (m *Middleware) serve(w http.ResponseWriter, r *http.Request, next http.Handler) *Error {
	required := m.cfg.Required(r)
	key, err := ParseKey(r.Header)
	if err == errMissing && !required {
		next.ServeHTTP(w, r)
		return nil
	}
	if fail := (*Error)(nil); errors.As(err, &fail) {
		return fail
	}
	user := m.cfg.User(r)
	if user == "" {
		if required {
			return errNoUser
		}
		next.ServeHTTP(w, r)
		return nil
	}
	body, fail := m.body(r)
	if fail != nil {
		return fail
	}
	rec := Record{Fingerprint: fingerprint(r, body), Expires: m.cfg.Clock().Add(m.cfg.TTL)}
	if _, err := io.ReadFull(m.cfg.Random, rec.Owner[:]); err != nil {
		return errUnavailable(err)
	}
	k := name(user, key)
	have, begun, err := m.cfg.Store.Begin(r.Context(), k, rec)
	if err != nil {
		// It may have begun all the same: it has not run, and shall not.
		return errUnavailable(err)
	}
	if !begun {
		return again(w, have, rec.Fingerprint)
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	m.run(w, r, next, k, rec.Owner)
	return nil
}

// body reads the whole body, for its fingerprint and for next.
func (m *Middleware) body(r *http.Request) ([]byte, *Error) {
	if r.Body == nil {
		return nil, nil
	}
	if r.ContentLength > m.cfg.MaxBody {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, m.cfg.MaxBody+1))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return nil, errTooLarge
		}
		return nil, errBody(err)
	}
	if int64(len(body)) > m.cfg.MaxBody {
		return nil, errTooLarge
	}
	return body, nil
}

// again answers a repetition.
func again(w http.ResponseWriter, have Record, fingerprint [32]byte) *Error {
	if have.Fingerprint != fingerprint {
		return errReused
	}
	if have.Answer == nil {
		return errInFlight
	}
	a, err := decodeAnswer(have.Answer)
	if err != nil {
		return errUnavailable(err)
	}
	if a.Dropped {
		return errNotKept
	}
	a.replay(w)
	return nil
}

// run lets next answer, and notes how it ended before the client learns it.
func (m *Middleware) run(w http.ResponseWriter, r *http.Request, next http.Handler, k Key, owner Owner) {
	uncertain := new(atomic.Bool)
	rec := &recorder{to: w, header: http.Header{}, limit: m.cfg.MaxAnswer}
	next.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), uncertainKey{}, uncertain)))
	rec.WriteHeader(http.StatusOK) // where next wrote nothing

	// The request has run, whether or not its client waits for the answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTimeout)
	defer cancel()
	switch {
	case uncertain.Load():
	case rec.status >= 400:
		// If this fails, the key stays taken until it expires: the safe side.
		_ = m.cfg.Store.Abort(ctx, k, owner)
	default:
		m.keep(ctx, k, owner, rec.answer())
	}
	if !rec.passed {
		rec.pass()
	}
}

// keep stores the answer, or, where there is no room for it or a field that
// JSON cannot hold, that there was one: repetitions then learn that the request
// was carried out, and not that its end is unknown.
func (m *Middleware) keep(ctx context.Context, k Key, owner Owner, a *answer) {
	data, err := a.encode()
	if err == nil {
		if err = m.cfg.Store.Finish(ctx, k, owner, data); !errors.Is(err, ErrFull) {
			return // or the key stays taken until it expires: the safe side
		}
	}
	if data, err = (&answer{Status: a.Status, Dropped: true}).encode(); err == nil {
		_ = m.cfg.Store.Finish(ctx, k, owner, data)
	}
}

// Refuse answers a refused request with a problem document (RFC 9457), as the
// Middleware does: for a Config.Refuse that only wants to take note.
func Refuse(w http.ResponseWriter, e *Error) {
	if e.About == ErrInFlight || e.About == ErrUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	problem.Write(w, e.Status, e.Detail, e.Code)
}
