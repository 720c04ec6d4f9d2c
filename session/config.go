package session

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// The defaults of a [Config].
const (
	DefaultCookie   = "__Host-Http-session"
	DefaultIdle     = 30 * time.Minute
	DefaultAbsolute = 8 * time.Hour
	DefaultMaxData  = 16 << 10
)

// A Config says where sessions are kept and how long they live. Only Store
// has no default.
type Config struct {
	Store Store
	// Cookie is the cookie's name. It begins with __Host-Http- or __Host-, so
	// that neither a sibling domain nor plain http can set it; the default is
	// __Host-Http-session, which no script can set either.
	Cookie string
	// SameSite is http.SameSiteStrictMode, the default, or
	// http.SameSiteLaxMode where links from other sites must find the user
	// logged in. None is refused.
	SameSite http.SameSite
	// Idle is how long an unused session lives, 1 minute to 24 hours; the
	// default is 30 minutes.
	Idle time.Duration
	// Absolute is how long any session lives, Idle to 30 days; the default is
	// 8 hours. Renewal does not extend it.
	Absolute time.Duration
	// MaxData bounds a session's data in bytes, up to 60 KiB; the default is
	// 16 KiB.
	MaxData int
	// Decode, where it is set, makes of a session's data what Session.Value
	// returns. What it makes must not change: it is remembered with the data,
	// and given to many requests at the same time.
	Decode func(data []byte) any
	// Refuse, where it is set, answers a request that Handler does not let
	// through in place of Manager.Refuse: pages redirect to their login, for
	// example. The error is one of Manager.Get. It must be safe for concurrent
	// use.
	Refuse func(http.ResponseWriter, *http.Request, error)
	// InsecurePlainHTTP leaves out the Secure attribute, for trials without
	// TLS. On localhost it is seldom needed: Chromium and Firefox take Secure
	// cookies from there over plain http. The cookie's name must then have no __Host- or __Secure- prefix.
	InsecurePlainHTTP bool
	// Random is the source of identifiers; the default is crypto/rand.Reader.
	Random io.Reader
	// Clock tells the time; the default is time.Now.
	Clock func() time.Time
}

func (c Config) compile() (Config, error) {
	var list cfgerrors.List
	if c.Store == nil {
		list.Add(&cfgerrors.Error{Key: "store", Code: cfgerrors.Missing, Problem: "there is no store to keep sessions in"})
	}
	if c.Cookie == "" && !c.InsecurePlainHTTP {
		c.Cookie = DefaultCookie
	}
	prefixed := strings.HasPrefix(c.Cookie, "__Host-")
	switch {
	case !token(c.Cookie):
		list.Add(&cfgerrors.Error{Key: "cookie", Code: cfgerrors.Malformed, Value: c.Cookie, Problem: fmt.Sprintf("%q is no cookie name of 1 to 128 letters, digits, - and _", c.Cookie), Instead: "write " + DefaultCookie})
	case c.InsecurePlainHTTP && strings.HasPrefix(c.Cookie, "__"):
		list.Add(&cfgerrors.Error{Key: "cookie", Code: cfgerrors.NeverWorks, Value: c.Cookie, Problem: "browsers take a cookie of this prefix only with Secure, which InsecurePlainHTTP leaves out", Instead: "name it session"})
	case !c.InsecurePlainHTTP && !prefixed:
		list.Add(&cfgerrors.Error{Key: "cookie", Code: cfgerrors.Dangerous, Value: c.Cookie, Problem: "without the prefix __Host- a sibling domain or plain http can set this cookie", Instead: "write " + DefaultCookie})
	}
	switch c.SameSite {
	case 0:
		c.SameSite = http.SameSiteStrictMode
	case http.SameSiteStrictMode, http.SameSiteLaxMode:
	default:
		list.Add(&cfgerrors.Error{Key: "same_site", Code: cfgerrors.Dangerous, Problem: "the cookie would be sent with requests from other sites", Instead: "use Strict, or Lax"})
	}
	if c.Idle == 0 {
		c.Idle = DefaultIdle
	}
	if c.Absolute == 0 {
		c.Absolute = max(DefaultAbsolute, c.Idle)
	}
	if c.Idle < time.Minute || c.Idle > 24*time.Hour {
		list.Add(&cfgerrors.Error{Key: "idle", Code: cfgerrors.OutOfRange, Value: c.Idle.String(), Problem: fmt.Sprintf("%v is out of range", c.Idle), Instead: "use 1m to 24h"})
	}
	if c.Absolute < c.Idle || c.Absolute > 30*24*time.Hour {
		list.Add(&cfgerrors.Error{Key: "absolute", Code: cfgerrors.OutOfRange, Value: c.Absolute.String(), Problem: fmt.Sprintf("%v is out of range", c.Absolute), Instead: fmt.Sprintf("use %v (idle) to 720h", c.Idle)})
	}
	if c.MaxData == 0 {
		c.MaxData = DefaultMaxData
	}
	if c.MaxData < 0 || c.MaxData > 60<<10 {
		list.Add(&cfgerrors.Error{Key: "max_data", Code: cfgerrors.OutOfRange, Value: fmt.Sprint(c.MaxData), Problem: "is out of range", Instead: "use 1 to 61440"})
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return c, list.Err()
}

// token reports whether s is a cookie name that every parser reads alike.
func token(s string) bool {
	return s != "" && len(s) <= 128 && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0
}
