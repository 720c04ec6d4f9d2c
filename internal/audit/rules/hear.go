package rules

import (
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// Hear takes note of what one thing did, and leaves of its trace what rules ask
// for in the end: a tree of thousands of files has a hundred thousand calls,
// most of which say nothing of forgery. It may be called from several
// goroutines at once, and again for a route that ran again.
func (j *Judge) Hear(r *fastapi.Route, t *fastapi.Trace) {
	m := j.model
	for _, call := range t.Calls {
		if k := m.meaningOf(call); k.reads || k.verifying {
			m.knowForks(call.Fn)
		}
	}
	if r == nil {
		if j.keepsAll {
			return
		}
		*t = fastapi.Trace{
			Calls:    only(t.Calls, func(call *fastapi.Call) bool { return m.asksFor(call) || makesBare401(call) }),
			Reads:    only(t.Reads, isAuthHeader),
			Raised:   only(t.Raised, func(x *fastapi.Raised) bool { return !bare401(x).IsZero() }),
			Refusals: only(t.Refusals, asksForCookie),
		}
		return
	}
	x := &route{Route: r}
	x.is = x.topics()
	m.examine(x)
	m.conclude(x)
	m.mu.Lock()
	m.heard[r] = x
	m.mu.Unlock()
	if !j.keepsAll {
		m.forget(x)
	}
}

// conclude answers what rules ask of a route's whole trace.
func (m *model) conclude(r *route) {
	t := r.Trace
	for _, call := range t.Calls {
		if k := m.meaningOf(call); !slices.Contains(r.called, k) {
			r.called = append(r.called, k)
		}
		if makesBare401(call) && !slices.Contains(r.bare, call.At) {
			r.bare = append(r.bare, call.At)
		}
	}
	for _, x := range t.Raised {
		if at := bare401(x); !at.IsZero() && !slices.Contains(r.bare, at) {
			r.bare = append(r.bare, at)
		}
	}
	named := slices.ContainsFunc(t.Calls, namesScheme)
	for _, ret := range r.Returns {
		if at := returns401(ret.Value); !named && !at.IsZero() && !slices.Contains(r.bare, at) {
			r.bare = append(r.bare, at)
		}
	}
	for _, call := range t.Calls {
		if at := gate401(call, t.Reads); !named && !at.IsZero() && !slices.Contains(r.bare, at) {
			r.bare = append(r.bare, at)
		}
	}
	r.bearers = slices.ContainsFunc(t.Reads, isAuthHeader)
	for _, s := range t.Reads {
		r.form = r.form || s.Kind == fastapi.FromForm || s.Kind == fastapi.FromQuery && passwordWord.MatchString(s.Name) || s.Kind == fastapi.FromBody && s.Name == "" && within(s.At, r.bodyOf())
		r.json = r.json || s.Kind == fastapi.FromBody && s.Name != "" && within(s.At, r.bodyOf())
		r.password = r.password || (s.Kind == fastapi.FromForm || s.Kind == fastapi.FromBody || s.Kind == fastapi.FromQuery) && passwordWord.MatchString(s.Name)
		if s.Kind == fastapi.FromQuery && accessParam.MatchString(s.Name) && within(s.At, r.bodyOf()) {
			r.inQuery = append(r.inQuery, s)
		}
		if s.Kind == fastapi.FromCookie && s.Name != "" && !slices.Contains(r.reads, s.Name) {
			r.reads = append(r.reads, s.Name)
		}
	}
	// Who looks where a request was made may refuse in a way that does not show.
	r.json = r.json && !slices.ContainsFunc(t.Reads, saysFrom)
	if r.is.logout {
		if i := slices.IndexFunc(t.Calls, endsBy); i >= 0 {
			r.ended = t.Calls[i].At
		}
	}
	for _, ret := range r.Returns {
		m.knowForks(ret.Fn)
	}
	r.bearer = slices.ContainsFunc(r.Returns, func(ret fastapi.Return) bool { return handsBearer(ret.Value, 0) })
	r.asks = r.asksForCredential()
	r.anyFlow = r.takesCode() && !r.asksWho() && !r.bindsFlow()
	r.refuses = r.turnsAway()
	r.renewing = r.renews()
	if r.Method == "GET" && r.mustHeader == nil {
		r.changeAt, r.changes = r.writes()
	}
}

// saysFrom reports whether a header says where a request was made.
func saysFrom(s *fastapi.Source) bool {
	return s.Kind == fastapi.FromHeader && (s.Name == "origin" || s.Name == "referer" || strings.HasPrefix(s.Name, "sec-fetch-"))
}

// forget leaves of a route's trace what rules ask for once all was heard.
func (m *model) forget(r *route) {
	t := r.Trace
	kept := &fastapi.Trace{
		Calls: m.shareCalls(only(t.Calls, m.asksFor)),
		Skips: only(t.Skips, func(sk *fastapi.Skip) bool { return byHeader(sk) || csrfSent(sk.Sources) != nil }),
	}
	skips := slices.ContainsFunc(kept.Skips, byHeader)
	kept.Refusals = only(t.Refusals, func(ref *fastapi.Refusal) bool {
		return csrfHeader(ref) != nil || skips && checksHeader(ref)
	})
	if r.Method == "WEBSOCKET" {
		kept.Reads = only(t.Reads, func(s *fastapi.Source) bool { return s.Kind == fastapi.FromQuery || s.Kind == fastapi.FromPath })
	}
	r.Trace = kept
	if !slices.ContainsFunc(kept.Calls, func(call *fastapi.Call) bool { return tail(call.Name) == "set_cookie" }) {
		r.Returns = nil
	}
}

// only returns those of a list that are to be kept, without room for more.
func only[T any](list []T, keep func(T) bool) []T {
	var out []T
	for _, x := range list {
		if keep(x) {
			out = append(out, x)
		}
	}
	return slices.Clip(out)
}

// asksFor reports whether some rule asks for a call: by its name, or for what
// it is given. What a rule looks at otherwise, conclude must look at.
func (m *model) asksFor(call *fastapi.Call) bool {
	k := m.meaningOf(call)
	if k.asked {
		return true
	}
	switch {
	case call.Name == "request.session.__setitem__", call.Name == "request.session.clear", call.Name == "request.session.pop":
		return true
	case call.Name == "starlette.RedirectResponse":
		return carriesToken(call)
	}
	return setsRaw(call) || k.ends && ends(call) || k.decodes && len(call.Args.Pos) > 0 && slices.ContainsFunc(call.Args.Pos[0].AllSources(), inURL)
}

// setsRaw reports whether a call may write a Set-Cookie header by hand.
func setsRaw(call *fastapi.Call) bool {
	switch tail(call.Name) {
	case "append", "setdefault", "__setitem__":
		return len(call.Args.Pos) == 2 && strings.EqualFold(text(call.Args.Pos[0]), "set-cookie")
	}
	return false
}
