package jwt

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// A VerifierConfig says which tokens are good. Keys, Issuer and Audience are
// required unless a field that begins with Insecure waives them.
type VerifierConfig struct {
	Keys     KeySet
	Issuer   string // exactly the token's "iss"
	Audience string // one of the token's "aud"
	// Type is the token's "typ", compared without regard to case and to a
	// leading "application/". "" takes tokens without type and of type JWT;
	// access tokens of RFC 9068 are of type "at+jwt".
	Type string
	// Leeway is how far clocks may differ; 0 to 5 minutes.
	Leeway time.Duration
	// MaxBytes is the longest token that is looked at; 0 is DefaultMaxBytes.
	MaxBytes int
	// MaxCached is the number of verified tokens that are remembered, so that
	// their signature need not be checked again; 0 remembers none. Times and
	// revocation are checked on every use.
	MaxCached int
	// Revoked, where it is set, is asked for every token and must be safe for
	// concurrent use. An error refuses the token. Tokens without "jti" are
	// refused, since they cannot be looked up.
	Revoked func(ctx context.Context, id string) (bool, error)
	// Clock is time.Now where it is nil.
	Clock func() time.Time

	// InsecureAnyIssuer takes tokens of every issuer that the keys sign for.
	InsecureAnyIssuer bool
	// InsecureAnyAudience takes tokens that were made for others.
	InsecureAnyAudience bool
	// InsecureNoExpiry takes tokens that never end.
	InsecureNoExpiry bool
}

// maxLeeway bounds Leeway; more hides a clock that is wrong.
const maxLeeway = 5 * time.Minute

// A Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	cfg   VerifierConfig
	seen  atomic.Pointer[seenHeader]
	cache *cache
}

// seenHeader is the last header that was parsed. Tokens of one issuer have
// the same header, to the letter; parsing it was a third of the time.
type seenHeader struct {
	encoded string
	header  *header
}

// NewVerifier checks the configuration and returns every mistake in it at
// once, as cfgerrors.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	var errs cfgerrors.List
	if cfg.Keys == nil {
		errs.Add(&cfgerrors.Error{Key: "keys", Code: cfgerrors.Missing, Problem: "no key", Instead: "a verifier without keys would refuse every token"})
	}
	if cfg.Issuer == "" && !cfg.InsecureAnyIssuer {
		errs.Add(&cfgerrors.Error{Key: "issuer", Code: cfgerrors.Missing, Problem: "no issuer is demanded", Instead: "set it, or waive it by InsecureAnyIssuer"})
	}
	if cfg.Issuer != "" && cfg.InsecureAnyIssuer {
		errs.Add(&cfgerrors.Error{Key: "issuer", Code: cfgerrors.Conflict, Value: cfg.Issuer, Problem: "an issuer is demanded and waived"})
	}
	if cfg.Audience == "" && !cfg.InsecureAnyAudience {
		errs.Add(&cfgerrors.Error{Key: "audience", Code: cfgerrors.Missing, Problem: "no audience is demanded", Instead: "set it, or waive it by InsecureAnyAudience"})
	}
	if cfg.Audience != "" && cfg.InsecureAnyAudience {
		errs.Add(&cfgerrors.Error{Key: "audience", Code: cfgerrors.Conflict, Value: cfg.Audience, Problem: "an audience is demanded and waived"})
	}
	if cfg.Leeway < 0 || cfg.Leeway > maxLeeway {
		errs.Add(&cfgerrors.Error{Key: "leeway", Code: cfgerrors.OutOfRange, Value: cfg.Leeway.String(), Problem: "must be from 0 to 5m"})
	}
	if cfg.MaxBytes < 0 || cfg.MaxCached < 0 {
		errs.Add(&cfgerrors.Error{Key: "limits", Code: cfgerrors.OutOfRange, Problem: "MaxBytes and MaxCached must not be negative"})
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	cfg.Type = mediaType(cfg.Type)
	v := &Verifier{cfg: cfg}
	if cfg.MaxCached > 0 {
		v.cache = newCache(cfg.MaxCached)
	}
	return v, nil
}

// mediaType drops what a "typ" may leave out (RFC 7515, section 4.1.9).
func mediaType(typ string) string {
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}

