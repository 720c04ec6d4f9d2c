package session

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// ErrReused means that a refresh token was presented that had been redeemed
// before. Its whole family has ended: one of the two who held it is a thief.
var ErrReused = errors.New("refresh token used again")

// A RefreshConfig says how long refresh tokens live. Only Store has no
// default. Its zero values mean what they mean in [Config].
type RefreshConfig struct {
	// Store may be that of sessions.
	Store Store
	// Idle is how long an unused token lives, 1 minute to 30 days; the default
	// is 24 hours.
	Idle time.Duration
	// Absolute is how long all tokens of one login live together, Idle to 90
	// days; the default is 7 days. Redeeming does not extend it.
	Absolute time.Duration
	// Random is the source of tokens; the default is crypto/rand.Reader.
	Random io.Reader
	// Clock tells the time; the default is time.Now.
	Clock func() time.Time
}

// Refresh issues and redeems refresh tokens, each of which works once (RFC
// 9700 §4.14.2). They are for clients that are no browsers; in a browser, use
// a [Manager]. It is safe for concurrent use, also of several processes with
// one store: of two who redeem one token at once, one gets the next token,
// and neither's is good afterwards. There is no lock that could run out while
// it is needed.
type Refresh struct{ cfg RefreshConfig }

// NewRefresh checks the whole configuration and returns every mistake in it
// at once, as cfgerrors.
func NewRefresh(cfg RefreshConfig) (*Refresh, error) {
	var list cfgerrors.List
	if cfg.Idle == 0 {
		cfg.Idle = 24 * time.Hour
	}
	if cfg.Absolute == 0 {
		cfg.Absolute = max(7*24*time.Hour, cfg.Idle)
	}
	if cfg.Idle < time.Minute || cfg.Idle > 30*24*time.Hour {
		list.Add(&cfgerrors.Error{Key: "idle", Code: cfgerrors.OutOfRange, Value: cfg.Idle.String(), Problem: fmt.Sprintf("%v is out of range", cfg.Idle), Instead: "use 1m to 720h"})
	}
	if cfg.Absolute < cfg.Idle || cfg.Absolute > 90*24*time.Hour {
		list.Add(&cfgerrors.Error{Key: "absolute", Code: cfgerrors.OutOfRange, Value: cfg.Absolute.String(), Problem: fmt.Sprintf("%v is out of range", cfg.Absolute), Instead: fmt.Sprintf("use %v (idle) to 2160h", cfg.Idle)})
	}
	common, err := Config{Store: cfg.Store, Random: cfg.Random, Clock: cfg.Clock}.compile()
	list.Join("", err)
	if err := list.Err(); err != nil {
		return nil, err
	}
	cfg.Random, cfg.Clock = common.Random, common.Clock
	return &Refresh{cfg}, nil
}

// A token is the family's identifier and a secret that changes at each
// redemption. The family's record holds, sealed for the identifier, the hash
// of the secret that works and the data.
type refreshToken struct {
	family id
	secret id
}

func (t refreshToken) text() string { return t.family.text() + t.secret.text() }

func parseRefresh(text string) (t refreshToken, ok bool) {
	if len(text) != 2*idLetters {
		return t, false
	}
	var ok1, ok2 bool
	t.family, ok1 = parseID(text[:idLetters])
	t.secret, ok2 = parseID(text[idLetters:])
	return t, ok1 && ok2
}

// root is what the record is named and sealed by. It is not the family's
// identifier itself, so that in a store of both no refresh token is a session.
func (t refreshToken) root() id { return id(t.family.derive("refresh")) }

func (t refreshToken) content(data []byte) []byte {
	hash := sha256.Sum256(t.secret[:])
	return append(hash[:], data...)
}

