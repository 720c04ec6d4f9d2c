package fastapi

import (
	"regexp"
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

func (in *interp) ifStmt(s *pysrc.If) {
	test := in.eval(s.Test)
	f := in.frame()
	if truth, known := test.Truth(); known && len(test.Sources) == 0 {
		if truth {
			in.narrow(s.Test, true)
			in.demand(test, s)
		} else {
			in.block(s.Else)
		}
		return
	}
	at := in.place(s.Test)
	n, closed := len(in.trace.Raised), in.trace.Closed
	before := f.result
	f.result = nil
	bodyRefuses := false
	var raised Place
	status := 0
	usual, decided := test.Usual()
	decided = decided && len(test.Sources) == 0
	// way runs a branch that is taken where the condition is truth.
	way := func(truth bool, run func()) {
		n := &f.unsure
		if decided && usual != truth {
			n = &f.rare
		} else if decided {
			run()
			return
		}
		*n++
		run()
		*n--
	}
	f.ifs++
	ended, elseEnded := in.branch(func() {
		in.narrow(s.Test, true)
		way(true, func() { in.block(s.Body) })
		bodyRefuses, status, raised = in.refuses(n, closed, f)
	}, func() {
		in.narrow(s.Test, false)
		n, closed = len(in.trace.Raised), in.trace.Closed
		way(false, func() { in.block(s.Else) })
	}, decided, usual)
	f.ifs--
	f.result = join(before, f.result)
	ops := in.compares(s.Test)
	srcs := sourcesOf(test)
	for _, o := range ops {
		srcs = mergeSources(srcs, sourcesOf(o.Sides...))
	}
	there, asks := presence(s.Test)
	// What is made of a cookie may be a reason to refuse it: one that was revoked.
	refusesKnown := func(way bool) bool {
		return asks && there == way && (status != 401 || test.Kind == Unknown && test.Call == nil && test.Method == "")
	}
	either := in.cookieOrHeader(s.Test, srcs)
	switch {
	case ended && bodyRefuses:
		in.trace.Refusals = append(in.trace.Refusals, &Refusal{Sources: srcs, At: at, Status: status, Fn: f.fn, Op: ops, Raise: raised, Present: refusesKnown(true), Nested: f.ifs > 0, Either: either})
	case elseEnded && len(s.Else) > 0 && (len(in.trace.Raised) > n || in.trace.Closed > closed):
		_, status, raised = in.refuses(n, closed, f)
		in.trace.Refusals = append(in.trace.Refusals, &Refusal{Sources: srcs, At: at, Status: status, Fn: f.fn, Op: ops, Raise: raised, Present: refusesKnown(false), Nested: f.ifs > 0, Either: either})
	case ended:
		in.trace.Skips = append(in.trace.Skips, &Skip{Sources: srcs, At: at, Fn: f.fn, Texts: in.texts(s.Test), absent: asks && !there})
		if f.depth == 0 {
			f.passes = append(f.passes, &Refusal{Sources: srcs, At: at, Fn: f.fn, Op: ops})
		}
		if own := slices.DeleteFunc(slices.Clone(srcs), func(s *Source) bool { return s.Kind != FromCookie && s.Kind != FromSession }); len(own) > 0 && !(asks && !there) {
			f.known = append(f.known, &Refusal{Sources: own, At: at, Fn: f.fn})
		}
	}
}

// demand runs the body of a condition that the default of an environment
// variable meets. Where that ends in an exception or the process the variable
// must be set, and what follows runs with whatever it is.
func (in *interp) demand(test *Value, s *pysrc.If) {
	f := in.frame()
	raised, calls := len(in.trace.Raised), len(in.trace.Calls)
	in.block(s.Body)
	if test.Env == "" {
		return
	}
	exits := slices.ContainsFunc(in.trace.Calls[calls:], func(c *Call) bool { return c.Name == "sys.exit" || c.Name == "builtins.exit" || c.Name == "os._exit" })
	if exits || f.ended && len(in.trace.Raised) > raised {
		f.ended = false
		in.unset(s.Test)
	}
}

// unset forgets the defaults of what a condition asks to be there.
func (in *interp) unset(test pysrc.Expr) {
	switch t := test.(type) {
	case *pysrc.Unary:
		in.unset(t.X)
	case *pysrc.Logic:
		for _, x := range t.Xs {
			in.unset(x)
		}
	case *pysrc.Name:
		if v := in.quiet(t); v.Env != "" && v.Kind == Str {
			in.set(in.frame().scope, t.ID, &Value{Env: v.Env})
		}
	case *pysrc.Attr:
		if v, of := in.quiet(t), in.quiet(t.X); v.Env != "" && v.Kind == Str && of.Kind == ObjectKind {
			in.setAttr(of.Object, t.Name, &Value{Env: v.Env})
		}
	}
}

// cookieOrHeader reports whether a condition asks only if there is what is
// either a cookie or a header.
func (in *interp) cookieOrHeader(test pysrc.Expr, srcs []*Source) bool {
	of := func(srcs []*Source) (cookie, header bool) {
		for _, s := range srcs {
			cookie = cookie || s.Kind == FromCookie || s.Kind == FromSession
			header = header || s.Kind == FromHeader || s.Kind == FromBearer
		}
		return cookie, header
	}
	if cookie, header := of(srcs); !cookie || !header {
		return false
	}
	for {
		t, ok := test.(*pysrc.Unary)
		if !ok {
			break
		}
		test = t.X
	}
	switch test.(type) {
	case *pysrc.Name, *pysrc.Attr:
	default:
		return false
	}
	cookies, headers, both := false, false, false
	in.quiet(test).Each(func(v *Value) {
		cookie, header := of(v.Sources)
		cookies = cookies || cookie && !header
		headers = headers || header && !cookie
		both = both || cookie && header // what compares one with the other is a check
	})
	return cookies && headers && !both
}

// presence reports whether a condition asks if something is there, and whether
// it is true where that is.
func presence(test pysrc.Expr) (there, asks bool) {
	switch t := test.(type) {
	case *pysrc.Name, *pysrc.Attr, *pysrc.Index, *pysrc.Call:
		return true, true
	case *pysrc.Await:
		return presence(t.X)
	case *pysrc.Walrus:
		return true, true
	case *pysrc.Unary:
		there, asks = presence(t.X)
		return !there, asks && t.Op == "not"
	case *pysrc.Compare:
		if len(t.Ops) != 1 {
			return false, false
		}
		c, ok := t.Xs[1].(*pysrc.Const)
		none := ok && c.Kind == pysrc.None
		switch op := t.Ops[0]; op {
		case "is", "==":
			return false, none
		case "is not", "!=":
			return true, none
		case "in", "not in":
			_, ok := t.Xs[0].(*pysrc.Str)
			return op == "in", ok
		}
	case *pysrc.Logic:
		for i, x := range t.Xs {
			a, ok := presence(x)
			if !ok || i > 0 && a != there {
				return false, false
			}
			there = a
		}
		return there, len(t.Xs) > 0
	}
	return false, false
}

// refuseRest notes, where a function that lets requests pass by one condition
// or the other refuses all others in the end, that each of them refuses too.
func (in *interp) refuseRest(status int, raised Place) {
	in.refuseUnknown(status, raised)
	f := in.frame()
	if f.depth == 0 && status >= 400 && status < 500 {
		for _, s := range in.trace.Skips {
			s.Guests = s.Guests || s.absent && s.Fn == f.fn
		}
	}
	if f.depth > 0 || len(f.passes) == 0 || status < 400 || status >= 500 {
		return
	}
	// A condition that a cookie alone meets leaves no header to be asked for.
	var asked []*Refusal
	for _, p := range f.passes {
		if len(p.Sources) == 0 {
			continue
		}
		if !slices.ContainsFunc(p.Sources, func(s *Source) bool { return s.Kind == FromHeader || s.Kind == FromForm }) {
			return
		}
		asked = append(asked, p)
	}
	for _, p := range asked {
		p.Status, p.Raise = status, raised
		in.trace.Refusals = append(in.trace.Refusals, p)
	}
}

// refuseUnknown notes, where a function lets pass whom a cookie names, at whatever
// depth, and refuses all others in the end, that the cookie is what it asks for.
func (in *interp) refuseUnknown(status int, raised Place) {
	f := in.frame()
	if f.depth > 0 || status >= 500 {
		return
	}
	for _, p := range f.known {
		p.Status, p.Raise = status, raised
	}
	in.trace.Refusals = append(in.trace.Refusals, f.known...)
	f.known = nil
}

// sendsAway returns the status by which an answer sends someone away who is not
// logged in: a refusal, or a redirect to the login; 0 where it does not.
func sendsAway(v *Value) int {
	if st := Status(v); st == 401 || st == 403 {
		return st
	}
	if v.Kind == ObjectKind && v.Object.Qual == "starlette.RedirectResponse" {
		if to := v.Object.Args.Get("url", 0); to != nil && loginPath.MatchString(keyText(to)) {
			return 307
		}
	}
	return 0
}

var loginPath = regexp.MustCompile(`(?i)log[-_]?in|sign[-_]?in|auth`)

// refuses reports whether the branch that just ended refuses the request: it
// raised something since n, closed a WebSocket, or answers with 4xx.
func (in *interp) refuses(n, closed int, f *frame) (bool, int, Place) {
	if !f.ended {
		return false, 0, Place{}
	}
	if len(in.trace.Raised) > n {
		r := in.trace.Raised[len(in.trace.Raised)-1]
		return !r.Muted, r.Status, r.At
	}
	if in.trace.Closed > closed {
		return true, 403, Place{} // which is what a handshake is answered that is closed
	}
	refused, status := false, 0
	var look func(v *Value)
	look = func(v *Value) {
		if v.Kind == List {
			// A helper may return its refusal beside what it found: None, response.
			for _, e := range v.Elems {
				e.Each(look)
			}
		}
		st := Status(v)
		if st == 0 && v.Kind == ObjectKind && v.Object.Qual == "starlette.RedirectResponse" {
			st = 307 // to the login page, as pages do
		}
		if st >= 300 && st < 500 {
			refused, status = true, st
		}
	}
	f.result.Each(look)
	return refused, status, Place{}
}

// Status returns the HTTP status of an exception or a response, the last where
// there may be several; 0 where none is known.
func Status(v *Value) int {
	list := Statuses(v)
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1]
}

