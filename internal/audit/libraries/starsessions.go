package libraries

var starsessions = Library{
	Name: "starsessions", Modules: []string{"starsessions"},
	Source: "starsessions (github.com/alex-oleshkevich/starsessions at f2942f9, 2026-03-16), middleware.py: SessionMiddleware(app, store, lifetime, rolling, cookie_name=\"session\", cookie_same_site=\"lax\", cookie_https_only=True, cookie_domain, …), always HttpOnly; stores/cookie.py: CookieStore(secret_key)",
	Cookies: []CookieSetting{{
		Class: "starsessions.SessionMiddleware", CookieName: Arg{"cookie_name", 3}, Secure: Arg{"cookie_https_only", 5}, HTTPOnly: absent,
		SameSite: Arg{"cookie_same_site", 4}, Domain: Arg{"cookie_domain", 6}, NameDefault: "session", SameSiteDefault: "lax",
		SecureDefault: true, HTTPOnlyDefault: true, Secret: absent, Session: true,
	}},
	Secrets: []Sign{{Call: "starsessions.CookieStore", Claims: absent, Key: Arg{"secret_key", 0}}, {Call: "starsessions.stores.CookieStore", Claims: absent, Key: Arg{"secret_key", 0}}},
}
