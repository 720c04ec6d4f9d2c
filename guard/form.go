package guard

import (
	"errors"
	"net/http"
)

// errForm tells whoever reads the log what to do.
var errForm = errors.New("a form without a script sends no header; csrf.forms accepts those of the site's own pages")

// isForm reports whether a browser sent the request for a form: it navigates,
// and has one of the three encodings of the HTML standard.
func isForm(r *http.Request) bool {
	if r.Method != http.MethodPost || !says(r.Header, "Sec-Fetch-Mode", "navigate") || len(r.Header["Content-Type"]) > 1 {
		return false
	}
	switch mediaType(first(r.Header["Content-Type"])) {
	case "application/x-www-form-urlencoded", "multipart/form-data", "text/plain":
		return true
	}
	return false
}

// ownNavigation reports whether Origin and Fetch Metadata both name this very
// origin: neither a silent one nor another that is trusted. No script can set
// either (Fetch, "forbidden request-header"), and a redirect through another
// site changes both.
func (g *Guard) ownNavigation(r *http.Request) bool {
	return says(r.Header, "Origin", g.own.String()) && says(r.Header, "Sec-Fetch-Site", "same-origin")
}

// says reports whether the field stands there once, with that value.
func says(h http.Header, name, value string) bool {
	v := h[name]
	return len(v) == 1 && v[0] == value
}
