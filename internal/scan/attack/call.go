package attack

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// A Call is one operation with a value in every place.
type Call struct {
	*openapi.Request
	Base *url.URL // where the API's paths begin
	// TokenOptional is set where the document does not ask for the CSRF token
	// that the call has a place for.
	TokenOptional bool
}

// Clone returns an independent copy.
func (c *Call) Clone() *Call { return &Call{c.Request.Clone(), c.Base, c.TokenOptional} }

// Forged returns the call as another site makes it: without the CSRF token
// where it can be left out, else with a made-up one.
func (c *Call) Forged() *Call {
	if c.TokenOptional {
		return c.WithoutToken().unknowing()
	}
	return c.unknowing()
}

// unknowing returns the call without what only the victim knows: where the
// present password is asked for, an attacker can but guess.
func (c *Call) unknowing() *Call {
	n, _ := c.put(asksPassword, "guessed-by-countersign-1A")
	return n
}

// asksPassword reports whether a member of that name holds the password that
// is valid now.
func asksPassword(name string) bool {
	n := strings.ToLower(name)
	return strings.Contains(n, "passw") && slices.ContainsFunc([]string{"current", "old", "existing", "present", "actual"}, func(w string) bool { return strings.Contains(n, w) })
}

// WithToken puts a token into the members of the body and the query that are
// called so.
func (c *Call) WithToken(token string) *Call {
	n, _ := c.put(actor.IsCSRFName, token)
	return n.inQuery(func(q url.Values, name string) { q.Set(name, token) })
}

// HasToken reports whether the call has a place for a CSRF token in its body or
// query.
func (c *Call) HasToken() bool {
	m, _ := c.Value.(map[string]any)
	return has(m, actor.IsCSRFName) || has(c.Query, actor.IsCSRFName)
}

// has reports whether one of m's members is called so.
func has[V any](m map[string]V, names func(string) bool) bool {
	for name := range m {
		if names(name) {
			return true
		}
	}
	return false
}

// WithoutToken leaves such members out.
func (c *Call) WithoutToken() *Call {
	n := c
	if m, _ := c.Value.(map[string]any); has(m, actor.IsCSRFName) {
		n = c.Clone()
		maps.DeleteFunc(n.Value.(map[string]any), func(name string, _ any) bool { return actor.IsCSRFName(name) })
		media, _, _ := strings.Cut(c.ContentType, ";")
		if n.Request.Encode(media) != nil {
			n = c
		}
	}
	return n.inQuery(url.Values.Del)
}

// inQuery returns the call with do applied to the query parameters that are
// called as CSRF tokens are.
func (c *Call) inQuery(do func(q url.Values, name string)) *Call {
	n := c
	for name := range c.Query {
		if actor.IsCSRFName(name) {
			if n == c {
				n = c.Clone()
			}
			do(n.Query, name)
		}
	}
	return n
}

// URL returns where the call goes.
func (c *Call) URL() *url.URL { return locate(c.Base, c.Request) }

func locate(base *url.URL, r *openapi.Request) *url.URL {
	path := strings.TrimSuffix(base.EscapedPath(), "/") + r.Path
	u := &url.URL{Path: path}
	if odd(path) {
		var err error
		if u, err = url.Parse(path); err != nil { // a path that was made is a path
			u = &url.URL{Path: "/"}
		}
	}
	u.Scheme, u.Host, u.RawQuery = base.Scheme, base.Host, r.Query.Encode()
	return u
}

// odd reports whether a path may not say what it stands for: it has other
// characters than those that are never escaped (RFC 3986 §2.3).
func odd(path string) bool {
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '/' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
		default:
			return true
		}
	}
	return false
}

// HasBody reports whether the call has a body.
func (c *Call) HasBody() bool { return c.ContentType != "" }

// IsForm reports whether the body is documented as one of the two types that
// HTML forms send.
func (c *Call) IsForm() bool {
	return strings.HasPrefix(c.ContentType, string(actor.Form)) || strings.HasPrefix(c.ContentType, string(actor.Multipart))
}

// IsJSON reports whether the body is documented as JSON.
func (c *Call) IsJSON() bool { return strings.Contains(c.ContentType, "json") }

// Wire encodes the call as documented, with no credential and no field of a
// page on it.
func (c *Call) Wire() *client.Request { return wire(c.Base, c.Request) }

func wire(base *url.URL, r *openapi.Request) *client.Request {
	out := &client.Request{Method: r.Method, URL: locate(base, r), Header: r.Header.Clone(), Body: r.Body}
	if out.Header == nil {
		out.Header = http.Header{}
	}
	if r.ContentType != "" {
		out.Header.Set("Content-Type", r.ContentType)
	}
	if out.Body == nil && !safe(r.Method) && r.Method != http.MethodDelete {
		out.Body = []byte{}
	}
	return out
}

// Encode puts the call into the form that a shape has, with no field of a
// page and no credential on it; ok is false where the shape cannot carry it.
func (c *Call) Encode(shape finding.Shape) (r *client.Request, ok bool) {
	as := shape
	if shape == finding.Beacon && c.IsForm() {
		as = finding.Form // sendBeacon takes URLSearchParams and FormData
		if strings.HasPrefix(c.ContentType, string(actor.Multipart)) {
			as = finding.Multipart
		}
	}
	if shape == finding.JSONCORS && c.IsForm() && c.Method != http.MethodPost { // it is the method that needs the preflight
		w := c.Wire()
		w.Bare = true
		return w, true
	}
	re, err := openapi.Reshape(c.Request, as)
	if err != nil {
		return nil, false
	}
	r = wire(c.Base, re)
	r.Bare = true
	return r, true
}

// Put sets a member of the body; ok is false where it has none of that name.
func (c *Call) put(names func(string) bool, value any) (*Call, bool) {
	m, _ := c.Value.(map[string]any)
	if !has(m, names) {
		return c, false
	}
	n := c.Clone()
	for k := range m {
		if names(k) {
			n.Value.(map[string]any)[k] = value
		}
	}
	media, _, _ := strings.Cut(c.ContentType, ";")
	if n.Request.Encode(media) != nil {
		return c, false
	}
	return n, true
}
