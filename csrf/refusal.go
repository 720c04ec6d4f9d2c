package csrf

import (
	"net/http"
	"strconv"
)

// A Refusal is why a request was refused. Refusals are constants: they can
// be compared, and say nothing of the request.
type Refusal struct {
	// Code is stable, for programs: kebab-case.
	Code string
	// Reason is one sentence for people, without a full stop.
	Reason string

	document []byte // RFC 9457
}

func newRefusal(code, reason string) *Refusal {
	return &Refusal{code, reason, problem(http.StatusForbidden, code, reason)}
}

// problem is a problem document (RFC 9457). Code and detail are texts of this
// package, which Go quotes as JSON does.
func problem(status int, code, detail string) []byte {
	return []byte(`{"type":"about:blank","title":` + strconv.Quote(http.StatusText(status)) + `,"status":` + strconv.Itoa(status) +
		`,"code":` + strconv.Quote(code) + `,"detail":` + strconv.Quote(detail) + `}`)
}

func (r *Refusal) Error() string { return r.Reason }

// Every reason for which Check refuses.
var (
	ErrCrossOrigin       = newRefusal("cross-origin", "the request comes from another origin")
	ErrCrossSite         = newRefusal("cross-site", "the browser says that the request comes from another site")
	ErrSameSite          = newRefusal("same-site-origin", "the request comes from a sibling origin, which is not trusted")
	ErrNullOrigin        = newRefusal("null-origin", "the request comes from an opaque origin")
	ErrMalformedOrigin   = newRefusal("malformed-origin", "the Origin header is not one that a browser sends")
	ErrOriginTwice       = newRefusal("duplicate-origin", "the Origin header stands twice")
	ErrFetchSiteTwice    = newRefusal("duplicate-fetch-metadata", "the Sec-Fetch-Site header stands twice")
	ErrDisagree          = newRefusal("origin-mismatch", "Origin and Sec-Fetch-Site contradict each other")
	ErrUnknownOwnOrigin  = newRefusal("unknown-host", "the Host header does not name an origin to compare with")
	ErrNoOrigin          = newRefusal("origin-missing", "the request is authenticated by a cookie and does not say where it comes from")
	ErrNotFromPage       = newRefusal("not-from-page", "the browser says that no page sent the request")
	ErrTokenMissing      = newRefusal("csrf-token-missing", "the CSRF token is missing")
	ErrTokenTwice        = newRefusal("csrf-token-duplicate", "the CSRF token stands twice")
	ErrTokenMalformed    = newRefusal("csrf-token-malformed", "the CSRF token is malformed")
	ErrTokenWrong        = newRefusal("csrf-token-invalid", "the CSRF token is not that of this session")
	ErrSessionHasNoID    = newRefusal("session-unknown", "the session that the CSRF token must be bound to is not known")
	ErrWebSocketNoOrigin = newRefusal("websocket-origin-missing", "the WebSocket handshake does not say where it comes from")
)

// Refusals returns every Refusal there is.
func Refusals() []*Refusal {
	return []*Refusal{
		ErrCrossOrigin, ErrCrossSite, ErrSameSite, ErrNullOrigin, ErrMalformedOrigin, ErrOriginTwice, ErrFetchSiteTwice,
		ErrDisagree, ErrUnknownOwnOrigin, ErrNoOrigin, ErrNotFromPage, ErrTokenMissing, ErrTokenTwice, ErrTokenMalformed,
		ErrTokenWrong, ErrSessionHasNoID, ErrWebSocketNoOrigin,
	}
}
