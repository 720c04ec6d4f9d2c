package libraries

var asgiCSRF = Library{
	Name: "asgi-csrf", Modules: []string{"asgi_csrf"},
	Source: "asgi-csrf 0.11 (github.com/simonw/asgi-csrf at e23af32), asgi_csrf.py: wraps an application; requests with an Authorization: Bearer header are let through",
	Checks: []Check{{Name: "asgi_csrf.asgi_csrf"}, {Name: "asgi_csrf.asgi_csrf_decorator"}},
}
