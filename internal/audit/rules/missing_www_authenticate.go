package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// webhookWord are names of routes that other services call, which authenticate
// by a signature of the body.
var webhookWord = regexp.MustCompile(`(?i)web_?-?hook`)

var missingWWWAuthenticate = Rule{"missing-www-authenticate", func(c *Context) {
	if c.takesCookies() && !c.takesBearer() {
		return // what takes cookies alone has no scheme to name
	}
	judge := func(at fastapi.Place) {
		if !webhookWord.MatchString(at.FileName()) {
			c.report(at, "A 401 answer is sent without WWW-Authenticate, so clients cannot tell which scheme it wants (RFC 9110, section 11.6.1).")
		}
	}
	for _, t := range []*fastapi.Trace{c.Program.Top, c.Program.Rest} {
		for _, x := range t.Raised {
			if at := bare401(x); !at.IsZero() {
				judge(at)
			}
		}
		for _, call := range only(t.Calls, makesBare401) {
			judge(call.At)
		}
	}
	for _, r := range c.model.routes {
		if len(r.bare) > 0 && !webhookWord.MatchString(r.name()) {
			for _, at := range r.bare {
				judge(at)
			}
		}
	}
}}

// bare401 returns where a raise becomes an answer that says 401 and nothing of
// the scheme that it wants: where the exception is made, if that decides so, or
// where the handler of exceptions makes the answer. It is zero of all others.
func bare401(x *fastapi.Raised) fastapi.Place {
	if x.Answer != nil {
		return bareAnswer(x)
	}
	var at fastapi.Place
	x.Value.Each(func(v *fastapi.Value) {
		if v.Kind == fastapi.ObjectKind && strings.HasSuffix(v.Object.Qual, "HTTPException") && lacksScheme(v.Object.Args) && !v.Object.Class.Says(v.Object.Args.Get("status_code", 0)) {
			at = madeAt(x)
		}
	})
	return at
}

// bareAnswer is bare401 of an exception that a handler of the program answers.
func bareAnswer(x *fastapi.Raised) fastapi.Place {
	if slices.ContainsFunc(x.Answer.Calls, namesScheme) {
		return fastapi.Place{}
	}
	var at fastapi.Place
	x.Answer.Value.Each(func(v *fastapi.Value) {
		if v.Kind != fastapi.ObjectKind || !slices.Contains(fastapi.Statuses(v), 401) || !withoutScheme(v.Object.Args.Get("headers", 2)) {
			return
		}
		at = madeAt(x)
		if status := v.Object.Args.Get("status_code", 1); status != nil && within(status.At, x.Answer.By) {
			at = v.Object.At // whatever the exception says
		}
	})
	return at
}

// namesScheme reports whether a call sets WWW-Authenticate.
func namesScheme(call *fastapi.Call) bool {
	return len(call.Args.Pos) > 0 && strings.EqualFold(text(call.Args.Pos[0]), "www-authenticate")
}

// returns401 returns where an answer is made that a handler returns, and that
// says 401 and names no scheme; zero of all others.
func returns401(v *fastapi.Value) fastapi.Place {
	var at fastapi.Place
	v.Each(func(x *fastapi.Value) {
		if x.Kind == fastapi.ObjectKind && strings.HasPrefix(x.Object.Qual, "starlette.") && fastapi.Status(x) == 401 && withoutScheme(x.Object.Args.Get("headers", 2)) && !x.Object.Args.Open {
			at = x.Object.At
		}
	})
	return at
}

// gate401 returns where middleware that looks at the Authorization header makes
// such an answer; zero of all other calls.
func gate401(call *fastapi.Call, reads []*fastapi.Source) fastapi.Place {
	if !call.InDependency || call.Fn == nil || call.Fn.Decl == nil {
		return fastapi.Place{}
	}
	at := returns401(&fastapi.Value{Kind: fastapi.ObjectKind, Object: &fastapi.Object{Qual: call.Name, Args: call.Args, At: call.At}})
	gate := fastapi.Place{File: call.Fn.Module.File, Span: call.Fn.Decl.Range()}
	if at.IsZero() || !slices.ContainsFunc(reads, func(s *fastapi.Source) bool { return isAuthHeader(s) && within(s.At, gate) }) {
		return fastapi.Place{}
	}
	return at
}

