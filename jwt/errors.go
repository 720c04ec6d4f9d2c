package jwt

import "errors"

// The kinds of refusal. Every error of a Verifier is one of them; test with
// errors.Is.
var (
	// ErrInvalid is every refusal but age: malformed, badly signed, for
	// someone else.
	ErrInvalid = errors.New("invalid token")
	// ErrExpired is a token that is right in all but its age.
	ErrExpired = errors.New("token expired")
	// ErrMissing says that there was no token at all.
	ErrMissing = errors.New("no token")
	// ErrUnavailable says that a token could not be checked, since keys or a
	// deny-list could not be had. The request must be refused.
	ErrUnavailable = errors.New("token cannot be checked now")
)

// What an ErrInvalid is about; test with errors.Is. They are for logs: who sent
// the token is told "invalid" alone.
var (
	ErrTooLarge    = errors.New("token too large")
	ErrMalformed   = errors.New("malformed token")
	ErrCritical    = errors.New("extension not understood")
	ErrType        = errors.New("token type refused")
	ErrAlgorithm   = errors.New("algorithm refused")
	ErrUnknownKey  = errors.New("unknown key")
	ErrSignature   = errors.New("wrong signature")
	ErrClaim       = errors.New("claim missing or of a wrong type")
	ErrIssuer      = errors.New("issuer refused")
	ErrAudience    = errors.New("audience refused")
	ErrNotYetValid = errors.New("token not yet valid")
	ErrRevoked     = errors.New("token revoked")
)

// An Error is why a token was refused. Its text is stable and never quotes
// the token.
type Error struct {
	Kind   error  // ErrInvalid, ErrExpired, ErrMissing or ErrUnavailable
	About  error  // what an ErrInvalid is about, such as ErrSignature, or nil
	Reason string // one line, such as "the signature is wrong"
	Cause  error  // behind ErrUnavailable
}

func (e *Error) Error() string { return e.Kind.Error() + ": " + e.Reason }

// Is makes errors.Is(err, ErrExpired) and its like work.
func (e *Error) Is(target error) bool { return target == e.Kind || e.About != nil && target == e.About }

// Unwrap returns the cause behind ErrUnavailable, or nil.
func (e *Error) Unwrap() error { return e.Cause }

func invalid(about error, reason string) *Error {
	return &Error{Kind: ErrInvalid, About: about, Reason: reason}
}

func unavailable(reason string, cause error) *Error {
	return &Error{Kind: ErrUnavailable, Reason: reason, Cause: cause}
}

// The refusals, made once: a flood of bad tokens costs nothing.
var (
	errTooLong        = invalid(ErrTooLarge, "it is longer than allowed")
	errHeaderTooLong  = invalid(ErrTooLarge, "the header is longer than allowed")
	errSegments       = invalid(ErrMalformed, "it does not have three segments")
	errEmptySignature = invalid(ErrSignature, "it is not signed")
	errBase64         = invalid(ErrMalformed, "a segment is not canonical base64url")
	errHeaderJSON     = invalid(ErrMalformed, "the header is not a JSON object with each name once and of bounded depth")
	errHeaderMember   = invalid(ErrMalformed, "alg, kid, typ or cty in the header is not a text of a sane length")
	errEncrypted      = invalid(ErrMalformed, "the header is that of an encrypted token")
	errClaimsJSON     = invalid(ErrMalformed, "the claims are not a JSON object with each name once and of bounded depth")
	errCritForm       = invalid(ErrCritical, "crit is not a list of distinct extensions")
	errCritical       = invalid(ErrCritical, "the header demands an extension that is not known")
	errCritAbsent     = invalid(ErrCritical, "crit names a member that the header does not have")
	errUnencoded      = invalid(ErrCritical, "the payload is not base64url-encoded (b64)")
	errNoType         = invalid(ErrType, "it says no type")
	errType           = invalid(ErrType, "it is of another type")
	errNoAlgorithm    = invalid(ErrAlgorithm, "it names no algorithm")
	errAlgorithm      = invalid(ErrAlgorithm, "the algorithm is not that of the key")
	errKey            = invalid(ErrUnknownKey, "no key fits")
	errKeyIssuer      = invalid(ErrIssuer, "the key is of another issuer")
	errSignature      = invalid(ErrSignature, "the signature is wrong")
	errNumericDate    = invalid(ErrClaim, "a time is not a number within bounds")
	errAudienceShape  = invalid(ErrClaim, "the audience is neither a text nor a list of texts")
	errTextShape      = invalid(ErrClaim, "a registered claim is not a text")
	errNoExpiry       = invalid(ErrClaim, "it has no expiry")
	errNoID           = invalid(ErrClaim, "it has no identifier, which the deny-list needs")
	errNoIssuer       = invalid(ErrIssuer, "it names no issuer")
	errIssuer         = invalid(ErrIssuer, "the issuer is another")
	errNoAudience     = invalid(ErrAudience, "it names no audience")
	errAudience       = invalid(ErrAudience, "it is for another audience")
	errNotYet         = invalid(ErrNotYetValid, "it is not valid yet")
	errRevoked        = invalid(ErrRevoked, "it was revoked")
	errExpired        = &Error{Kind: ErrExpired, Reason: "its time is over"}
)
