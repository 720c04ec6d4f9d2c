package csrf

import (
	"errors"
	"net/http"
	"strings"

	"github.com/d710e0ae/countersign/internal/origin"
)

// Check returns nil if the request may pass, and a *Refusal otherwise. It
// reads headers only, changes nothing, and does not allocate unless your
// Session function does; where Config.Field is set it reads the forms of
// requests without the header, too.
//
// GET, HEAD and OPTIONS pass, as RFC 9110, section 9.2.1, calls them safe,
// unless they open a WebSocket or an event stream; every other method, known
// or not, is checked. Header and parameters that pretend to be a method
// change nothing.
func (p *Protection) Check(r *http.Request) error {
	if f := p.check(r); f != nil {
		return f
	}
	return nil
}

func (p *Protection) check(r *http.Request) *Refusal {
	kind := kindOf(r)
	if kind == safe {
		return nil
	}
	if len(p.exempt) > 0 && p.exempt.match(r) {
		return nil
	}
	verdict := p.provenance(r)
	if verdict.refusal != nil {
		return verdict.refusal
	}
	if kind == upgrade {
		// Browsers send an Origin with every WebSocket handshake (RFC 6455,
		// section 4.1); script cannot add a token to it.
		if verdict.silent {
			return ErrWebSocketNoOrigin
		}
		return nil
	}
	if !verdict.silent && (kind == stream || len(p.signers) == 0) {
		return nil // whatever the session is, it was its own origin that asked
	}
	s := p.sessionOf(r)
	if !s.Ambient {
		return nil // nothing here was attached by the browser itself
	}
	if verdict.silent {
		return ErrNoOrigin
	}
	return p.token(r, s.ID)
}

// A kind of request, by what a forged one could do.
type kind int

const (
	safe    kind = iota
	unsafe       // may change state
	upgrade      // opens a WebSocket
	stream       // opens an event stream
)

func kindOf(r *http.Request) kind {
	switch r.Method {
	case "GET", "HEAD", "OPTIONS", "":
		if len(r.Header["Upgrade"]) > 0 {
			return upgrade // OWASP ASVS 4.4.2
		}
		if a := r.Header["Accept"]; len(a) > 0 && strings.HasPrefix(a[0], "text/event-stream") {
			return stream
		}
		return safe
	case "CONNECT":
		return upgrade // RFC 8441: WebSockets over HTTP/2
	}
	return unsafe
}

// A provenance is where a request comes from: refused, own or trusted, or
// silent, which no current browser is.
type provenance struct {
	refusal *Refusal
	silent  bool
}

func refuse(f *Refusal) provenance { return provenance{refusal: f} }

// site is what Sec-Fetch-Site says (Fetch Metadata, section 2.3). An unknown
// or mis-cased value says nothing, and the Origin must speak for itself.
type site int

const (
	siteUnsaid site = iota
	siteSameOrigin
	siteSameSite
	siteCrossSite
	siteNone
)

func siteOf(values []string) (site, *Refusal) {
	switch len(values) {
	case 0:
		return siteUnsaid, nil
	case 1:
	default:
		return siteUnsaid, ErrFetchSiteTwice
	}
	switch values[0] {
	case "same-origin":
		return siteSameOrigin, nil
	case "same-site":
		return siteSameSite, nil
	case "cross-site":
		return siteCrossSite, nil
	case "none":
		return siteNone, nil
	}
	if strings.IndexByte(values[0], ',') >= 0 {
		return siteUnsaid, ErrFetchSiteTwice
	}
	return siteUnsaid, nil
}

func (p *Protection) provenance(r *http.Request) provenance {
	s, twice := siteOf(r.Header["Sec-Fetch-Site"])
	if twice != nil {
		return refuse(twice)
	}
	origins := r.Header["Origin"]
	switch len(origins) {
	case 0:
		return withoutOrigin(s)
	case 1:
	default:
		return refuse(ErrOriginTwice)
	}
	// The common case without parsing: the very text of our own origin.
	if p.ownText != "" && origins[0] == p.ownText {
		return ownOrigin(s)
	}
	o, err := origin.Parse(origins[0])
	if err != nil {
		if errors.Is(err, origin.ErrNull) {
			return refuse(ErrNullOrigin)
		}
		return refuse(ErrMalformedOrigin)
	}
	own := p.own
	if own.IsZero() {
		// A Host that is written as browsers write it needs no parsing.
		if o.Scheme() == scheme(r) && origins[0][len("://")+len(o.Scheme()):] == r.Host {
			return ownOrigin(s)
		}
		if own, err = origin.Of(scheme(r), r.Host); err != nil {
			return refuse(ErrUnknownOwnOrigin)
		}
	}
	switch {
	case o == own:
		return ownOrigin(s)
	case p.trusted.Contains(origins[0]):
		// Another origin cannot be the same one (Std accepts this).
		if s == siteSameOrigin || s == siteNone {
			return refuse(ErrDisagree)
		}
		return provenance{}
	case s == siteSameSite:
		return refuse(ErrSameSite)
	}
	return refuse(ErrCrossOrigin)
}

// scheme is what the client spoke to us.
func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func ownOrigin(s site) provenance {
	if s == siteSameOrigin || s == siteUnsaid {
		return provenance{}
	}
	return refuse(ErrDisagree)
}

// withoutOrigin judges by Fetch Metadata alone, as for an event stream of the
// own origin.
func withoutOrigin(s site) provenance {
	switch s {
	case siteSameOrigin:
		return provenance{}
	case siteSameSite:
		return refuse(ErrSameSite)
	case siteCrossSite:
		return refuse(ErrCrossSite)
	case siteNone:
		return refuse(ErrNotFromPage)
	}
	return provenance{silent: true}
}
