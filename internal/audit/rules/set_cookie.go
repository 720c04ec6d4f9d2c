package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
)

// A cookie is one that a response sets.
type cookie struct {
	call     *fastapi.Call
	name     string
	httpOnly *fastapi.Value // nil where nothing is said
	secure   *fastapi.Value
	sameSite *fastapi.Value
	domain   *fastapi.Value
	value    *fastapi.Value
	deletes  bool
	token    bool
	lib      *libraries.CookieSetting
}

func (m *model) findCookies() []*cookie {
	var out []*cookie
	for _, call := range m.calls {
		if tail(call.Name) == "set_cookie" && call.Recv != nil {
			out = append(out, m.setCookie(call))
			continue
		}
		if k := m.rawCookie(call); k != nil {
			out = append(out, k)
			continue
		}
		for _, s := range m.cookieSettings(call) {
			args := call.Args
			if m.meaningOf(call).adds && len(args.Pos) > 0 {
				args.Pos = args.Pos[1:]
			}
			k := &cookie{call: call, lib: s, name: s.NameDefault, token: true}
			get := func(a libraries.Arg) *fastapi.Value {
				if a.Name == "" {
					return nil
				}
				if s.Params.Name != "" && a != s.CookieName {
					return argumentOf(args.Get(s.Params.Name, s.Params.Pos), a)
				}
				return args.Get(a.Name, a.Pos)
			}
			if v := get(s.CookieName); v != nil {
				k.name = fastapi.CookieName(v)
			}
			k.secure, k.httpOnly, k.sameSite, k.domain = get(s.Secure), get(s.HTTPOnly), get(s.SameSite), get(s.Domain)
			if s.Session {
				k.token = m.sessionAuthenticates()
			}
			out = append(out, k)
		}
	}
	return withoutDoubles(out)
}

// argumentOf returns an argument that an object was made with; nil where it was
// made without, and what is not known where the object is not.
func argumentOf(v *fastapi.Value, a libraries.Arg) *fastapi.Value {
	switch {
	case v == nil:
		return nil
	case v.Kind != fastapi.ObjectKind || v.Object.Args.Open:
		return &fastapi.Value{}
	}
	return v.Object.Args.Get(a.Name, a.Pos)
}

// attached notes which cookies the methods of libraries' frontends set.
func (m *model) attached() {
	for _, call := range m.calls {
		f := m.meaningOf(call).frontend
		if f == nil || tail(call.Name) != f.Attach || call.Recv == nil || call.Recv.Kind != fastapi.ObjectKind {
			continue
		}
		for _, k := range m.cookies {
			if k.lib != nil && k.call.At == call.Recv.Object.At {
				m.cookiesBy[call] = append(m.cookiesBy[call], k)
			}
		}
	}
}

// withoutDoubles drops the sessions that libraries set up by themselves where
// the program has one of its own, which holds the same cookie and sets it no
// better.
func withoutDoubles(cookies []*cookie) []*cookie {
	own := slices.ContainsFunc(cookies, func(k *cookie) bool {
		return k.lib != nil && k.lib.Session && !k.lib.Own && off(k.secure, k.lib.SecureDefault)
	})
	return slices.DeleteFunc(cookies, func(k *cookie) bool { return own && k.lib != nil && k.lib.Own })
}

func (m *model) sessionAuthenticates() bool {
	for _, r := range m.routes {
		if _, ok := m.entersSession(r); ok {
			return true
		}
		for _, s := range r.credentials {
			if s.Kind == fastapi.FromSession {
				return true
			}
		}
	}
	return false
}

// text returns the first string that a value may be.
func text(v *fastapi.Value) string {
	out := ""
	v.Each(func(x *fastapi.Value) {
		if x.Kind == fastapi.Str && out == "" {
			out = x.Text
		}
	})
	return out
}

func (m *model) setCookie(call *fastapi.Call) *cookie {
	a := call.Args
	// Starlette: set_cookie(key, value, max_age, expires, path, domain, secure, httponly, samesite).
	k := &cookie{call: call, value: a.Get("value", 1), domain: a.Get("domain", 5), secure: a.Get("secure", 6), httpOnly: a.Get("httponly", 7), sameSite: a.Get("samesite", 8)}
	if v := a.Get("key", 0); v != nil {
		k.name = fastapi.CookieName(v)
	}
	if strings.HasPrefix(call.Name, "fastapi_login") {
		// fastapi-login: set_cookie(response, token), always HttpOnly and never Secure.
		k.name, k.token, k.value = "access-token", true, a.Get("token", 1)
		k.httpOnly = &fastapi.Value{Kind: fastapi.Bool, Bool: true}
		if call.Recv.Kind == fastapi.ObjectKind {
			if v := call.Recv.Object.Args.Get("cookie_name", 5); v != nil {
				k.name = fastapi.CookieName(v)
			}
		}
		return k
	}
	for _, v := range []*fastapi.Value{a.Get("max_age", 2), a.Get("expires", 3)} {
		if v != nil && v.Kind == fastapi.Num && v.Num <= 0 {
			k.deletes = true
		}
	}
	if k.value != nil && k.value.Kind == fastapi.Str && goneWord.MatchString(k.value.Text) {
		k.deletes = true
	}
	if a.Open { // what is not known may say what is asked for
		unknown := &fastapi.Value{}
		for _, p := range []**fastapi.Value{&k.secure, &k.httpOnly, &k.sameSite} {
			if *p == nil {
				*p = unknown
			}
		}
	}
	k.token = !k.deletes && (m.credNames[k.name] && k.name != "" || !digest(k.value, 0) && !sameForAll(k.value) && !passingName.MatchString(k.name) && (m.namesCredential(k.name) || m.fromSign(k.value)))
	return k
}

