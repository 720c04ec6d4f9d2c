package jwt

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// A VerifierConfig says which tokens are good. Keys, Issuer and Audience are
// required unless a field that begins with Insecure waives them; Keys that are
// an IssuerKeys name the issuers themselves.
type VerifierConfig struct {
	// Keys are a Key, FixedKeys, a JWKS, IssuerKeys for several issuers, or a
	// KeySet of your own.
	Keys     KeySet
	Issuer   string // exactly the token's "iss"
	Audience string // one of the token's "aud"
	// Audiences are good besides Audience: an API that has several names, or
	// another one for each issuer. To hold each issuer to its own, make a
	// Verifier for each.
	Audiences []string
	// Type is the token's "typ", compared without regard to case and to a
	// leading "application/". "" means JWT; access tokens of RFC 9068 are of
	// type "at+jwt", and demanding that keeps ID tokens out.
	Type string
	// Leeway is how far clocks may differ; 0 to 5 minutes.
	Leeway time.Duration
	// MaxBytes is the longest token that is looked at, up to 1 MiB; 0 is
	// DefaultMaxBytes.
	MaxBytes int
	// MaxCached is the number of verified tokens that are remembered, so that
	// their signature need not be checked again; 0 remembers none. Times and
	// revocation are checked on every use.
	MaxCached int
	// Revoked, where it is set, is asked for every token that is good otherwise,
	// remembered or not, and must be safe for concurrent use: Denylist.Revoked,
	// or one of your own that goes by the token's ID, its Subject, or when it
	// was issued. An error refuses the token. Tokens without "jti" are refused,
	// since they cannot be looked up.
	Revoked func(context.Context, *Token) (bool, error)
	// Critical are the extensions that a header's "crit" may name, since the
	// caller understands them and acts on them. There is none by default, and
	// b64 cannot be one (RFC 7797, section 7).
	Critical []string
	// Refuse, where it is set, answers a request that Authenticate does not let
	// through, in place of the function Refuse. The error is an *Error of Bearer
	// or Verify. It must be safe for concurrent use.
	Refuse func(http.ResponseWriter, *http.Request, error)
	// Clock is time.Now where it is nil.
	Clock func() time.Time

	// InsecureAnyIssuer takes tokens of every issuer that the keys sign for.
	InsecureAnyIssuer bool
	// InsecureAnyAudience takes tokens that were made for others.
	InsecureAnyAudience bool
	// InsecureAnyType takes tokens of every type and of none, such as ID tokens
	// in place of access tokens.
	InsecureAnyType bool
	// InsecureNoType takes tokens of none besides those of Type.
	InsecureNoType bool
	// InsecureNoExpiry takes tokens that never end.
	InsecureNoExpiry bool
}

const (
	// DefaultMaxBytes is the longest token that a Verifier takes by default:
	// what fits into a request header everywhere.
	DefaultMaxBytes = 8 << 10
	maxMaxBytes     = 1 << 20
	maxMaxCached    = 1 << 20
	// maxLeeway bounds Leeway; more hides a clock that is wrong.
	maxLeeway = 5 * time.Minute
)

// A Verifier verifies tokens. It is immutable but for what it remembers, and safe for concurrent use.
type Verifier struct {
	cfg       VerifierConfig
	audiences []string
	seen      atomic.Pointer[seenHeader]
	cache     *cache
}

// seenHeader is the last header that was parsed. Tokens of one issuer have
// the same header, to the letter; parsing it was a third of the time.
type seenHeader struct {
	encoded string
	header  header
}