// Verify returns the token if everything about it is right, and an *Error
// otherwise. It does not trim: a token with white space around it is refused.
func (v *Verifier) Verify(ctx context.Context, token string) (*Token, error) {
	t, fail := v.verify(token)
	if fail != nil {
		return nil, fail
	}
	// What changes with time is checked on every use, cached or not.
	if fail := v.inTime(t); fail != nil {
		return nil, fail
	}
	if v.cfg.Revoked != nil {
		if t.ID == "" {
			return nil, errNoID
		}
		revoked, err := v.cfg.Revoked(ctx, t.ID)
		if err != nil {
			return nil, &Error{Kind: ErrUnavailable, Reason: "the deny-list could not be asked", Cause: err}
		}
		if revoked {
			return nil, errRevoked
		}
	}
	return t, nil
}

// verify checks what does not change with time.
func (v *Verifier) verify(token string) (*Token, *Error) {
	c, fail := split(token, v.cfg.MaxBytes)
	if fail != nil {
		return nil, fail
	}
	h, fail := v.header(c.header)
	if fail != nil {
		return nil, fail
	}
	keys, err := v.cfg.Keys.Find(h.Kid, Algorithm(h.Alg))
	if err != nil {
		return nil, &Error{Kind: ErrUnavailable, Reason: "the keys could not be had", Cause: err}
	}
	if v.cache != nil {
		// Only a key that is still in force can make a remembered token good.
		if t := v.cache.get(token, keys); t != nil {
			return t, nil
		}
	}
	key, fail := v.check(c, h, keys)
	if fail != nil {
		return nil, fail
	}
	payload, fail := decode64(c.payload, nil)
	if fail != nil {
		return nil, fail
	}
	t, fail := parseClaims(payload)
	if fail != nil {
		return nil, fail
	}
	t.KeyID = key.id
	if fail := v.forUs(t); fail != nil {
		return nil, fail
	}
	if v.cache != nil {
		v.cache.put(token, key, t)
	}
	return t, nil
}

func (v *Verifier) header(encoded string) (*header, *Error) {
	if s := v.seen.Load(); s != nil && s.encoded == encoded {
		return s.header, nil
	}
	h, fail := parseHeader(encoded)
	if fail != nil {
		return nil, fail
	}
	if !v.rightType(h.Typ) {
		return nil, errType
	}
	if Algorithm(h.Alg).family() == 0 {
		return nil, errAlgorithm
	}
	v.seen.Store(&seenHeader{strings.Clone(encoded), h})
	return h, nil
}

func (v *Verifier) rightType(typ string) bool {
	t := mediaType(typ)
	if v.cfg.Type == "" {
		return t == "" || t == "jwt"
	}
	return t == v.cfg.Type
}

// check tries the keys that fit, most often one.
func (v *Verifier) check(c compact, h *header, keys []*Key) (*Key, *Error) {
	if len(keys) == 0 {
		return nil, errKey
	}
	var buf [512]byte
	sig, fail := decode64(c.signature, buf[:0])
	if fail != nil {
		return nil, fail
	}
	for _, k := range keys {
		if string(k.alg) != h.Alg {
			continue // a KeySet of another package may be careless
		}
		if k.verify(c.signed, sig) {
			return k, nil
		}
	}
	return nil, errSignature
}

func (v *Verifier) forUs(t *Token) *Error {
	if !v.cfg.InsecureAnyIssuer && t.Issuer != v.cfg.Issuer {
		return errIssuer
	}
	if !v.cfg.InsecureAnyAudience && !slices.Contains(t.Audience, v.cfg.Audience) {
		return errAudience
	}
	if t.Expiry.IsZero() && !v.cfg.InsecureNoExpiry {
		return errNoExpiry
	}
	return nil
}

func (v *Verifier) inTime(t *Token) *Error {
	now := v.cfg.Clock()
	// RFC 7519, section 4.1.4: on or after exp it must not be accepted.
	if !t.Expiry.IsZero() && !now.Before(t.Expiry.Add(v.cfg.Leeway)) {
		return errExpired
	}
	if !t.NotBefore.IsZero() && now.Before(t.NotBefore.Add(-v.cfg.Leeway)) {
		return errNotYet
	}
	return nil
}