// settled reports whether the name of a cookie is known, and neither hidden nor
// left to a setting without a default.
func settled(name string) bool { return name != "" && name[0] != '$' }

// goneWord is what stands in the place of a token that is taken away.
var goneWord = regexp.MustCompile(`(?i)^(deleted?|removed|expired|none|null)?$`)

var truthWord = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|[01])$`)

// namesCredential reports whether a cookie is called like a credential. Where it
// is known which cookies are, one that only names the user is none of them.
func (m *model) namesCredential(name string) bool {
	return credentialName.MatchString(name) && (len(m.credNames) == 0 || credentialName.MatchString(userWord.ReplaceAllString(name, "")))
}

var userWord = regexp.MustCompile(`(?i)^user(name)?_?`)

// sameForAll reports whether a cookie says the same to everyone, as a mark that
// someone was logged in does.
func sameForAll(v *fastapi.Value) bool {
	return v != nil && v.Env == "" && (v.Kind == fastapi.Bool || v.Kind == fastapi.Num || v.Kind == fastapi.Str && truthWord.MatchString(v.Text))
}

// digest reports whether a value is a hash of something, which tells whose
// page this is, and is no credential unless some route takes it for one.
func digest(v *fastapi.Value, depth int) bool {
	if v == nil || depth > 6 {
		return false
	}
	if c := v.Call; c != nil {
		if strings.HasPrefix(c.Name, "hashlib.") {
			return true
		}
		if digest(c.Recv, depth+1) || slices.ContainsFunc(c.Args.Pos, func(a *fastapi.Value) bool { return digest(a, depth+1) }) {
			return true
		}
	}
	return digest(v.Recv, depth+1)
}

// fromSign reports whether a value came out of a call that signs tokens.
func (m *model) fromSign(v *fastapi.Value) bool {
	if v == nil {
		return false
	}
	found := false
	v.Each(func(x *fastapi.Value) {
		if name, ok := strings.CutPrefix(x.Method, "call:"); ok {
			if _, signs := m.signs[name]; signs {
				found = true
			}
		}
	})
	return found
}

// sameSiteOf returns the attribute in force: "lax", "strict", "none", "" where
// it is left out, or "?" where it is not known.
func (k *cookie) sameSiteOf() string {
	v := k.sameSite
	if v == nil {
		if k.lib != nil {
			return k.lib.SameSiteDefault
		}
		return "lax"
	}
	switch v.Kind {
	case fastapi.None:
		return ""
	case fastapi.Str:
		return strings.ToLower(v.Text)
	case fastapi.External: // a member of a library's enumeration
		switch s := strings.ToLower(tail(v.Text)); s {
		case "lax", "strict", "none":
			return s
		}
	case fastapi.Bool:
		if !v.Bool {
			return ""
		}
	}
	return "?"
}

// off reports whether a flag is not set, for sure or by default.
func off(v *fastapi.Value, byDefault bool) bool {
	if v == nil {
		return !byDefault
	}
	if v.Kind == fastapi.Unknown && v.Default != nil && v.Default.Kind == fastapi.None {
		return false // what a setting without default says, each deployment decides
	}
	t, known := v.Usual()
	return known && !t
}

// sameSiteFor returns the weakest SameSite with which a cookie of that name is
// set, and how it was found; "?" where it is never set in this source.
func (m *model) sameSiteFor(s *fastapi.Source) (string, *cookie) {
	best, by := "?", (*cookie)(nil)
	rank := map[string]int{"none": 0, "": 1, "lax": 2, "strict": 3, "?": 4}
	for _, k := range m.cookies {
		session := k.lib != nil && k.lib.Session
		if k.deletes || s.Kind == fastapi.FromSession && !session || s.Kind == fastapi.FromCookie && (session || k.name != s.Name) {
			continue
		}
		if v := k.sameSiteOf(); rank[v] < rank[best] {
			best, by = v, k
		}
	}
	return best, by
}

// line returns the source line of a place.
func line(at fastapi.Place) string {
	if at.File == nil {
		return ""
	}
	return at.File.LineText(at.Start().Line)
}
