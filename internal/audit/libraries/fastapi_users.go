package libraries

var fastapiUsers = Library{
	Name: "fastapi-users", Modules: []string{"fastapi_users"},
	Source: "fastapi-users 15.0.5 (github.com/fastapi-users/fastapi-users at 9ef8cd82), authentication/transport/cookie.py and strategy/jwt.py: cookie_secure True, cookie_httponly True, cookie_samesite lax; router/auth.py: get_auth_router(backend) has POST login, by form, and POST logout; router/users.py: get_users_router() has PATCH me, PATCH and DELETE of users; no CSRF protection and no refresh of its own; manager.py: BaseUserManager signs tokens with reset_password_token_secret and verification_token_secret",
	Cookies: []CookieSetting{{
		Class: "CookieTransport", CookieName: Arg{"cookie_name", 0}, Secure: Arg{"cookie_secure", 4}, HTTPOnly: Arg{"cookie_httponly", 5},
		SameSite: Arg{"cookie_samesite", 6}, Domain: Arg{"cookie_domain", 3}, NameDefault: "fastapiusersauth", SameSiteDefault: "lax",
		SecureDefault: true, HTTPOnlyDefault: true, Secret: absent,
	}},
	Secrets:        []Sign{{Call: "fastapi_users.authentication.JWTStrategy", Claims: absent, Key: Arg{"secret", 0}, Seconds: Arg{"lifetime_seconds", 1}}},
	SecretFields:   []SecretField{{Class: "fastapi_users.BaseUserManager", Names: []string{"reset_password_token_secret", "verification_token_secret"}}},
	LoginRouters:   []LoginRouter{{Call: "fastapi_users.FastAPIUsers.get_auth_router", Backend: Arg{"backend", 0}, Cookie: "CookieTransport"}},
	AccountRouters: []AccountRouter{{Call: "fastapi_users.FastAPIUsers.get_users_router", Backends: Arg{"auth_backends", 1}}},
}
