package actor

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// Credentials are what a logged-in client holds at one moment. They are a
// snapshot: probes change their own copy and never one another's.
type Credentials struct {
	Jar    *client.Jar
	Tokens []Token     // as handed out in bodies and fields, the access token first
	CSRF   []CSRFToken // the one to send first
	Custom http.Header // fields that the API wants to see from its own scripts
	Fields []string    // fields besides Authorization in which the API takes its token
	Told   []string    // fields besides the usual in which the API says that it takes its CSRF token

	Fixed http.Header // fields that authenticate besides the token
	Send  *Sending    // how the token is sent; nil: in "Authorization: Bearer"

	last *lastJWT // nil: nothing is remembered
}

// lastJWT remembers the jar in which a JWT was looked for last, since
// every request asks. It is safe for concurrent use.
type lastJWT struct {
	mu    sync.Mutex
	jar   *client.Jar
	token string
}

func (l *lastJWT) find(jar *client.Jar) string {
	if l == nil {
		return accessToken(jar.Cookies())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.jar == nil || !l.jar.Same(jar) {
		l.jar, l.token = jar.Clone(), accessToken(jar.Cookies())
	}
	return l.token
}

func accessToken(cookies []client.Cookie) string {
	for _, t := range tokensInCookies(cookies) {
		if !t.Refresh {
			return t.Value
		}
	}
	return ""
}

// Clone returns an independent copy.
func (c Credentials) Clone() Credentials {
	return Credentials{Jar: c.Jar.Clone(), Tokens: slices.Clone(c.Tokens), CSRF: slices.Clone(c.CSRF), Custom: c.Custom.Clone(), Fields: c.Fields, Told: c.Told, Fixed: c.Fixed, Send: c.Send, last: c.last}
}

// Bearer returns the token for the Authorization field: the first access
// token handed out to script, else the JWT of a cookie, which a server that
// takes both would take from a header too.
func (c Credentials) Bearer() string {
	for _, t := range c.Tokens {
		if !t.Refresh {
			return t.Value
		}
	}
	return c.last.find(c.Jar)
}

// CSRFValue returns the CSRF token to send, or nothing. A cookie's own value
// comes last: where a server hands out a token apart from its cookie, that is
// the one it wants.
func (c Credentials) CSRFValue() string {
	if len(c.CSRF) == 0 {
		return ""
	}
	return c.CSRF[0].Value
}

// Use says which of the credentials a request carries.
type Use struct {
	Cookie, Bearer bool
	CSRF           bool // the CSRF token, and the fields that only scripts send
}

// Everything is what a good client sends.
var Everything = Use{Cookie: true, Bearer: true, CSRF: true}

// Put adds the credentials to r's fields.
func (c Credentials) Put(r *client.Request, use Use) {
	if use.Cookie {
		AddCookies(r.Header, c.Jar.Header(r.URL))
	}
	if use.Bearer {
		for k, v := range c.Fixed {
			r.Header[k] = v
		}
		switch b := c.Bearer(); {
		case b == "":
		case c.Send != nil:
			c.Send.put(r, b)
		default:
			r.Header.Set("Authorization", "Bearer "+b)
			for _, f := range c.Fields {
				r.Header.Set(f, b)
			}
		}
	}
	if use.CSRF {
		if t := c.CSRFValue(); t != "" {
			putCSRF(r.Header, t, c.CSRFFields())
		}
		for k, v := range c.Custom {
			if _, has := r.Header[k]; !has {
				r.Header[k] = v
			}
		}
	}
}

// CSRFFields returns the fields besides the usual that may take the CSRF
// token: those that the API told of, and those that are called as the cookies
// that hold tokens are. The cookie "__Host-shop-csrf" goes with "X-Shop-Csrf".
func (c Credentials) CSRFFields() []string {
	out := slices.Clone(c.Told)
	for _, t := range c.CSRF {
		if t.Where != "cookie" {
			continue
		}
		name := strings.TrimPrefix(strings.TrimPrefix(t.Name, "__Host-"), "__Secure-")
		name = strings.Trim(strings.ReplaceAll(name, "_", "-"), "-")
		if !strings.HasPrefix(strings.ToLower(name), "x-") {
			name = "X-" + name
		}
		if k := http.CanonicalHeaderKey(name); validField(k) && !slices.Contains(csrfHeaders, k) {
			out = append(out, k)
		}
	}
	return out
}

// validField reports whether a name can be that of a field (RFC 9110 §5.1),
// letters, digits and hyphens at least.
func validField(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// AddCookies adds cookie pairs to h's Cookie field.
func AddCookies(h http.Header, pairs string) {
	if pairs == "" {
		return
	}
	if old := h.Get("Cookie"); old != "" {
		pairs = old + "; " + pairs
	}
	h.Set("Cookie", pairs)
}

// Cookies returns the cookies that go to u.
func (c Credentials) Cookies(u *url.URL) []client.Cookie {
	var out []client.Cookie
	for _, k := range c.Jar.Cookies() {
		if k.Matches(u) {
			out = append(out, k)
		}
	}
	return out
}

// Secrets returns every value that must not be shown.
func (c Credentials) Secrets() []string {
	var out []string
	add := func(v string) {
		out = append(out, v)
		if parts := strings.Split(v, "."); len(parts) == 3 && len(parts[1]) >= 16 {
			// A changed token keeps the payload, an unsigned one the rest.
			out = append(out, parts[1], parts[0]+"."+parts[1])
			if len(parts[2]) >= 16 {
				out = append(out, parts[2], parts[1]+"."+parts[2])
			}
		}
	}
	for _, k := range c.Jar.Cookies() {
		if !k.Deleted() {
			add(k.Value)
			if v, ok := JWTIn(k.Value); ok {
				add(v)
			}
		}
	}
	for _, t := range c.Tokens {
		add(t.Value)
	}
	for _, t := range c.CSRF {
		add(t.Value)
	}
	for _, v := range c.Fixed {
		out = append(out, v...)
	}
	return out
}

// IsTokenField reports whether a field of that name takes the token, as some
// APIs do beside or instead of Authorization.
func IsTokenField(name string) bool {
	switch strings.ToLower(strings.ReplaceAll(name, "_", "-")) {
	case "x-token", "x-access-token", "x-auth-token", "access-token", "auth-token", "token", "jwt", "x-jwt", "x-jwt-token":
		return true
	}
	return false
}
