package libraries

var starletteCSRF = Library{
	Name: "starlette-csrf", Modules: []string{"starlette_csrf"},
	Source: "starlette-csrf (github.com/frankie567/starlette-csrf at eae8ba7, 2025-03-15), middleware.py: CSRFMiddleware(app, secret, *, required_urls, exempt_urls, sensitive_cookies, safe_methods, …)",
	Checks: []Check{{Name: "starlette_csrf.CSRFMiddleware"}, {Name: "starlette_csrf.middleware.CSRFMiddleware"}},
}
