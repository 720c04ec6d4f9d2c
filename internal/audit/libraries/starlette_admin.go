package libraries

var starletteAdmin = Library{
	Name: "starlette-admin", Modules: []string{"starlette_admin"},
	Source: "starlette-admin (github.com/jowilf/starlette-admin at 0017761), auth.py: AuthMiddleware asks AuthProvider.is_authenticated(request), and nothing checks where a form came from; the session is that of the application's own SessionMiddleware",
	Admin:  &AdminPages{Class: "starlette_admin.auth.AuthProvider", Asks: "is_authenticated"},
}