// madeAt returns where an exception is made, which is where its headers are due,
// and need not be where it is raised.
func madeAt(x *fastapi.Raised) fastapi.Place {
	at := x.At
	x.Value.Each(func(v *fastapi.Value) {
		if v.Kind == fastapi.ObjectKind && !v.Object.At.IsZero() && !within(v.Object.At, x.At) {
			at = v.Object.At
		}
	})
	return at
}

// makesBare401 reports whether a call is that by which a class of the program
// makes itself such an answer. Those that derive from it may say otherwise
// where it leaves to them which status they have.
func makesBare401(call *fastapi.Call) bool {
	if call.Name != "fastapi.HTTPException.__init__" || !lacksScheme(call.Args) {
		return false
	}
	s := call.Args.Get("status_code", 0)
	return s != nil && within(s.At, call.At)
}

// lacksScheme reports whether an HTTPException of those arguments is a 401
// without headers.
func lacksScheme(args fastapi.Args) bool {
	v := &fastapi.Value{Kind: fastapi.ObjectKind, Object: &fastapi.Object{Qual: "fastapi.HTTPException", Args: args}}
	return fastapi.Status(v) == 401 && withoutScheme(args.Get("headers", 2)) && !args.Open
}

// withoutScheme reports whether there are no headers.
func withoutScheme(headers *fastapi.Value) bool {
	return headers == nil || headers.Kind == fastapi.None
}

// takesCookies reports whether some route is authenticated by a cookie, or
// something is that no route reaches.
func (c *Context) takesCookies() bool {
	for _, r := range c.model.routes {
		if len(r.credentials) > 0 {
			return true
		}
	}
	return len(c.model.libraryCookies) > 0 || slices.ContainsFunc(c.Program.Rest.Refusals, asksForCookie)
}

// asksForCookie reports whether a refusal looks at a cookie that says who asks.
func asksForCookie(ref *fastapi.Refusal) bool {
	return slices.ContainsFunc(ref.Sources, func(s *fastapi.Source) bool {
		return s.Kind == fastapi.FromCookie && credentialName.MatchString(s.Name) && !passingName.MatchString(s.Name)
	})
}

// takesBearer reports whether the program takes bearer tokens anywhere, or
// hands them out.
func (c *Context) takesBearer() bool {
	for _, r := range c.model.routes {
		if r.header != nil && isAuthHeader(r.header) && r.Method != "WEBSOCKET" { // browsers send none there: it is for programs
			return true
		}
		if r.bearer {
			return true
		}
	}
	for _, cfg := range c.model.configs {
		// A setting may be named like that of a library which no one asks.
		asked := slices.ContainsFunc(c.model.routes, func(r *route) bool { return r.calls(cfg.names...) })
		if asked && (cfg.headers || !cfg.cookies) {
			return true
		}
	}
	for _, call := range c.model.calls {
		switch tail(call.Name) {
		case "BearerTransport", "LoginManager":
			return true
		}
	}
	for _, s := range c.Program.Rest.Reads {
		if isAuthHeader(s) {
			return true
		}
	}
	return false
}

// handsBearer reports whether an answer says token_type.
func handsBearer(v *fastapi.Value, depth int) bool {
	found := false
	if v == nil || depth > 2 {
		return false
	}
	v.Each(func(x *fastapi.Value) {
		found = found || x.Lookup("token_type") != nil
		if x.Kind == fastapi.ObjectKind {
			_, named := x.Object.Args.Kw["token_type"]
			found = found || named
			for _, a := range x.Object.Args.Pos {
				found = found || handsBearer(a, depth+1)
			}
			found = found || handsBearer(x.Object.Args.Kw["content"], depth+1)
		}
	})
	return found
}
