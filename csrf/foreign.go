package csrf

import "net/http"

// Foreign reports whether a page of another origin, which is not trusted, made
// the request, whatever its method: a link, an image, a fetch. What the user
// typed, and clients that are no browser, are not foreign.
//
// Check lets safe requests through from everywhere, so that links work. A
// server whose GETs may change state all the same can answer foreign ones as
// if nobody were logged in, which is what SameSite=Strict does for other
// sites, and what it does not do for sibling origins (Fetch Metadata, "resource
// isolation policy").
func (p *Protection) Foreign(r *http.Request) bool {
	f := p.provenance(r).refusal
	return f != nil && f != ErrNotFromPage
}