// Statuses returns every HTTP status that an exception or a response may have.
func Statuses(v *Value) []int {
	var list []int
	v.Each(func(x *Value) {
		if x.Kind != ObjectKind {
			return
		}
		pos := -1
		switch tail(x.Object.Qual) {
		case "HTTPException":
			pos = 0
		case "Response", "JSONResponse", "PlainTextResponse", "HTMLResponse", "ORJSONResponse", "UJSONResponse":
			pos = 1
		}
		if a := x.Object.Args.Get("status_code", pos); a != nil {
			a.Each(func(y *Value) {
				status := 0
				switch y.Kind {
				case Num:
					status = int(y.Num)
				case External:
					status = statusConstant(y.Text)
				}
				list = append(list, status)
			})
		}
	})
	return list
}

// texts lists the strings in a condition, also those of lists that it names.
func (in *interp) texts(test pysrc.Expr) []string {
	var out []string
	pysrc.Inspect(test, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.Str, *pysrc.Name, *pysrc.Attr:
			v := in.quiet(n.(pysrc.Expr))
			for _, e := range append([]*Value{v}, v.Elems...) {
				if e.Kind == Str {
					out = append(out, e.Text)
				}
			}
		case *pysrc.Lambda:
			return false
		}
		return true
	})
	return out
}

