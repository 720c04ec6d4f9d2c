package libraries

var sqlAdmin = Library{
	Name: "sqladmin", Modules: []string{"sqladmin"},
	Source: "sqladmin (github.com/aminalaee/sqladmin at 0a2fdc0), authentication.py: AuthenticationBackend(secret_key) has middlewares of one SessionMiddleware with Starlette's defaults; login_required asks authenticate(request), and nothing checks where a form came from",
	Cookies: []CookieSetting{{
		Class: "sqladmin.authentication.AuthenticationBackend", CookieName: absent, Secure: absent, HTTPOnly: absent, SameSite: absent, Domain: absent,
		NameDefault: "session", SameSiteDefault: "lax", SecureDefault: false, HTTPOnlyDefault: true, Secret: Arg{"secret_key", 0}, Session: true, Own: true,
	}},
	Admin: &AdminPages{Class: "sqladmin.authentication.AuthenticationBackend", Asks: "authenticate"},
}