// Issue begins a family of tokens for the user, at login, and returns its
// first. Data is at most 16 KiB.
func (f *Refresh) Issue(ctx context.Context, user string, data []byte) (string, error) {
	if len(user) > maxUser || len(data) > DefaultMaxData {
		return "", ErrTooLarge
	}
	var t refreshToken
	for _, i := range []*id{&t.family, &t.secret} {
		if err := f.draw(i); err != nil {
			return "", err
		}
	}
	now := f.cfg.Clock().Truncate(time.Millisecond)
	end := now.Add(f.cfg.Absolute)
	rec := Record{User: user, Created: now, End: end, Seen: now, Expires: earlier(now.Add(f.cfg.Idle), end)}
	if err := t.root().seal(f.cfg.Random, &rec, t.content(data)); err != nil {
		return "", err
	}
	if err := f.cfg.Store.Create(ctx, t.root().key(), rec); err != nil {
		return "", storeError(err)
	}
	return t.text(), nil
}

func (f *Refresh) draw(i *id) error {
	if _, err := io.ReadFull(f.cfg.Random, i[:]); err != nil {
		return fmt.Errorf("%w: %w", ErrRandom, err)
	}
	if *i == (id{}) {
		return fmt.Errorf("%w: the source gives zeros", ErrRandom)
	}
	return nil
}

// A Grant is what a refresh token stood for.
type Grant struct {
	User string
	Data []byte
	End  time.Time // of the family, however often it is redeemed
	Next string    // the token that works from now on
}

// Redeem takes a token and returns the next one with what it stands for. The
// error is ErrReused where the token was redeemed before; the family has then
// ended, or, if the error is ErrUnavailable besides, could not be ended.
// ErrMalformed and ErrUnknown mean that it is no token that is good, and
// ErrUnavailable that the store could not be asked: the token may then be
// redeemed or not, and is not to be honoured. The first three are the 400
// "invalid_grant" of RFC 6749, section 5.2; the last is a 503.
func (f *Refresh) Redeem(ctx context.Context, token string) (*Grant, error) {
	t, ok := parseRefresh(token)
	if !ok {
		return nil, ErrMalformed
	}
	key := t.root().key()
	rec, err := f.cfg.Store.Get(ctx, key)
	if err != nil {
		return nil, storeError(err)
	}
	now := f.cfg.Clock()
	if !now.Before(rec.Expires) || !now.Before(rec.End) {
		return nil, ErrUnknown
	}
	content, err := t.root().open(&rec)
	if err != nil || len(content) < sha256.Size {
		return nil, fmt.Errorf("%w: the record was changed in the store", ErrUnknown)
	}
	hash, data := content[:sha256.Size], content[sha256.Size:]
	if given := sha256.Sum256(t.secret[:]); subtle.ConstantTimeCompare(hash, given[:]) != 1 {
		return nil, f.reused(ctx, key)
	}
	next := refreshToken{family: t.family}
	if err := f.draw(&next.secret); err != nil {
		return nil, err
	}
	rec.Seen, rec.Expires = now, earlier(now.Add(f.cfg.Idle), rec.End)
	if err := t.root().seal(f.cfg.Random, &rec, next.content(data)); err != nil {
		return nil, err
	}
	switch err := f.cfg.Store.Replace(ctx, key, key, rec); {
	case errors.Is(err, ErrConflict): // somebody redeemed it at the same time
		return nil, f.reused(ctx, key)
	case err != nil:
		return nil, storeError(err)
	}
	return &Grant{User: rec.User, Data: data, End: rec.End, Next: next.text()}, nil
}

func (f *Refresh) reused(ctx context.Context, key Key) error {
	if err := f.cfg.Store.Delete(context.WithoutCancel(ctx), key); err != nil {
		return errors.Join(ErrReused, storeError(err))
	}
	return ErrReused
}

// Revoke ends the family of a token, at logout, whether the token was
// redeemed before or not. An unknown token is no error.
func (f *Refresh) Revoke(ctx context.Context, token string) error {
	t, ok := parseRefresh(token)
	if !ok {
		return ErrMalformed
	}
	if err := f.cfg.Store.Delete(ctx, t.root().key()); err != nil {
		return storeError(err)
	}
	return nil
}