// NewVerifier checks the configuration and returns every mistake in it at
// once, as cfgerrors.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	var errs cfgerrors.List
	if cfg.Keys == nil {
		errs.Add(&cfgerrors.Error{Key: "keys", Code: cfgerrors.Missing, Problem: "no key", Instead: "a verifier without keys would refuse every token"})
	}
	perIssuer, named := cfg.Keys.(IssuerKeys)
	if named {
		perIssuer = maps.Clone(perIssuer)
		perIssuer.check(&errs)
		cfg.Keys = perIssuer
	}
	if cfg.Issuer == "" && !cfg.InsecureAnyIssuer && !named {
		errs.Add(&cfgerrors.Error{Key: "issuer", Code: cfgerrors.Missing, Problem: "no issuer is demanded", Instead: "set it, or waive it by InsecureAnyIssuer"})
	}
	if cfg.Issuer != "" && cfg.InsecureAnyIssuer {
		errs.Add(&cfgerrors.Error{Key: "issuer", Code: cfgerrors.Conflict, Value: cfg.Issuer, Problem: "an issuer is demanded and waived"})
	}
	audiences := cfg.audiences(&errs)
	if len(audiences) == 0 && !cfg.InsecureAnyAudience {
		errs.Add(&cfgerrors.Error{Key: "audience", Code: cfgerrors.Missing, Problem: "no audience is demanded", Instead: "set it, or waive it by InsecureAnyAudience"})
	}
	if len(audiences) > 0 && cfg.InsecureAnyAudience {
		errs.Add(&cfgerrors.Error{Key: "audience", Code: cfgerrors.Conflict, Value: audiences[0], Problem: "an audience is demanded and waived"})
	}
	if cfg.Leeway < 0 || cfg.Leeway > maxLeeway {
		errs.Add(&cfgerrors.Error{Key: "leeway", Code: cfgerrors.OutOfRange, Value: cfg.Leeway.String(), Problem: "must be from 0 to 5m"})
	}
	if cfg.Type != "" && cfg.InsecureAnyType {
		errs.Add(&cfgerrors.Error{Key: "type", Code: cfgerrors.Conflict, Value: cfg.Type, Problem: "a type is demanded and waived"})
	}
	if cfg.MaxBytes < 0 || cfg.MaxBytes > maxMaxBytes {
		errs.Add(&cfgerrors.Error{Key: "max_bytes", Code: cfgerrors.OutOfRange, Value: strconv.Itoa(cfg.MaxBytes), Problem: "must be from 1 to 1048576"})
	}
	if cfg.MaxCached < 0 || cfg.MaxCached > maxMaxCached {
		errs.Add(&cfgerrors.Error{Key: "max_cached", Code: cfgerrors.OutOfRange, Value: strconv.Itoa(cfg.MaxCached), Problem: "must be from 0 to 1048576"})
	}
	for i, name := range cfg.Critical {
		if name == "" || name == "b64" || slices.Contains(registered, name) {
			errs.Add(&cfgerrors.Error{Key: fmt.Sprintf("critical[%d]", i), Code: cfgerrors.NeverWorks, Value: name, Problem: fmt.Sprintf("%q cannot be a critical extension here", name)})
		}
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
	if cfg.Type == "" {
		cfg.Type = "JWT"
	}
	cfg.Critical = slices.Clone(cfg.Critical)
	v := &Verifier{cfg: cfg, audiences: audiences}
	if cfg.MaxCached > 0 {
		v.cache = newCache(cfg.MaxCached)
	}
	return v, nil
}

// audiences returns all that are good.
func (cfg *VerifierConfig) audiences(errs *cfgerrors.List) []string {
	var all []string
	if cfg.Audience != "" {
		all = append(all, cfg.Audience)
	}
	for i, name := range cfg.Audiences {
		key := fmt.Sprintf("audiences[%d]", i)
		switch {
		case name == "":
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Malformed, Problem: "is empty"})
		case slices.Contains(all, name):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Duplicate, Value: name, Problem: "stands twice"})
		default:
			all = append(all, name)
		}
	}
	return all
}

// Verify returns the token if everything about it is right, and an *Error
// otherwise. It does not trim: a token with white space around it is refused.
func (v *Verifier) Verify(ctx context.Context, token string) (*Token, error) {
	t, fail := v.verify(ctx, token)
	if fail != nil {
		return nil, fail
	}
	// What changes with time is checked on every use, cached or not.
	if fail := v.inTime(t); fail != nil {
		return nil, fail
	}
	if fail := v.inForce(ctx, t); fail != nil {
		return nil, fail
	}
	return t, nil
}

// verify checks what does not change with time.
func (v *Verifier) verify(ctx context.Context, token string) (*Token, *Error) {
	if len(token) > v.cfg.MaxBytes {
		return nil, errTooLong
	}
	if v.cache != nil {
		if e := v.cache.get(token); e != nil {
			return v.again(ctx, e)
		}
	}
	w := workspaces.Get().(*workspace)
	defer w.release()
	t, key, fail := v.fresh(ctx, w, token)
	if fail != nil {
		return nil, fail
	}
	if v.cache != nil {
		v.cache.put(token, key, t, v.cfg.Clock())
	}
	return t, nil
}

// again takes a remembered token if its key is one that would be tried now:
// a key that was withdrawn, or is unknown for want of a source, vouches for
// nothing any more.
func (v *Verifier) again(ctx context.Context, e *cached) (*Token, *Error) {
	t := e.token
	keys, err := v.cfg.Keys.Find(ctx, KeyQuery{KeyID: t.kid, Algorithm: t.Algorithm, Issuer: t.Issuer})
	if err != nil {
		return nil, unavailable("the keys could not be had", err)
	}
	if !slices.Contains(keys, e.key) {
		return nil, errKey
	}
	return t, nil
}

