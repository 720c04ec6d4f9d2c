package libraries

var starletteSessions = Library{
	Name: "Starlette sessions", Modules: []string{"starlette"},
	Source: "starlette.io, Middleware: SessionMiddleware(secret_key, session_cookie=\"session\", max_age, same_site=\"lax\", https_only=False); always HttpOnly",
	Cookies: []CookieSetting{{
		Class: "starlette.SessionMiddleware", CookieName: Arg{"session_cookie", 1}, Secure: Arg{"https_only", 5}, HTTPOnly: absent,
		SameSite: Arg{"same_site", 4}, Domain: Arg{"domain", 6}, NameDefault: "session", SameSiteDefault: "lax",
		SecureDefault: false, HTTPOnlyDefault: true, Secret: Arg{"secret_key", 0}, Session: true,
	}},
}
