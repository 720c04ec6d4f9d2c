package libraries

var authX = Library{
	Name: "AuthX", Modules: []string{"authx"},
	Source: "AuthX (github.com/yezz123/authx at 31d78b7, 2026-08-07), config.py and main.py: JWT_TOKEN_LOCATION headers, JWT_COOKIE_CSRF_PROTECT True, JWT_COOKIE_SECURE True, JWT_COOKIE_SAMESITE lax, access tokens of 15 minutes",
	Config: &ConfigClass{
		Location: "JWT_TOKEN_LOCATION", CSRF: "JWT_COOKIE_CSRF_PROTECT", Secret: "JWT_SECRET_KEY", Secure: "JWT_COOKIE_SECURE",
		SameSite: "JWT_COOKIE_SAMESITE", AccessName: "JWT_ACCESS_COOKIE_NAME", RefreshName: "JWT_REFRESH_COOKIE_NAME", Expires: "JWT_ACCESS_TOKEN_EXPIRES", CSRFDefault: true, SecureDefault: true, SameSiteDefault: "lax",
		Dependencies: []string{"access_token_required", "fresh_token_required", "refresh_token_required", "get_current_subject", "token_required", "get_token_from_request",
			"scopes_required", "get_access_token_from_request", "get_refresh_token_from_request", "get_dependency"},
	},
}
