package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

var (
	codeName  = regexp.MustCompile(`(?i)^((auth|authori[sz]ation|oauth|access|login)_?)?code$`)
	stateName = regexp.MustCompile(`(?i)(^|_)state$|State$`)
	// flowWord are what a browser keeps between the two halves of an OAuth flow.
	flowWord = regexp.MustCompile(`(?i)state|nonce|verifier|pkce|(^|_)flow(_|$)`)
)

// takesCode reports whether the route takes an authorization code out of the
// request, by itself or by a library that it hands the request.
func (r *route) takesCode() bool {
	for _, s := range r.Trace.Reads {
		if codeName.MatchString(s.Name) && (r.Method == "GET" && s.Kind == fastapi.FromQuery || r.Method == "POST" && s.Kind == fastapi.FromForm) {
			return true
		}
	}
	if r.Method != "GET" {
		return false
	}
	for _, call := range r.Trace.Calls {
		switch name := tail(call.Name); {
		case name == "verify_and_process", strings.HasPrefix(call.Name, "depends:") && name == "OAuth2AuthorizeCallback":
			return true
		case name == "fetch_token" || name == "fetch_access_token":
			if _, whole := call.Args.Kw["authorization_response"]; whole {
				return true
			}
		}
	}
	return false
}

// bindsFlow reports whether the route passes only who began the flow in the same
// browser: it asks for what the browser kept of the beginning, or leaves that to
// a library. One who looks the state up elsewhere is let off too, though another
// browser may have begun it.
func (r *route) bindsFlow() bool {
	if r.calls("authorize_access_token", "acquire_token_by_auth_code_flow") {
		return true
	}
	for _, ref := range r.Trace.Refusals {
		if asksForState(ref.Sources, ref.At) && !presenceFirst(ref.At) && !onlyWherePresent(ref) {
			return true
		}
	}
	for _, skip := range r.Trace.Skips {
		if asksForState(skip.Sources, skip.At) && !presenceFirst(skip.At) {
			return true
		}
	}
	return slices.ContainsFunc(r.Trace.Calls, func(call *fastapi.Call) bool {
		for _, a := range call.Args.Pos {
			if kept(a) || sentState(a) && looksUp(call) {
				return true
			}
		}
		for _, name := range sortedNames(call.Args.Kw) {
			a := call.Args.Kw[name]
			if kept(a) || sentState(a) && looksUp(call) || name == "state" && slices.ContainsFunc(a.AllSources(), ofBrowser) {
				return true // a flow that is made with its state compares it
			}
		}
		return false
	})
}

// asksForState reports whether a condition looks at the state that came with the
// request, and for more than whether there is one.
func asksForState(sources []*fastapi.Source, at fastapi.Place) bool {
	if at.File == nil || onlyPresence(at.File.Text(at.Span)) {
		return false
	}
	// What the code was exchanged for is made of the state too where the provider
	// wants it for that.
	exchanged := madeOfCode(sources) && !strings.Contains(strings.ToLower(at.File.Text(at.Span)), "state")
	return slices.ContainsFunc(sources, func(s *fastapi.Source) bool {
		switch s.Kind {
		case fastapi.FromSession, fastapi.FromCookie:
			return flowWord.MatchString(s.Name)
		case fastapi.FromQuery, fastapi.FromForm:
			return stateName.MatchString(s.Name) && !exchanged
		}
		return false
	})
}

// onlyPresence reports whether a condition asks no more than whether the state,
// and what else it names, is there.
func onlyPresence(test string) bool {
	return presence(pysrc.ParseExpr(test))
}

func presence(x pysrc.Expr) bool {
	switch x := x.(type) {
	case *pysrc.Name:
		return stateName.MatchString(x.ID) || codeName.MatchString(x.ID) || x.ID == "error"
	case *pysrc.Unary:
		return x.Op == "not" && presence(x.X)
	case *pysrc.Compare:
		c, none := x.Xs[len(x.Xs)-1].(*pysrc.Const)
		return none && c.Kind == pysrc.None && len(x.Xs) == 2 && presence(x.Xs[0])
	case *pysrc.Logic:
		return !slices.ContainsFunc(x.Xs, func(y pysrc.Expr) bool { return !presence(y) })
	}
	return false
}

