package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// verifying are names of calls that check a signature by hand, or fetch the
// keys to do it with.
var verifying = regexp.MustCompile(`(?i)^verify(_(signature|jwt|token|id_token|oauth2_token|firebase_token))?$`)

// idToken is what a token endpoint hands out over TLS to who asks it; there
// the client may leave the signature unchecked (OpenID Connect Core, section
// 3.1.3.7, 6).
var idToken = regexp.MustCompile(`(?i)id_?token`)

var jwtNotVerified = Rule{"jwt-not-verified", func(c *Context) {
	// A look at the claims before a decode that verifies the same token, as
	// for choosing the key by issuer, is none.
	verifiedIn := map[*pysrc.FuncDef][]*fastapi.Call{}
	note := func(call *fastapi.Call) {
		if call.Fn != nil && call.Fn.Decl != nil {
			verifiedIn[call.Fn.Decl] = append(verifiedIn[call.Fn.Decl], call)
		}
	}
	verifiedToo := func(call *fastapi.Call) bool {
		return call.Fn != nil && call.Fn.Decl != nil && slices.ContainsFunc(verifiedIn[call.Fn.Decl], func(v *fastapi.Call) bool { return c.model.meets(call, v) })
	}
	for _, call := range c.model.calls {
		if v, ok := c.model.verifies[call.Name]; ok && !unverified(call, v) || !ok && c.model.meaningOf(call).verifying {
			note(call)
		}
	}
	elsewhere := map[*fastapi.Call]bool{}
	for _, r := range c.model.routes {
		c.verifiedElsewhere(r, elsewhere)
	}
	c.eachVerify(func(call *fastapi.Call, v libraries.Verify) {
		if !unverified(call, v) || call.Aside || elsewhere[call] || verifiedToo(call) {
			return
		}
		if call.Fn != nil && logoutWord.MatchString(call.Fn.Name()) || fromTokenEndpoint(call) || readsOnlyExpiry(call) {
			return
		}
		how := "verification is turned off"
		if v.Never {
			how = strings.TrimPrefix(call.Name, "jose.") + " never checks the signature"
		}
		c.report(call.At, "The token is read without checking its signature ("+how+"): anyone can write one for any user.")
	})
}}

// verifiedElsewhere notes those reads of a route whose token the same request
// verifies in another place.
func (c *Context) verifiedElsewhere(r *route, out map[*fastapi.Call]bool) {
	var checks []*fastapi.Call
	for _, call := range r.Trace.Calls {
		if v, ok := c.model.verifies[call.Name]; ok && !unverified(call, v) || !ok && c.model.meaningOf(call).verifying {
			checks = append(checks, call)
		}
	}
	if len(checks) == 0 {
		return
	}
	for _, call := range r.Trace.Calls {
		v, ok := c.model.verifies[call.Name]
		if !ok || !unverified(call, v) || len(call.Args.Pos) == 0 {
			continue
		}
		token := call.Args.Pos[0].AllSources()
		out[call] = out[call] || slices.ContainsFunc(checks, func(v *fastapi.Call) bool {
			return c.model.meets(call, v) && slices.ContainsFunc(v.Args.Pos, func(a *fastapi.Value) bool {
				return slices.ContainsFunc(a.AllSources(), func(s *fastapi.Source) bool {
					return slices.ContainsFunc(token, func(t *fastapi.Source) bool { return s.Kind == t.Kind && s.At == t.At })
				})
			})
		})
	}
}

// meets reports whether a request that makes one call can make the other too:
// not where each stands in a branch of its own.
func (m *model) meets(call, check *fastapi.Call) bool {
	if call.Fn == nil || check.Fn == nil || call.Fn.Decl == nil || call.Fn.Decl != check.Fn.Decl || check.At.Span.Start < call.At.Span.Start {
		return true
	}
	return !m.neverBoth(call.At, check.At, call.Fn.Decl)
}

// fromTokenEndpoint reports whether what a call reads is a token that the
// program fetched itself, and none that a request brought.
func fromTokenEndpoint(call *fastapi.Call) bool {
	if len(call.Args.Pos) == 0 {
		return false
	}
	token := call.Args.Pos[0]
	if slices.ContainsFunc(token.AllSources(), func(s *fastapi.Source) bool {
		return s.Kind == fastapi.FromBearer || s.Kind == fastapi.FromHeader || s.Kind == fastapi.FromCookie || s.Kind == fastapi.FromBody || tokenParam.MatchString(s.Name)
	}) {
		return false
	}
	args := written(call)
	return len(args) > 0 && idToken.MatchString(args[0]) || fetched(token, 0)
}

// fetched reports whether a value came out of the answer to a request of the
// program's own.
func fetched(v *fastapi.Value, depth int) bool {
	if v == nil || depth > 6 {
		return false
	}
	if v.Call != nil {
		switch tail(v.Call.Name) {
		case "json", "post", "fetch_token", "authorize_access_token", "get_access_token":
			return true
		case "loads":
			return len(v.Call.Args.Pos) > 0 && fetched(v.Call.Args.Pos[0], depth+1)
		}
		return fetched(v.Call.Recv, depth+1)
	}
	return fetched(v.Recv, depth+1)
}
