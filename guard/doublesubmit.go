package guard

// An API may have a check of its own, whose token its pages send in a header
// of the very name that the guard uses. Without a session the header is the
// API's, and goes on. With one it bears the guard's token, and the client
// script sends what the page itself has put there in apiTokenHeader: whatever
// the API compares it with, the page knows it, and the guard need not.

// apiTokenHeader carries the API's own CSRF token from the client script to
// the guard. By its prefix it never reaches the API under this name.
const apiTokenHeader = "X-Countersign-Api-Token"

// guarded reports whether the CSRF header bears the guard's token. It does not
// where report mode let another pass.
func (x *exchange) guarded() bool { return x.session != nil && !x.doubted }

// forAPI reports whether a field is the API's, though the guard uses its name.
func (g *Guard) forAPI(x *exchange, name string) bool {
	return name == g.cookie.Header() && !x.guarded()
}

// apiToken is what stands for the API's own token in the header that the guard
// has taken. What came with the login's answer, where the page has the guard's
// token in its place, vouches for a request that the guard itself has passed.
func (x *exchange) apiToken() string {
	if !x.guarded() {
		return ""
	}
	if v := x.r.Header[apiTokenHeader]; len(v) == 1 && v[0] != "" {
		return v[0]
	}
	if x.bearer != "" {
		return ""
	}
	return x.tokens.csrf
}
