package libraries

var asgiCSRF = Library{
	Name: "asgi-csrf", Modules: []string{"asgi_csrf"},
	Source: "github.com/simonw/asgi-csrf, README: wraps an application; requests with an Authorization: Bearer header are let through",
	Checks: []Check{{Name: "asgi_csrf.asgi_csrf"}, {Name: "asgi_csrf.asgi_csrf_decorator"}},
}
