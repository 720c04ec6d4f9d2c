package fastapi

import (
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

const requestQual = "starlette.Request"

// newRequest makes the request of a route; method and path are "" where no
// route is known.
func (in *interp) newRequest(method, path string) *Value {
	in.verb, in.path = method, path
	return &Value{Kind: ObjectKind, Object: &Object{Qual: requestQual, run: in.run}}
}

// newRequestParts makes what every request has, whatever the route. All runs
// share it, since each keeps to itself what it writes; a loading has its own.
func newRequestParts() map[string]*Value {
	out := map[string]*Value{}
	for _, p := range []string{"cookies", "headers", "query_params", "path_params", "session"} {
		out[p] = &Value{Kind: ObjectKind, Object: &Object{Qual: "request." + p}}
	}
	out["_cookies"] = out["cookies"] // where the property keeps them
	return out
}

func (in *interp) parts() map[string]*Value {
	if in.run != nil {
		return in.prog.parts
	}
	if in.loading.parts == nil {
		in.loading.parts = newRequestParts()
	}
	return in.loading.parts
}

// requestPart returns a part of a request to which nothing was assigned, or
// nil. Most routes look at few, so each is made when it is asked for.
func (in *interp) requestPart(o *Object, name string) *Value {
	if v := in.parts()[name]; v != nil {
		return v
	}
	var v *Value
	switch {
	case name == "state":
		v = &Value{Kind: ObjectKind, Object: &Object{Qual: "request.state", run: in.run}}
	case in.verb == "":
		return nil
	case name == "method":
		v = str(in.verb, Place{})
	case name == "url":
		url := &Object{Qual: "request.url", Attrs: map[string]*Value{"path": str(in.path, Place{})}, run: in.run}
		v = &Value{Kind: ObjectKind, Object: url}
	case name == "scope":
		v = &Value{Kind: Dict, Keys: []*Value{str("method", Place{}), str("path", Place{}), str("type", Place{}), str("headers", Place{})},
			Elems: []*Value{in.getAttr(o, "method"), str(in.path, Place{}), str("http", Place{}), in.getAttr(o, "headers")}}
	default:
		return nil
	}
	in.setAttr(o, name, v)
	return v
}

var partKinds = map[string]SourceKind{
	"request.cookies": FromCookie, "request.headers": FromHeader, "request.query_params": FromQuery,
	"request.path_params": FromPath, "request.session": FromSession, "request.form": FromForm, "request.body": FromBody,
}

// read notes that a part of the request is read, and returns what it holds.
func (in *interp) read(kind SourceKind, name string, at Place) *Value {
	if kind == FromHeader {
		name = strings.ToLower(name)
	}
	if kind == FromHeader && name == "cookie" {
		kind, name = FromCookie, ""
	}
	s := &Source{Kind: kind, Name: name, At: at, Chain: in.chain()}
	in.trace.Reads = append(in.trace.Reads, s)
	return &Value{Sources: in.handedOn(s), At: at}
}

// asked returns where something is read of the request: where a helper is
// called that is told under which name, and else where that stands.
func (in *interp) asked(name *Value, at Place) Place {
	for i := len(in.stack) - 1; i > 0; i-- {
		f := in.stack[i]
		if f.fn == nil || f.fn.Decl == nil || f.at.IsZero() || name.Kind != Str {
			break
		}
		told := slices.ContainsFunc(f.fn.Decl.Params, func(q pysrc.Param) bool { return f.scope.vars[q.Name] == name })
		if !told {
			break
		}
		at = f.at
	}
	return at
}

func keyText(v *Value) string {
	text := ""
	v.Each(func(x *Value) {
		if x.Kind == Str && text == "" {
			text = x.Text
		}
	})
	return text
}

// CookieName returns the name of a cookie that is set or read: where a setting
// without a default says it, "$" and the setting, by which the same name is known
// elsewhere.
func CookieName(v *Value) string {
	name := keyText(v)
	if name == "" && v.Kind == Unknown && v.Env != "" && v.Env != "?" {
		return "$" + v.Env
	}
	return name
}

// nameOf returns the name of a part of the request that is read.
func nameOf(kind SourceKind, key *Value) string {
	if kind == FromCookie {
		return CookieName(key)
	}
	return keyText(key)
}

func (in *interp) requestItem(recv, key *Value, at Place) (*Value, bool) {
	kind, ok := partKinds[recv.Object.Qual]
	if !ok {
		return nil, false
	}
	v := in.read(kind, nameOf(kind, key), in.asked(key, at))
	if s := v.Sources[0]; kind != FromSession && len(v.Sources) == 1 {
		s.Required = true
	}
	return v, true
}

func (in *interp) requestMethod(recv *Value, name string, args Args, at Place) (*Value, bool) {
	o := recv.Object
	if o.Qual == requestQual || o.Qual == "starlette.WebSocket" {
		switch name {
		case "form":
			in.read(FromForm, "", at)
			return &Value{Kind: ObjectKind, Object: &Object{Qual: "request.form"}}, true
		case "close":
			in.trace.Closed++
			return noneValue, true
		case "json", "body":
			in.read(FromBody, "", at)
			return &Value{Kind: ObjectKind, Object: &Object{Qual: "request.body"}}, true
		}
		return nil, false
	}
	kind, ok := partKinds[o.Qual]
	if !ok {
		return nil, false
	}
	switch name {
	case "get", "getlist", "__getitem__", "pop":
		if kind == FromSession && name == "pop" {
			in.record("request.session.pop", recv, args, at, nil)
		}
		if len(args.Pos) > 0 {
			at = in.asked(args.Pos[0], at)
			v := in.read(kind, nameOf(kind, args.Pos[0]), at)
			if len(args.Pos) > 1 && args.Pos[1].Kind != None {
				return join(v, args.Pos[1]), true
			}
			return v, true
		}
	case "items", "keys", "values":
		return unknown.with([]*Source{{Kind: kind, At: at}}), true
	}
	if kind == FromSession {
		in.record("request.session."+name, recv, args, at, nil)
	}
	return unknown.with(args.sources()), true
}

func (in *interp) requestAttr(recv *Value, name string, node pysrc.Node) *Value {
	o := recv.Object
	if v := in.inScope(o, name); v != nil {
		return v
	}
	if o.Qual == requestQual && (name == "base_url" || name == "app" || name == "client" || name == "user" || name == "auth") {
		return unknown
	}
	return nil
}

// asgiSend is what an ASGI application answers by.
const asgiSend = "asgi.send"

// isHeaders reports whether a value is the headers of the request.
func isHeaders(v *Value) bool { return v.Kind == ObjectKind && v.Object.Qual == "request.headers" }

// cookieAsked returns the name under which a function of the program is to find
// a cookie in the Cookie header, which it is given whole; "" of all others.
func cookieAsked(args Args) string {
	name, header := "", false
	for _, a := range args.Pos {
		switch {
		case a.Kind == Str && name == "" && len(a.Sources) == 0:
			name = a.Text
		case isCookieHeader(a):
			header = true
		default:
			return ""
		}
	}
	if !header || len(args.Kw) > 0 {
		return ""
	}
	return name
}

// isCookieHeader reports whether a value is the Cookie header and nothing else.
func isCookieHeader(v *Value) bool {
	return len(v.Sources) == 1 && v.Sources[0].Kind == FromCookie && v.Sources[0].Name == ""
}

// named returns what was found of the Cookie header as a read of that cookie.
func (in *interp) named(v *Value, name string, at Place) *Value {
	if !isCookieHeader(&Value{Sources: sourcesOf(v)}) {
		return v
	}
	return in.read(FromCookie, name, at)
}

// isScope reports whether a value is the ASGI scope of the request.
func (in *interp) isScope(v *Value) bool {
	return in.verb != "" && v.Kind == Dict && v == in.getAttr(in.request.Object, "scope")
}

// inScope returns what middleware keeps in the scope under the name of one of
// the request's properties, or nil.
func (in *interp) inScope(o *Object, name string) *Value {
	if o.Qual != requestQual || in.verb == "" || name != "user" && name != "auth" {
		return nil
	}
	return in.getAttr(o, "scope").Lookup(name)
}

// setHeader notes response.headers["Set-Cookie"] = … as a call, and a write
// to the session.
func (in *interp) setHeader(recv, key, v *Value, node pysrc.Node) {
	switch {
	case recv.Kind == ObjectKind && recv.Object.Qual == "request.session":
		in.record("request.session.__setitem__", recv, Args{Pos: []*Value{key, v}}, in.place(node), nil)
	case recv.Method == "headers" && key.Kind == Str:
		in.record("?.headers.__setitem__", recv, Args{Pos: []*Value{key, v}}, in.place(node), nil)
	}
}

// security returns what a security class takes from the request.
func (in *interp) security(v *Value) *Value {
	o := v.Object
	required := true
	if a := o.Args.Get("auto_error", -1); a != nil {
		if t, known := a.Truth(); known {
			required = t
		}
	}
	name := ""
	if a := o.Args.Get("name", -1); a != nil {
		name = keyText(a)
	}
	var s *Source
	switch tail(o.Qual) {
	case "APIKeyCookie":
		if a := o.Args.Get("name", -1); a != nil {
			name = CookieName(a)
		}
		s = &Source{Kind: FromCookie, Name: name, Required: required, At: o.At, Chain: in.chain()}
	case "APIKeyHeader":
		s = &Source{Kind: FromHeader, Name: strings.ToLower(name), Required: required, At: o.At, Chain: in.chain()}
	case "APIKeyQuery":
		s = &Source{Kind: FromQuery, Name: name, Required: required, At: o.At, Chain: in.chain()}
	case "OAuth2PasswordBearer", "OAuth2AuthorizationCodeBearer", "HTTPBearer", "OAuth2", "OpenIdConnect", "HTTPBase", "HTTPDigest":
		s = &Source{Kind: FromBearer, Name: "authorization", Required: required, At: o.At, Chain: in.chain()}
	default:
		return unknown
	}
	in.trace.Reads = append(in.trace.Reads, s)
	return &Value{Sources: in.handedOn(s), At: o.At}
}
