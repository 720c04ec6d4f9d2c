package fastapi

import (
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// A Router is an application or a router, with what was registered on it.
type Router struct {
	Object     *Object
	App        bool
	Prefix     string
	Deps       []*Value
	Middleware []Middleware
	Handlers   []Handler
	At         Place

	routes   []*Route
	includes []include
	included bool
}

type include struct {
	router *Value
	prefix string
	deps   []*Value
	mount  bool
}

// A Middleware is one that an application adds.
type Middleware struct {
	Class    *Value
	Args     Args
	At       Place
	Function bool // a function of (request, call_next)
}

// A Route is one path with its method, handler and everything that runs
// before the handler.
type Route struct {
	Method     string // the one that matters most, of several; "WEBSOCKET"
	Path       string
	Handler    *Value
	Deps       []*Value // of apps, routers and the route, the outermost first
	Middleware []Middleware
	Handlers   []Handler // of the exceptions that leave it
	Args       Args
	At         Place // of the decorator or the call that adds it
	Trace      *Trace
	Returns    []Return
	// Admin is the library whose pages ask the handler who may change what is
	// stored; "" of every other route.
	Admin string
}

func (in *interp) newRouter(o *Object) {
	r := &Router{Object: o, App: o.Qual != "fastapi.APIRouter", At: o.At}
	o.route = r
	r.configure(o.Args)
	if in.run == nil {
		in.loading.routers = append(in.loading.routers, r)
	}
}

// construct is what a class of the program hands on to the constructor of the
// library's class that it derives from.
func (in *interp) construct(o *Object, args Args) {
	if in.run != nil && o.run != in.run {
		return // it is not this run's to change
	}
	if o.route != nil {
		o.route.configure(args)
		return
	}
	if o.Qual == httpException || strings.HasPrefix(o.Qual, "starlette.") && strings.HasSuffix(o.Qual, "Response") {
		o.Args = args
		return
	}
	if strings.HasPrefix(o.Qual, "fastapi.security.") {
		merged := Args{Pos: o.Args.Pos, Open: o.Args.Open}
		for _, from := range []Args{o.Args, args} {
			for k, v := range from.Kw {
				merged.setKw(k, v)
			}
		}
		o.Args = merged
	}
}

// configure sets a router up as its constructor's arguments say.
func (r *Router) configure(args Args) {
	if p := args.Get("prefix", 0); p != nil && !r.App {
		r.Prefix = keyText(p)
	}
	if d := args.Get("dependencies", -1); d != nil && d.Kind == List {
		r.Deps = d.Elems
	}
	if h := args.Get("exception_handlers", -1); h != nil && h.Kind == Dict {
		for i, k := range h.Keys {
			r.Handlers = append(r.Handlers, Handler{k, h.Elems[i]})
		}
	}
	if m := args.Get("middleware", -1); m != nil && m.Kind == List {
		for _, e := range m.Elems {
			if e.Kind == ObjectKind && e.Object.Qual == "starlette.Middleware" && len(e.Object.Args.Pos) > 0 {
				a := e.Object.Args
				a.Pos = a.Pos[1:]
				r.Middleware = append(r.Middleware, Middleware{Class: e.Object.Args.Pos[0], Args: a, At: e.Object.At})
			}
		}
	}
}

var verbs = map[string]string{
	"get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE", "head": "HEAD", "options": "OPTIONS", "trace": "TRACE",
	"websocket": "WEBSOCKET", "websocket_route": "WEBSOCKET",
}

// routerMethod handles a method of an application or router.
func (in *interp) routerMethod(o *Object, name string, args Args, at Place) (*Value, bool) {
	r := o.route
	if m, ok := verbs[name]; ok {
		return &Value{Kind: ObjectKind, Object: &Object{Qual: "fastapi.route", Args: args, At: at, route: r,
			Attrs: map[string]*Value{"method": str(m, at)}}}, true
	}
	switch name {
	case "api_route", "route":
		return &Value{Kind: ObjectKind, Object: &Object{Qual: "fastapi.route", Args: args, At: at, route: r,
			Attrs: map[string]*Value{"method": str(methodOf(args), at)}}}, true
	case "add_api_route", "add_route", "add_api_websocket_route", "add_websocket_route":
		h := args.Get("endpoint", 1)
		if h == nil {
			h = args.Get("route", 1)
		}
		m := methodOf(args)
		if strings.Contains(name, "websocket") {
			m = "WEBSOCKET"
		}
		in.addRoute(r, m, args, h, at)
		return noneValue, true
	case "middleware":
		return &Value{Kind: ObjectKind, Object: &Object{Qual: "fastapi.middleware", At: at, route: r}}, true
	case "exception_handler":
		return &Value{Kind: ObjectKind, Object: &Object{Qual: "fastapi.exception_handler", Args: args, At: at, route: r}}, true
	case "add_exception_handler":
		in.handles(r, args.Get("exc_class_or_status_code", 0), args.Get("handler", 1))
		return noneValue, true
	case "add_middleware":
		cls := args.Get("middleware_class", 0)
		if cls == nil {
			return noneValue, true
		}
		a := args
		if len(a.Pos) > 0 {
			a.Pos = a.Pos[1:]
		}
		if in.run == nil {
			r.Middleware = append(r.Middleware, Middleware{Class: cls, Args: a, At: at})
		}
		in.record("fastapi.FastAPI.add_middleware", nil, args, at, nil)
		return noneValue, true
	case "include_router", "mount":
		pos := 0
		if name == "mount" {
			pos = 1
		}
		sub := args.Get("router", pos)
		if name == "mount" && sub == nil {
			sub = args.Get("app", pos)
		}
		if sub == nil {
			return noneValue, true
		}
		inc := include{router: sub, mount: name == "mount"}
		if inc.mount {
			if p := args.Get("path", 0); p != nil {
				inc.prefix = keyText(p)
			}
		} else if p := args.Get("prefix", 1); p != nil {
			inc.prefix = keyText(p)
		}
		if d := args.Get("dependencies", -1); d != nil && d.Kind == List {
			inc.deps = d.Elems
		}
		if in.run == nil {
			r.includes = append(r.includes, inc)
		}
		return noneValue, true
	}
	return nil, false
}

// methodOf returns the method that matters most of methods=[…].
func methodOf(args Args) string {
	v := args.Get("methods", -1)
	if v == nil || v.Kind != List {
		return "GET"
	}
	best := ""
	for _, e := range v.Elems {
		m := strings.ToUpper(keyText(e))
		if best == "" || best == "GET" || best == "HEAD" || best == "OPTIONS" {
			best = m
		}
	}
	if best == "" {
		return "GET"
	}
	return best
}

// register is what @router.get("/x") does with the function below it.
func (in *interp) register(o *Object, args Args) *Value {
	if len(args.Pos) == 0 || o.route == nil {
		return unknown
	}
	in.addRoute(o.route, o.Attrs["method"].Text, o.Args, args.Pos[0], o.At)
	return args.Pos[0]
}

func (in *interp) addRoute(r *Router, method string, args Args, handler *Value, at Place) {
	if handler == nil || in.run != nil {
		return // routes are settled before anything runs by itself
	}
	p := args.Get("path", 0)
	if p == nil {
		p = noneValue
	}
	route := &Route{Method: method, Path: keyText(p), Handler: handler, Args: args, At: decorated(handler, at)}
	if d := args.Get("dependencies", -1); d != nil && d.Kind == List {
		route.Deps = d.Elems
	}
	r.routes = append(r.routes, route)
}

// decorated returns where a route is declared: at its decorator, also where a
// helper of the program is that and registers the handler.
func decorated(handler *Value, at Place) Place {
	if handler.Kind != Func || handler.Fn.Decl == nil || len(handler.Fn.Decl.Decorators) == 0 {
		return at
	}
	f := handler.Fn
	for _, d := range f.Decl.Decorators {
		if at.File == f.Module.File && d.Range().Start <= at.Span.Start && at.Span.End <= d.Range().End {
			return at
		}
	}
	if at.File == f.Module.File && at.Span.Start > f.Decl.Range().End {
		return at // add_api_route after it
	}
	return Place{File: f.Module.File, Span: f.Decl.Decorators[0].Range()}
}

// resolve joins the routers of groups with what includes them.
func (p *Program) resolve(groups []group) {
	p.partsOf(groups, func(x *part) {
		for _, r := range x.routers {
			for _, inc := range r.includes {
				settle(inc.router).Each(func(v *Value) {
					if s := subRouter(v); s != nil {
						s.included = true
					}
				})
			}
		}
	})
	p.partsOf(groups, func(x *part) {
		for _, r := range x.routers {
			if r.App {
				x.middleware = append(x.middleware, r.Middleware...)
				x.handlers = append(x.handlers, r.Handlers...)
			}
			if r.included {
				continue
			}
			n := len(x.routes)
			p.flatten(x, r, "", nil, nil, nil, 0, map[*Router]bool{})
			if !r.App {
				x.orphans = append(x.orphans, x.routes[n:]...)
			}
		}
	})
}

func subRouter(v *Value) *Router {
	if v.Kind == ObjectKind {
		return v.Object.route
	}
	if v.Kind == ModuleKind {
		if w, _ := v.Module.scope.get("router"); w != nil && w.Kind == ObjectKind {
			return w.Object.route
		}
	}
	return nil
}

const (
	maxIncludes = 12     // how deep routers include each other
	maxRoutes   = 20_000 // … after which no further router is looked at
)

func (p *Program) flatten(x *part, r *Router, prefix string, deps []*Value, mw []Middleware, handlers []Handler, depth int, open map[*Router]bool) {
	if depth > maxIncludes || open[r] || p.flat > maxRoutes {
		return
	}
	open[r] = true
	defer delete(open, r)
	prefix += r.Prefix
	deps = append(deps[:len(deps):len(deps)], r.Deps...)
	mw = append(mw[:len(mw):len(mw)], r.Middleware...)
	handlers = slices.Concat(r.Handlers, handlers) // those of a mounted application are asked first
	for _, route := range r.routes {
		c := *route
		c.Path = prefix + route.Path
		if c.Path == "" {
			c.Path = "/"
		}
		c.Deps = append(deps[:len(deps):len(deps)], route.Deps...)
		c.Middleware, c.Handlers = mw, handlers
		x.routes = append(x.routes, &c)
		p.flat++
	}
	for _, inc := range r.includes {
		settle(inc.router).Each(func(v *Value) {
			if s := subRouter(v); s != nil {
				d := append(deps[:len(deps):len(deps)], inc.deps...)
				if inc.mount {
					d = nil // an application that is mounted has its own
				}
				p.flatten(x, s, prefix+inc.prefix, d, mw, handlers, depth+1, open)
			}
		})
	}
}

// runRoute runs middleware, dependencies and handler of a route, as a request
// would.
func (p *Program) runRoute(r *Route, run *run) {
	r.Trace, r.Returns = &Trace{}, nil
	in := p.newInterp(r.Trace, run)
	in.steps = in.allow(stepsRoute)
	method := r.Method
	if method == "WEBSOCKET" {
		method = "GET"
	}
	in.request = in.newRequest(method, r.Path)
	handler := r.Handler
	var mod *Module
	if handler.Kind == Func {
		mod = handler.Fn.Module
	} else if r.At.File != nil {
		mod = p.byPath[r.At.File.Path]
	}
	if mod == nil {
		return
	}
	in.stack = []*frame{{scope: mod.scope}}
	for _, m := range r.Middleware {
		if r.Method == "WEBSOCKET" && !m.pure() {
			continue // Starlette's HTTP middleware does not see WebSockets
		}
		in.passThrough(m)
	}
	in.looks = nil // what middleware itself looks at
	if r.Method != "WEBSOCKET" {
		in.handlers = r.Handlers // which see nothing of what middleware raises
	}
	in.inDeps++
	for _, d := range r.Deps {
		if d.Kind == ObjectKind && isDepends(d.Object.Qual) {
			in.depend(d.Object.Args.Get("dependency", 0), d.Object.At)
		}
	}
	in.inDeps--
	r.Trace.Returns = nil
	in.spend(stepsRoute - in.steps)
	in.steps = in.allow(stepsRoute / 2)
	handler.Each(func(h *Value) {
		if h.Kind == Func {
			fn := *h.Fn
			if fn.Self == nil && fn.Class != nil && h.Method != "static" && len(fn.Decl.Params) > 0 && fn.Decl.Params[0].Name == "self" {
				fn.Self = in.viewInstance(fn.Class)
			}
			in.callRequest(&fn, &h.At)
		}
	})
	in.spend(stepsRoute/2 - in.steps)
	in.unseen()
	for _, ret := range r.Trace.Returns {
		if handler.Kind == Func && ret.Fn != nil && ret.Fn.Decl == handler.Fn.Decl {
			r.Returns = append(r.Returns, ret)
		}
	}
}

// viewInstance makes what a class-based view's methods see as self: an object
// whose dependencies, declared on the class, were run.
func (in *interp) viewInstance(c *Class) *Value {
	v := in.instance(c)
	in.inDeps++
	defer func() { in.inDeps-- }()
	for _, k := range c.linear() {
		for _, s := range k.Decl.Body {
			a, ok := s.(*pysrc.Assign)
			if !ok || len(a.Targets) != 1 {
				continue
			}
			n, ok := a.Targets[0].(*pysrc.Name)
			if !ok {
				continue
			}
			in.stack = append(in.stack, &frame{scope: k.scope})
			if dv := in.requestParam(a.Ann, a.Value, n.ID); dv != nil {
				v.Object.set(n.ID, dv)
			}
			in.stack = in.stack[:len(in.stack)-1]
		}
	}
	return v
}

// pure reports whether a middleware is ASGI of its own, or a library's.
func (m Middleware) pure() bool {
	return m.Class.Kind == External || m.Class.Kind == ClassKind && !m.Class.Class.extends("BaseHTTPMiddleware") && !m.Function
}

// unseen reports whether a middleware is a library's, so that what it does is
// not to be seen.
func (m Middleware) unseen() bool { return m.Class.Kind == External }

// keepsWho are names of context variables by which a middleware tells handlers
// who asks.
var keepsWho = regexp.MustCompile(`(?i)user|account|principal|identity|auth|member|claims|token`)

// asks reports whether a middleware only asks a backend of the program who
// makes the request.
func (m Middleware) asks() bool { return m.Class.Kind == External && authenticates(m.Class.Text) }

// passThrough runs a middleware, and marks what it reads where it neither
// turns anyone away for who asks, nor hands anything on to what comes after
// it and looks at that.
func (in *interp) passThrough(m Middleware) {
	t := in.trace
	calls, reads, raised, kept, closed := len(t.Calls), len(t.Reads), len(t.Raised), len(in.keeps), t.Closed
	in.inDeps++
	in.runMiddleware(m)
	in.inDeps--
	if (m.unseen() || len(in.keeps) > kept) && !m.asks() || t.Closed > closed {
		return
	}
	for _, x := range t.Raised[raised:] {
		if m.asks() {
			break // a backend refuses what is no credential, and lets pass who has none
		}
		if x.Caught {
			continue // for an answer, which is seen by itself
		}
		if status := Status(x.Value); turnsAway(status) || status == 0 && x.Value.Kind != Unknown {
			return
		}
	}
	for _, c := range t.Calls[calls:] {
		if q, ok := strings.CutPrefix(c.Name, "middleware:"); ok && q != "starlette.BaseHTTPMiddleware" && !authenticates(q) {
			return // what a library does is not to be seen here
		}
		if m.pure() && c.Name == "contextvars.ContextVar.set" && keepsWho.MatchString(c.Text) {
			return
		}
		if strings.HasPrefix(c.Name, "starlette.") && (c.Name == "starlette.RedirectResponse" || turnsAway(Status(&Value{Kind: ObjectKind, Object: &Object{Qual: c.Name, Args: c.Args}}))) {
			return
		}
	}
	p := passage{calls: t.Calls[calls:len(t.Calls):len(t.Calls)], reads: t.Reads[reads:len(t.Reads):len(t.Reads)], names: in.keeps[kept:]}
	if len(p.names) == 0 {
		p.aside()
		return
	}
	in.passages = append(in.passages, p)
}

// turnsAway reports whether a status says that it depends on who asks.
func turnsAway(status int) bool { return status == 401 || status == 403 }

func (in *interp) runMiddleware(m Middleware) {
	switch m.Class.Kind {
	case External:
		in.record("middleware:"+m.Class.Text, nil, m.Args, m.At, nil)
		if m.asks() {
			in.authenticate(m.Args, m.At)
		}
	case Func:
		in.callFunc(m.Class.Fn, Args{Pos: []*Value{in.request, unknown}}, Place{})
	case ClassKind:
		for _, q := range m.Class.Class.Externals() {
			in.record("middleware:"+q, nil, m.Args, m.At, nil)
		}
		args := Args{Kw: m.Args.Kw, Pos: append([]*Value{unknown}, m.Args.Pos...), Open: m.Args.Open}
		obj := in.instantiate(m.Class.Class, args, m.At)
		for _, k := range sortedKeys(m.Args.Kw) {
			if k == "dispatch" && m.Args.Kw[k].Kind == Func {
				in.callFunc(m.Args.Kw[k].Fn, Args{Pos: []*Value{in.request, unknown}}, Place{})
			}
		}
		if d := in.classAttr(m.Class.Class, "dispatch"); d != nil && d.Kind == Func {
			in.callFunc(d.bind(obj).Fn, Args{Pos: []*Value{in.request, unknown}}, Place{})
		} else if slices.ContainsFunc(m.Class.Class.Externals(), authenticates) {
			in.authenticate(m.Args, m.At)
		} else if d := in.classAttr(m.Class.Class, "__call__"); d != nil && d.Kind == Func {
			scope := in.getAttr(in.request.Object, "scope")
			if scope == nil {
				scope = unknown
			}
			in.callFunc(d.bind(obj).Fn, Args{Pos: []*Value{scope, unknown, in.prog.external(asgiSend)}}, Place{})
		}
	}
}
