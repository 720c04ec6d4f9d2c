package client

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// SameSite is the attribute as the server wrote it.
type SameSite string

const (
	SameSiteMissing SameSite = "" // absent, or a value that browsers do not know
	SameSiteNone    SameSite = "none"
	SameSiteLax     SameSite = "lax"
	SameSiteStrict  SameSite = "strict"
)

// A Cookie is one cookie with everything that decides where it goes.
type Cookie struct {
	Name, Value string
	Host        string // the host that set it
	Domain      string // the attribute, without its dot; empty: host only
	Path        string
	Secure      bool
	HTTPOnly    bool
	Partitioned bool
	SameSite    SameSite
	Expires     time.Time // zero: ends with the browser's session
	SetAt       time.Time
	quoted      bool
}

// SetCookies reads the Set-Cookie fields of an answer. Malformed ones are
// passed over, as browsers do. A cookie that is being deleted has Expires
// before SetAt.
func SetCookies(r *Response) []Cookie {
	lines := r.Header["Set-Cookie"]
	if len(lines) == 0 {
		return nil
	}
	out := make([]Cookie, 0, len(lines))
	for _, line := range lines {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			continue
		}
		k := Cookie{
			Name: c.Name, Value: c.Value, quoted: c.Quoted, Host: r.Request.URL.Hostname(),
			Domain: strings.ToLower(strings.TrimPrefix(c.Domain, ".")), Path: c.Path,
			Secure: c.Secure, HTTPOnly: c.HttpOnly, Partitioned: c.Partitioned, SetAt: r.At,
		}
		switch c.SameSite {
		case http.SameSiteNoneMode:
			k.SameSite = SameSiteNone
		case http.SameSiteLaxMode:
			k.SameSite = SameSiteLax
		case http.SameSiteStrictMode:
			k.SameSite = SameSiteStrict
		}
		if k.Path == "" || k.Path[0] != '/' {
			k.Path = defaultPath(r.Request.URL)
		}
		switch {
		case c.MaxAge < 0:
			k.Expires = r.At.Add(-time.Hour)
		case c.MaxAge > 0:
			k.Expires = r.At.Add(time.Duration(min(c.MaxAge, 400*86400)) * time.Second)
		case !c.Expires.IsZero():
			k.Expires = c.Expires
		}
		if k.Domain == k.Host && net.ParseIP(k.Host) != nil {
			k.Domain = "" // RFC 6265bis §5.7: an address is host-only
		}
		out = append(out, k)
	}
	return out
}

// defaultPath is RFC 6265bis §5.1.4.
func defaultPath(u *url.URL) string {
	p := u.EscapedPath()
	i := strings.LastIndexByte(p, '/')
	if i <= 0 {
		return "/"
	}
	return p[:i]
}

// Deleted reports whether the Set-Cookie takes the cookie away.
func (c Cookie) Deleted() bool { return !c.Expires.IsZero() && !c.Expires.After(c.SetAt) }

// Refused says why a browser would not store the cookie, or nothing where it
// would (RFC 6265bis §5.7; Chromium's rule that SameSite=None needs Secure).
func (c Cookie) Refused(scheme string) string {
	trusted := scheme == "https" || Loopback(c.Host)
	lower := strings.ToLower(c.Name)
	switch {
	case c.Secure && !trusted:
		return "it is Secure and was set over plain http"
	case c.SameSite == SameSiteNone && !c.Secure:
		return "it is SameSite=None without Secure"
	case c.Partitioned && !c.Secure:
		return "it is Partitioned without Secure"
	case c.Domain != "" && c.Host != c.Domain && !strings.HasSuffix(c.Host, "."+c.Domain):
		return "its Domain is another host's"
	case strings.HasPrefix(lower, "__host-") && (!c.Secure || c.Domain != "" || c.Path != "/"):
		return "its __Host- prefix demands Secure, Path=/ and no Domain"
	case strings.HasPrefix(lower, "__secure-") && !c.Secure:
		return "its __Secure- prefix demands Secure"
	}
	return ""
}

// Matches reports whether the cookie's Domain and Path let it go to u. It
// does not judge Secure or SameSite.
func (c Cookie) Matches(u *url.URL) bool {
	host := u.Hostname()
	if c.Domain == "" {
		if host != c.Host {
			return false
		}
	} else if host != c.Domain && !strings.HasSuffix(host, "."+c.Domain) {
		return false
	}
	p := u.Path
	if p == "" {
		p = "/"
	}
	return p == c.Path || strings.HasPrefix(p, c.Path) && (strings.HasSuffix(c.Path, "/") || p[len(c.Path)] == '/')
}

// Loopback reports whether browsers take the host for trustworthy over plain
// http (Secure Contexts §3.1).
func Loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// A Jar is a browser's cookies for one target. The zero Jar is empty. It is
// not safe for concurrent use; probes clone it.
type Jar struct{ cookies []Cookie }

// NewJar returns a jar of those cookies, put in one after the other.
func NewJar(cookies ...Cookie) *Jar {
	j := &Jar{}
	for _, c := range cookies {
		j.Put(c)
	}
	return j
}

// Clone returns an independent copy.
func (j *Jar) Clone() *Jar { return &Jar{cookies: slices.Clone(j.cookies)} }

// Cookies returns a copy of what is in the jar.
func (j *Jar) Cookies() []Cookie { return append([]Cookie(nil), j.cookies...) }

// Store takes over what an answer sets and deletes.
func (j *Jar) Store(r *Response) {
	for _, c := range SetCookies(r) {
		j.Put(c)
	}
}

// Put stores, replaces or, if it is expired, deletes one cookie.
func (j *Jar) Put(c Cookie) {
	for i, old := range j.cookies {
		if old.Name == c.Name && old.Domain == c.Domain && old.Host == c.Host && old.Path == c.Path {
			if c.Deleted() {
				j.cookies = append(j.cookies[:i:i], j.cookies[i+1:]...)
			} else {
				j.cookies[i] = c
			}
			return
		}
	}
	if !c.Deleted() {
		j.cookies = append(j.cookies, c)
	}
}

// Only returns a jar with those cookies alone for which keep is true.
func (j *Jar) Only(keep func(Cookie) bool) *Jar {
	n := &Jar{}
	for _, c := range j.cookies {
		if keep(c) {
			n.cookies = append(n.cookies, c)
		}
	}
	return n
}

// Same reports whether both jars hold the same values.
func (j *Jar) Same(o *Jar) bool {
	return slices.EqualFunc(j.cookies, o.cookies, func(a, b Cookie) bool { return a.Name == b.Name && a.Value == b.Value })
}

// Get returns the first cookie of that name.
func (j *Jar) Get(name string) (Cookie, bool) {
	for _, c := range j.cookies {
		if c.Name == name {
			return c, true
		}
	}
	return Cookie{}, false
}

// Header returns the Cookie field for a request to u, longer paths first
// (RFC 6265bis §5.8.3). Secure cookies go along: a browser's own rule about
// them is judged apart, by position.
func (j *Jar) Header(u *url.URL) string {
	var b strings.Builder
	longer := func(a, b Cookie) int { return len(b.Path) - len(a.Path) }
	cs := j.cookies
	if !slices.IsSortedFunc(cs, longer) {
		cs = slices.Clone(cs)
		slices.SortStableFunc(cs, longer)
	}
	for _, c := range cs {
		if !c.Matches(u) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.Name)
		b.WriteByte('=')
		if c.quoted {
			b.WriteByte('"')
		}
		b.WriteString(c.Value)
		if c.quoted {
			b.WriteByte('"')
		}
	}
	return b.String()
}