// split cuts a compact serialization at its two dots. It looks at no more
// than three, whatever it is given (CVE-2025-30204).
func split(token string) (header, payload, signature string, fail *Error) {
	header, rest, one := strings.Cut(token, ".")
	payload, signature, two := strings.Cut(rest, ".")
	switch {
	case !one || !two || header == "" || strings.IndexByte(signature, '.') >= 0:
		return "", "", "", errSegments
	case signature == "":
		return header, payload, "", errEmptySignature
	}
	return header, payload, signature, nil
}

func (v *Verifier) fresh(ctx context.Context, w *workspace, token string) (*Token, *Key, *Error) {
	head, body, sig, fail := split(token)
	if fail != nil {
		return nil, nil, fail
	}
	h, fail := v.header(w, head)
	if fail != nil {
		return nil, nil, fail
	}
	var ok1, ok2 bool
	w.payload, ok1 = decodeBase64(w.payload[:0], body)
	w.sig, ok2 = decodeBase64(w.sig[:0], sig)
	if !ok1 || !ok2 {
		return nil, nil, errBase64
	}
	t := &Token{Algorithm: h.alg, Type: h.typ, kid: h.kid, payload: string(w.payload)}
	if fail := parseClaims(t, w.payload, t.payload); fail != nil {
		return nil, nil, fail
	}
	keys, err := v.cfg.Keys.Find(ctx, KeyQuery{KeyID: h.kid, Algorithm: h.alg, Issuer: t.Issuer})
	if err != nil {
		return nil, nil, unavailable("the keys could not be had", err)
	}
	w.text = append(w.text[:0], token[:len(head)+1+len(body)]...)
	key, fail := w.signer(keys, t.kid, t.Algorithm, t.Issuer)
	if fail != nil {
		return nil, nil, fail
	}
	t.KeyID = key.id
	return t, key, v.forUs(t)
}

// header parses the header, or finds it to be the last one that was parsed.
func (v *Verifier) header(w *workspace, encoded string) (*header, *Error) {
	if s := v.seen.Load(); s != nil && s.encoded == encoded {
		return &s.header, nil
	}
	var ok bool
	if w.header, ok = decodeBase64(w.header[:0], encoded); !ok {
		return nil, errBase64
	}
	h, fail := parseHeader(w.header, v.cfg.Critical)
	if fail != nil {
		return nil, fail
	}
	if fail := v.rightType(h.typ); fail != nil {
		return nil, fail
	}
	if h.alg.method() == nil {
		return nil, errAlgorithm
	}
	s := &seenHeader{strings.Clone(encoded), h}
	v.seen.Store(s)
	return &s.header, nil
}

func (v *Verifier) rightType(typ string) *Error {
	switch {
	case v.cfg.InsecureAnyType:
		return nil
	case typ == "" && v.cfg.InsecureNoType:
		return nil
	case typ == "":
		return errNoType
	case !sameType(typ, v.cfg.Type):
		return errType
	}
	return nil
}

// signer returns the key among keys that signed the text. Kid, alg and issuer
// are what the token says of itself.
func (w *workspace) signer(keys []*Key, kid string, alg Algorithm, issuer string) (*Key, *Error) {
	fail := errKey
	for _, k := range keys[:min(len(keys), maxTries)] {
		switch {
		case k.alg != alg: // a KeySet of another package may be careless
			fail = errAlgorithm
		case kid != "" && k.id != "" && k.id != kid:
		case k.issuer != "" && k.issuer != issuer:
			fail = errKeyIssuer // CVE-2026-33496: a key of A never vouches for B
		case k.verify(w.text, w.sig, w.scratch[:0]):
			return k, nil
		default:
			fail = errSignature
		}
	}
	return nil, fail
}

func (v *Verifier) forUs(t *Token) *Error {
	switch {
	case v.cfg.InsecureAnyIssuer:
	case t.Issuer == "":
		return errNoIssuer
	case v.cfg.Issuer == "": // an IssuerKeys, whose keys for this iss have signed
	case t.Issuer != v.cfg.Issuer:
		return errIssuer
	}
	switch {
	case v.cfg.InsecureAnyAudience:
	case len(t.Audience) == 0:
		return errNoAudience
	case !slices.ContainsFunc(v.audiences, func(name string) bool { return slices.Contains(t.Audience, name) }):
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

func (v *Verifier) inForce(ctx context.Context, t *Token) *Error {
	if v.cfg.Revoked == nil {
		return nil
	}
	if t.ID == "" {
		return errNoID
	}
	revoked, err := v.cfg.Revoked(ctx, t)
	if err != nil {
		return unavailable("the deny-list could not be asked", err)
	}
	if revoked {
		return errRevoked
	}
	return nil
}
