package libraries

var authX = Library{
	Name: "AuthX", Modules: []string{"authx"},
	Source: "authx.yezz.me, Configuration: JWT_TOKEN_LOCATION headers, JWT_COOKIE_CSRF_PROTECT True, JWT_COOKIE_SECURE True, JWT_COOKIE_SAMESITE lax",
	Config: &ConfigClass{
		Location: "JWT_TOKEN_LOCATION", CSRF: "JWT_COOKIE_CSRF_PROTECT", Secret: "JWT_SECRET_KEY", Secure: "JWT_COOKIE_SECURE",
		SameSite: "JWT_COOKIE_SAMESITE", Expires: "JWT_ACCESS_TOKEN_EXPIRES", CSRFDefault: true, SecureDefault: true, SameSiteDefault: "lax",
		Dependencies: []string{"access_token_required", "fresh_token_required", "refresh_token_required", "get_current_subject", "token_required", "get_token_from_request"},
	},
}
