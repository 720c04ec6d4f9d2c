package jwt

import "errors"

// The kinds of refusal. Every error of a Verifier is one of them.
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

// An Error is why a token was refused. Its text is stable and never quotes
// the token.
type Error struct {
	Kind   error  // one of the errors above
	Reason string // one line, such as "the signature is wrong"
	Cause  error  // behind ErrUnavailable
}

func (e *Error) Error() string { return e.Kind.Error() + ": " + e.Reason }

// Unwrap makes errors.Is(err, ErrExpired) and its like work.
func (e *Error) Unwrap() []error {
	if e.Cause != nil {
		return []error{e.Kind, e.Cause}
	}
	return []error{e.Kind}
}

func invalid(reason string) *Error { return &Error{Kind: ErrInvalid, Reason: reason} }

// Refusals of the parser, made once: a flood of bad tokens costs nothing.
var (
	errTooLong        = invalid("it is longer than allowed")
	errSegments       = invalid("it does not have three segments")
	errBase64         = invalid("a segment is not canonical base64url")
	errHeaderJSON     = invalid("the header is not a JSON object with each name once")
	errHeaderTooLong  = invalid("the header is longer than allowed")
	errClaimsJSON     = invalid("the claims are not a JSON object with each name once")
	errDepth          = invalid("the JSON is nested too deeply")
	errCritical       = invalid("the header demands an extension that is not known")
	errUnencoded      = invalid("the payload is not base64url-encoded (b64)")
	errType           = invalid("it is of another type")
	errAlgorithm      = invalid("the algorithm is not that of the key")
	errKey            = invalid("no key fits")
	errSignature      = invalid("the signature is wrong")
	errEmptySignature = invalid("it is not signed")
	errNumericDate    = invalid("a time is not a number within bounds")
	errAudienceShape  = invalid("the audience is neither a text nor a list of texts")
	errTextShape      = invalid("a registered claim is not a text")
	errIssuer         = invalid("the issuer is another")
	errAudience       = invalid("it is for another audience")
	errNoExpiry       = invalid("it has no expiry")
	errNotYet         = invalid("it is not valid yet")
	errNoID           = invalid("it has no identifier, which the deny-list needs")
	errRevoked        = invalid("it was revoked")
	errExpired        = &Error{Kind: ErrExpired, Reason: "its time is over"}
)
