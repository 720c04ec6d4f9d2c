// Package guard is a reverse proxy that stops cross-site request forgery in
// front of an API that authenticates with JSON Web Tokens, without a change
// to that API.
//
// A browser that logs in through the guard never holds the token: the guard
// keeps it, and gives the browser an opaque session cookie and a CSRF token.
// On every request it checks where the request comes from, demands the CSRF
// token where state may change, and puts the token on the request to the API.
// Clients that bear a token themselves pass through, verified.
//
//	cfg, err := guard.LoadConfig("countersign.yaml")
//	g, err := guard.New(ctx, *cfg, guard.Options{})
//	defer g.Close()
//	http.ListenAndServe(addr, g)
//
// [Serve] runs it as a server of its own, with TLS, reload and metrics.
package guard
