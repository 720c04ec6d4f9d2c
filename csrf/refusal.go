package csrf

// A Refusal is why a request was refused. Refusals are constants: they can
// be compared, and say nothing of the request.
type Refusal struct {
	// Code is stable, for programs: kebab-case.
	Code string
	// Reason is one sentence for people, without a full stop.
	Reason string
}

func (r *Refusal) Error() string { return r.Reason }

// Every reason for which Check refuses.
var (
	ErrCrossOrigin       = &Refusal{"cross-origin", "the request comes from another origin"}
	ErrCrossSite         = &Refusal{"cross-site", "the browser says that the request comes from another site"}
	ErrSameSite          = &Refusal{"same-site-origin", "the request comes from a sibling origin, which is not trusted"}
	ErrNullOrigin        = &Refusal{"null-origin", "the request comes from an opaque origin"}
	ErrMalformedOrigin   = &Refusal{"malformed-origin", "the Origin header is not one that a browser sends"}
	ErrOriginTwice       = &Refusal{"duplicate-origin", "the Origin header stands twice"}
	ErrFetchSiteTwice    = &Refusal{"duplicate-fetch-metadata", "the Sec-Fetch-Site header stands twice"}
	ErrDisagree          = &Refusal{"origin-mismatch", "Origin and Sec-Fetch-Site contradict each other"}
	ErrUnknownOwnOrigin  = &Refusal{"unknown-host", "the Host header does not name an origin to compare with"}
	ErrNoOrigin          = &Refusal{"origin-missing", "the request is authenticated by a cookie and does not say where it comes from"}
	ErrNotFromPage       = &Refusal{"not-from-page", "the browser says that no page sent the request"}
	ErrTokenMissing      = &Refusal{"csrf-token-missing", "the CSRF token is missing"}
	ErrTokenTwice        = &Refusal{"csrf-token-duplicate", "the CSRF token stands twice"}
	ErrTokenMalformed    = &Refusal{"csrf-token-malformed", "the CSRF token is malformed"}
	ErrTokenWrong        = &Refusal{"csrf-token-invalid", "the CSRF token is not that of this session"}
	ErrSessionHasNoID    = &Refusal{"session-unknown", "the session that the CSRF token must be bound to is not known"}
	ErrWebSocketNoOrigin = &Refusal{"websocket-origin-missing", "the WebSocket handshake does not say where it comes from"}
)

// Refusals returns every Refusal there is.
func Refusals() []*Refusal {
	return []*Refusal{
		ErrCrossOrigin, ErrCrossSite, ErrSameSite, ErrNullOrigin, ErrMalformedOrigin, ErrOriginTwice, ErrFetchSiteTwice,
		ErrDisagree, ErrUnknownOwnOrigin, ErrNoOrigin, ErrNotFromPage, ErrTokenMissing, ErrTokenTwice, ErrTokenMalformed,
		ErrTokenWrong, ErrSessionHasNoID, ErrWebSocketNoOrigin,
	}
}
