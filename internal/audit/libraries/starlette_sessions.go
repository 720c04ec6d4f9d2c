package libraries

var starletteSessions = Library{
	Name: "Starlette sessions", Modules: []string{"starlette"},
	Source: "Starlette (github.com/encode/starlette at cb8f84f5, 2025-08-24), middleware/sessions.py: SessionMiddleware(app, secret_key, session_cookie=\"session\", max_age, path, same_site=\"lax\", https_only=False, domain); always HttpOnly",
	Cookies: []CookieSetting{{
		Class: "starlette.SessionMiddleware", CookieName: Arg{"session_cookie", 1}, Secure: Arg{"https_only", 5}, HTTPOnly: absent,
		SameSite: Arg{"same_site", 4}, Domain: Arg{"domain", 6}, NameDefault: "session", SameSiteDefault: "lax",
		SecureDefault: false, HTTPOnlyDefault: true, Secret: Arg{"secret_key", 0}, Session: true,
	}},
}
