package libraries

var starletteCSRF = Library{
	Name: "starlette-csrf", Modules: []string{"starlette_csrf"},
	Source: "github.com/frankie567/starlette-csrf, README: CSRFMiddleware(secret, required_urls, exempt_urls, sensitive_cookies, safe_methods, …)",
	Checks: []Check{{Name: "starlette_csrf.CSRFMiddleware"}, {Name: "starlette_csrf.middleware.CSRFMiddleware"}},
}
