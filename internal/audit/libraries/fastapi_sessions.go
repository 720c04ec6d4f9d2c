package libraries

var fastapiSessions = Library{
	Name: "fastapi-sessions", Modules: []string{"fastapi_sessions"},
	Source: "fastapi-sessions 0.3.2 (github.com/jordanisaacs/fastapi-sessions at 2538d2d1), frontends/implementations/cookie.py: SessionCookie(cookie_name, identifier, secret_key, cookie_params, auto_error=False) signs with itsdangerous; CookieParameters(max_age, path, domain, secure=False, httponly=True, samesite=lax); no protection against forgery",
	Cookies: []CookieSetting{{
		Class: "SessionCookie", CookieName: Arg{"cookie_name", -1}, Secure: Arg{"secure", -1}, HTTPOnly: Arg{"httponly", -1}, SameSite: Arg{"samesite", -1}, Domain: Arg{"domain", -1},
		Params: Arg{"cookie_params", -1}, SameSiteDefault: "lax", SecureDefault: false, HTTPOnlyDefault: true, Secret: Arg{"secret_key", -1},
	}},
	Frontends: []Frontend{{Class: "SessionCookie", CookieName: Arg{"cookie_name", -1}, Attach: "attach_to_response", Detach: "delete_from_response"}},
}
