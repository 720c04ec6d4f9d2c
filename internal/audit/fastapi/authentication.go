package fastapi

import "strings"

// authenticates reports whether a class is Starlette's middleware that asks a
// backend who makes the request, and keeps the answer in the request.
func authenticates(q string) bool {
	return tail(q) == "AuthenticationMiddleware" && (first(q) == "starlette" || first(q) == "fastapi")
}

// authenticate runs the backend of an AuthenticationMiddleware, and keeps what
// it answers where handlers look for it.
func (in *interp) authenticate(args Args, at Place) {
	backend := args.Get("backend", 0)
	if backend == nil {
		return
	}
	settle(backend).Each(func(b *Value) {
		if b.Kind == ClassKind {
			b = in.instantiate(b.Class, Args{}, at)
		}
		if b.Kind != ObjectKind || b.Object.Class == nil {
			return
		}
		m := in.classAttr(b.Object.Class, "authenticate")
		if m == nil || m.Kind != Func {
			return
		}
		reads := len(in.trace.Reads)
		answer := in.callFunc(m.bind(b).Fn, Args{Pos: []*Value{in.request}}, at)
		// Whom it finds may come out of a table, by what the request says.
		by := credentialsOf(in.trace.Reads[reads:])
		for i, name := range []string{"auth", "user"} {
			v := unpack(answer, i, 2)
			if v == nil {
				v = unknown
			}
			in.keep(name)
			in.setAttr(in.request.Object, name, v.with(by))
		}
	})
}

// credentialsOf returns those parts of a request by which it can say who sends it.
func credentialsOf(reads []*Source) []*Source {
	var out []*Source
	for _, s := range reads {
		if s.Aside {
			continue
		}
		switch s.Kind {
		case FromCookie, FromSession, FromBearer:
			out = mergeSources(out, []*Source{s})
		case FromHeader:
			if s.Name == "authorization" || strings.HasPrefix(s.Name, "x-") {
				out = mergeSources(out, []*Source{s})
			}
		}
	}
	return out
}

// keep notes that something is kept in the request for what runs later, and
// under which name.
func (in *interp) keep(name string) { in.keeps = append(in.keeps, name) }

// look notes that a handler or a dependency looks at what may be kept so.
func (in *interp) look(name string) {
	if in.looks == nil {
		in.looks = map[string]bool{}
	}
	in.looks[name] = true
}

// A passage is what a middleware did that turns no one away itself: whom it
// does not know a handler may refuse that looks at what it keeps.
type passage struct {
	calls []*Call
	reads []*Source
	names []string // under which it keeps something
}

// unseen marks as read aside what middleware found out for a handler that
// never looks at it.
func (in *interp) unseen() {
next:
	for _, p := range in.passages {
		for _, name := range p.names {
			if in.looks[name] {
				continue next
			}
		}
		p.aside()
	}
}

func (p passage) aside() {
	for _, c := range p.calls {
		c.Aside = true
	}
	for _, s := range p.reads {
		s.Aside = true
	}
}