// onlyWherePresent reports whether a comparison stands in a branch for where
// what it compares is there, so that leaving it out passes.
func onlyWherePresent(ref *fastapi.Refusal) bool {
	if ref.Fn == nil || ref.Fn.Decl == nil {
		return false
	}
	file, found := ref.At.File, false
	compared := file.Text(ref.At.Span)
	pysrc.InspectAll(ref.Fn.Decl.Body, func(n pysrc.Node) bool {
		s, ok := n.(*pysrc.If)
		if !ok || !blockOf(s.Body).holds(ref.At) {
			return !found
		}
		name, ok := s.Test.(*pysrc.Name)
		found = found || ok && strings.Contains(compared, name.ID) && flowWord.MatchString(name.ID)
		return !found
	})
	return found
}

// kept reports whether a value came out of what the browser keeps of the flow's
// beginning.
func kept(v *fastapi.Value) bool {
	return slices.ContainsFunc(v.AllSources(), func(s *fastapi.Source) bool {
		return ofBrowser(s) && flowWord.MatchString(s.Name) && !stateName.MatchString(s.Name)
	})
}

func ofBrowser(s *fastapi.Source) bool {
	return s.Kind == fastapi.FromSession || s.Kind == fastapi.FromCookie
}

// sentState reports whether a value is made of the state of the request, and
// not of what its code was exchanged for.
func sentState(v *fastapi.Value) bool {
	sources := v.AllSources()
	return !madeOfCode(sources) && slices.ContainsFunc(sources, func(s *fastapi.Source) bool { return sent(s) && stateName.MatchString(s.Name) })
}

// madeOfCode reports whether something is made of an authorization code.
func madeOfCode(sources []*fastapi.Source) bool {
	return slices.ContainsFunc(sources, func(s *fastapi.Source) bool { return sent(s) && codeName.MatchString(s.Name) })
}

func sent(s *fastapi.Source) bool { return s.Kind == fastapi.FromQuery || s.Kind == fastapi.FromForm }

var (
	lookWord   = regexp.MustCompile(`(?i)^(a?get|getdel|pop|delete|exists|where|filter|filter_by|find_one|find_one_and_delete|execute|scalar|loads|unsign|decrypt)$|state|verify|valid|check|decode|consume`)
	clientName = regexp.MustCompile(`(?i)^(httpx|requests|aiohttp)\.`)
)

// looksUp reports whether a call asks a store, or a signature, about what it is
// given.
func looksUp(call *fastapi.Call) bool {
	return lookWord.MatchString(tail(call.Name)) && !clientName.MatchString(call.Name) && !strings.Contains(strings.ToLower(call.Text), "client")
}

// begins returns what the callback of an OAuth flow sets that authenticates from
// now on. What is called a token or a user is taken for one also where the
// program that reads it does not show.
func (m *model) begins(r *route) (what string, at fastapi.Place, how string) {
	if what, at, how = m.authenticatesBy(r); what != "" {
		return what, at, how
	}
	for _, k := range m.cookiesOf(r) {
		if k.token && !m.forAnyone(k) {
			return k.label(), k.call.At, "the cookie is set here"
		}
	}
	for _, call := range r.Trace.Calls {
		if key := text(call.Args.Get("", 0)); call.Name == "request.session.__setitem__" && len(call.Args.Pos) == 2 && call.Args.Pos[1].Kind != fastapi.None &&
			credentialName.MatchString(key) && !passingName.MatchString(key) {
			return "The session's \"" + key + "\"", call.At, "the session is written here"
		}
	}
	return "", fastapi.Place{}, ""
}