// compares lists the comparisons of a condition.
func (in *interp) compares(test pysrc.Expr) []CompareOp {
	var out []CompareOp
	pysrc.Inspect(test, func(n pysrc.Node) bool {
		switch n := n.(type) {
		case *pysrc.Compare:
			op := CompareOp{Op: n.Ops[0]}
			for _, x := range n.Xs {
				op.Sides = append(op.Sides, in.quiet(x))
			}
			out = append(out, op)
			return false
		case *pysrc.Call:
			op := CompareOp{Op: "call"}
			switch fn := n.Fn.(type) {
			case *pysrc.Attr:
				op.Op = fn.Name
				op.Sides = append(op.Sides, in.quiet(fn.X))
			case *pysrc.Name:
				op.Op = fn.ID
			}
			for _, x := range n.Args {
				op.Sides = append(op.Sides, in.quiet(x.Value))
			}
			out = append(out, op)
			return false
		case *pysrc.Lambda, *pysrc.Comp:
			return false
		}
		return true
	})
	return out
}

// narrow drops None from what a condition shows to be there.
func (in *interp) narrow(test pysrc.Expr, truth bool) {
	switch t := test.(type) {
	case *pysrc.Unary:
		if t.Op == "not" {
			in.narrow(t.X, !truth)
		}
	case *pysrc.Logic:
		if t.Or != truth {
			for _, x := range t.Xs {
				in.narrow(x, truth)
			}
		}
	case *pysrc.Name:
		s := in.frame().scope
		v, ok := in.get(s, t.ID)
		if !ok || v.Kind != Union {
			return
		}
		var kept *Value
		for _, a := range v.Alts {
			if tr, known := a.Truth(); !known || tr == truth || len(a.Sources) > 0 && a.Kind == Unknown {
				kept = join(kept, a)
			}
		}
		if kept != nil {
			in.write(s, t.ID, kept.with(v.Sources))
		}
	}
}
