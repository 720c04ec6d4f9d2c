package rules

import (
	"regexp"
	"slices"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// examine finds what a route takes for its credential, and what guards it.
func (m *model) examine(r *route) {
	t := r.Trace
	isCredential := func(s *fastapi.Source) bool {
		return !s.Aside && (s.Kind == fastapi.FromCookie || s.Kind == fastapi.FromSession) && !passingName.MatchString(s.Name)
	}
	add := func(s *fastapi.Source) {
		s = r.takingRead(s)
		for _, have := range r.credentials {
			if have.At == s.At && have.Name == s.Name {
				return
			}
		}
		r.credentials = append(r.credentials, s)
	}
	isAccount := func(s *fastapi.Source) bool { return isCredential(s) && namesAccount(s) }
	for _, call := range t.Calls {
		k := m.meaningOf(call)
		if !k.reads {
			if k.looksUp && !r.forGuests(call) {
				r.looked(call.Args, isAccount)
			}
			continue
		}
		for _, a := range call.Args.Pos {
			r.taken(a, isCredential, add)
		}
		for _, name := range sortedNames(call.Args.Kw) {
			r.taken(call.Args.Kw[name], isCredential, add)
		}
	}
	for _, s := range t.Reads {
		if s.Aside {
			continue
		}
		if r.Admin != "" && isCredential(s) {
			add(s) // the handler is there to say who is logged in
		}
		if s.Kind == fastapi.FromCookie && s.Required && isCredential(s) && credentialName.MatchString(s.Name) && !r.takesOnly(s) {
			add(s)
		}
		if isAuthHeader(s) {
			r.header = s
		}
		if s.Required && !slices.Contains(r.instead, s.At) && (isAuthHeader(s) || s.Kind == fastapi.FromHeader && !ordinary[s.Name]) {
			r.mustHeader = s
		}
	}
	for _, ref := range t.Refusals {
		m.refusal(r, ref, isCredential, add)
	}
	for _, skip := range t.Skips {
		if g := turnedAway(skip); g != "" {
			r.guards = append(r.guards, guard{g, skip.At})
		}
	}
	for _, call := range t.Calls {
		if g := m.meaningOf(call).check; g != "" {
			r.guards = append(r.guards, guard{g, call.At})
		}
	}
}

// takingRead returns the read by which a cookie is taken that a test asks for
// only whether it is there.
func (r *route) takingRead(s *fastapi.Source) *fastapi.Source {
	if s.Presence {
		for _, t := range r.Trace.Reads {
			if !t.Presence && t.Kind == s.Kind && t.Name == s.Name && t.At.FileName() == s.At.FileName() {
				return t
			}
		}
	}
	return s
}

// taken notes the cookies in a token that is decoded, and the headers that
// would do as well.
func (r *route) taken(token *fastapi.Value, isCredential func(*fastapi.Source) bool, add func(*fastapi.Source)) {
	sources := token.AllSources()
	cookie := false
	for _, s := range sources {
		if isCredential(s) {
			cookie = true
			add(s)
		}
	}
	header := false
	for _, s := range sources {
		header = header || s.Kind == fastapi.FromHeader || s.Kind == fastapi.FromBearer
		if cookie && s.Kind == fastapi.FromHeader {
			r.header = s
			r.instead = append(r.instead, s.At)
		}
	}
	for _, s := range sources {
		if header && isCredential(s) {
			r.mixed = append(r.mixed, s.At)
		}
	}
}

// takesOnly reports whether a cookie is read and handed to nothing, so that it
// authenticates no one.
func (r *route) takesOnly(s *fastapi.Source) bool {
	for _, call := range r.Trace.Calls {
		for _, a := range call.Args.Pos {
			if slices.ContainsFunc(a.AllSources(), func(t *fastapi.Source) bool { return t.At == s.At && t.Kind == s.Kind }) {
				return false
			}
		}
	}
	for _, ref := range r.Trace.Refusals {
		if slices.ContainsFunc(ref.Sources, func(t *fastapi.Source) bool { return t.At == s.At && t.Kind == s.Kind }) {
			return false
		}
	}
	return true
}

func (m *model) refusal(r *route, ref *fastapi.Refusal, isCredential func(*fastapi.Source) bool, add func(*fastapi.Source)) {
	var cookies, headers, forms []*fastapi.Source
	if ref.Either {
		for _, s := range ref.Sources {
			switch {
			case s.Kind == fastapi.FromHeader || s.Kind == fastapi.FromBearer:
				r.header = s
				r.instead = append(r.instead, s.At)
			case isCredential(s):
				r.mixed = append(r.mixed, s.At)
			}
		}
	}
	for _, s := range ref.Sources {
		switch {
		case s.Kind == fastapi.FromCookie || s.Kind == fastapi.FromSession:
			cookies = append(cookies, s)
		case slices.Contains(r.instead, s.At):
		case isAuthHeader(s):
			if len(ref.Sources) == 1 && !ref.Present && (!ref.Nested || s.Kind == fastapi.FromHeader) {
				r.mustHeader = s
			}
		case s.Kind == fastapi.FromHeader && !ordinary[s.Name] && !r.passesWithout(s, ref) && !wherePresent(ref):
			headers = append(headers, s)
		case (s.Kind == fastapi.FromForm || s.Kind == fastapi.FromBody) && csrfName.MatchString(s.Name):
			forms = append(forms, s)
		}
	}
	// What compares a token only where there is one no request has to meet; a
	// browser sends the Origin of a foreign page whether that likes it or not.
	if presenceFirst(ref.At) && !slices.ContainsFunc(headers, func(s *fastapi.Source) bool { return s.Name == "origin" }) {
		return
	}
	r.answers = r.answers || answersNonce(ref) && !onlyWherePresent(ref)
	for _, h := range headers {
		r.guards = append(r.guards, guard{"the " + h.Name + " header is checked", ref.At})
	}
	for _, f := range forms {
		r.guards = append(r.guards, guard{"the form's " + f.Name + " is checked", ref.At})
	}
	if len(headers)+len(forms) > 0 {
		return
	}
	if answersCode(ref) {
		r.answers = true
		return
	}
	if ref.Present {
		return // it refuses whom it knows, and not all others
	}
	for _, s := range cookies {
		if isCredential(s) && (ref.Status == 401 || ref.Status == 403 || ref.Status == 0 || ref.Status == 400 || ref.Status == 307 || ref.Status == 302 || ref.Status == 303) &&
			(credentialName.MatchString(s.Name) || !settled(s.Name) || ref.Status == 401 || s.Kind == fastapi.FromSession) {
			add(s)
		}
	}
}

var nonceName = regexp.MustCompile(`(?i)(^|_)(csrf|xsrf|state|nonce)(_|$)`)

// answersNonce reports whether a condition compares what a session or a cookie
// of the browser keeps for once with what the request brings.
func answersNonce(ref *fastapi.Refusal) bool {
	for _, op := range ref.Op {
		if op.Op != "!=" && op.Op != "==" && op.Op != "compare_digest" || len(op.Sides) < 2 {
			continue
		}
		for i, side := range op.Sides {
			other := op.Sides[(i+1)%len(op.Sides)]
			if other.Kind == fastapi.Str || other.Kind == fastapi.None {
				continue
			}
			for _, s := range side.AllSources() {
				if (s.Kind == fastapi.FromSession || s.Kind == fastapi.FromCookie) && nonceName.MatchString(s.Name) {
					return true
				}
			}
		}
	}
	return false
}

// toldName are names under which a session keeps what was told the user in
// another way, as by mail, to be sent back.
var toldName = regexp.MustCompile(`(?i)(^|_)(code|otp|pin|captcha|key)$`)

// answersCode reports whether a condition compares such a code with what the
// request brings: it asks who got the code, and not who is logged in.
func answersCode(ref *fastapi.Refusal) bool {
	for _, op := range ref.Op {
		if op.Op != "!=" && op.Op != "==" && op.Op != "compare_digest" || len(op.Sides) < 2 {
			continue
		}
		for i, side := range op.Sides {
			kept := slices.ContainsFunc(side.AllSources(), func(s *fastapi.Source) bool { return s.Kind == fastapi.FromSession && toldName.MatchString(s.Name) })
			brought := slices.ContainsFunc(op.Sides[(i+1)%len(op.Sides)].AllSources(), func(s *fastapi.Source) bool {
				return s.Kind == fastapi.FromForm || s.Kind == fastapi.FromBody || s.Kind == fastapi.FromQuery
			})
			if kept && brought {
				return true
			}
		}
	}
	return false
}
