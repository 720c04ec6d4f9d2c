package jwt

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrDenylistFull means that a token could not be revoked for want of room.
var ErrDenylistFull = errors.New("jwt: the deny-list is full")

// A Denylist keeps in memory which tokens were revoked, by their "iss" and
// "jti" and never by their text, until they expire by themselves. Its method
// Revoked is what [VerifierConfig] asks for. It is safe for concurrent use.
type Denylist struct {
	clock func() time.Time
	limit int

	mu      sync.RWMutex
	revoked map[tokenName]time.Time // until when
	swept   time.Time
}

// A tokenName tells a token from all others: an issuer sees to it that its
// identifiers differ, and not that they differ from another's (RFC 7519,
// section 4.1.7).
type tokenName struct{ issuer, id string }

// NewDenylist returns an empty list of at most limit tokens, which is 1
// million where it is 0. It tells the time by clock, or time.Now where that
// is nil.
func NewDenylist(limit int, clock func() time.Time) *Denylist {
	if limit <= 0 {
		limit = 1_000_000
	}
	if clock == nil {
		clock = time.Now
	}
	return &Denylist{clock: clock, limit: limit, revoked: map[tokenName]time.Time{}}
}

// Revoke adds a token: one that was verified, or one that was written down when
// it was issued, of which Issuer, ID and Expiry count. A token without
// identifier or expiry cannot be revoked and is an error, as is a full list: the
// token then stays good, and the caller must not say that it does not.
func (d *Denylist) Revoke(t *Token) error {
	if t.ID == "" || t.Expiry.IsZero() {
		return errors.New("jwt: a token without jti or exp cannot be revoked")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.revoked) >= d.limit {
		d.sweep()
	}
	name := tokenName{t.Issuer, t.ID}
	if _, ok := d.revoked[name]; !ok && len(d.revoked) >= d.limit {
		return ErrDenylistFull
	}
	d.revoked[name] = t.Expiry.Add(maxLeeway)
	return nil
}

// sweepEvery bounds how often a full list looks for expired tokens: a million
// are not looked through at every logout.
const sweepEvery = time.Second

func (d *Denylist) sweep() {
	now := d.clock()
	if since := now.Sub(d.swept); since >= 0 && since < sweepEvery {
		return
	}
	d.swept = now
	for name, until := range d.revoked {
		if now.After(until) {
			delete(d.revoked, name)
		}
	}
}

// Revoked reports whether the token was revoked. The error is always nil.
func (d *Denylist) Revoked(_ context.Context, t *Token) (bool, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, ok := d.revoked[tokenName{t.Issuer, t.ID}]
	return ok, nil
}
