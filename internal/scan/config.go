// Package scan judges a running API: which of its operations another site can
// make a victim's browser run, and what stops the others. It finds the
// operations in the API's document, logs in, calls each operation as a good
// client does, learns which credential each takes, then tries every position
// and shape that an attacker has. What it says it has seen.
package scan

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/secret"
)

// An Account is a user of the API.
type Account struct {
	Name     string
	Password secret.Text
	Flow     *actor.Flow // how it logs in; nil: found in the document
}

// Config says what to scan and how. Target is required; every other field
// has a default that is safe.
type Config struct {
	Target  string // where the API is, with any prefix
	OpenAPI string // URL or file of its document; empty: looked for at the usual places
	HAR     string // file of a recording, where there is no document

	Victim   Account // logs in, and is attacked
	Attacker Account // a second account, where there is one
	Login    string  // "POST /login"; empty: found in the document

	Headers http.Header       // with every request; Authorization is the victim's credential
	Cookies map[string]string // the victim's cookies, where there is no login

	Browser  string   // "auto" (also empty), "off", or the path of a Chromium
	ReadOnly bool     // send nothing that changes state
	Rate     float64  // requests a second; 0: no limit
	Include  []string // globs over "METHOD PATH", such as "DELETE /users/*"; empty: all
	Exclude  []string
	Shard    Shard

	Authorized bool   // the user may scan a target that is neither loopback nor private
	Frontend   string // URL of the page that people use, for web storage
	Wordlist   string // file of secrets to try on HMAC tokens, one a line
	Artifacts  string // directory for proofs of concept and screenshots; empty: none are kept

	Tool      finding.Tool
	Clock     func() time.Time // nil: time.Now
	Logger    *slog.Logger     // nil: none
	Transport http.RoundTripper
	TLS       *tls.Config
	Timeout   time.Duration // for one answer; 0: 10 s
}

// A Shard is the I-th of N parts of an API, counted from 1. The zero Shard is
// all of it.
type Shard struct{ I, N int }

// UsageError wraps the mistakes of a Config.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// IncompleteError says that the scan saw too little to speak for the API. The
// report that comes with it holds what was seen.
type IncompleteError struct{ Reasons []string }

func (e *IncompleteError) Error() string { return "scan incomplete: " + strings.Join(e.Reasons, "; ") }

// bare reports whether target is a host and a port as people type them, and
// would be an http URL with its scheme.
func bare(target string) bool {
	u, err := url.Parse("http://" + target)
	return err == nil && !strings.Contains(target, "://") && (u.Port() != "" || u.Hostname() == "localhost" || strings.Contains(u.Hostname(), "."))
}

// validate returns all mistakes at once, and the target's URL.
func (c *Config) validate() (*url.URL, error) {
	var l cfgerrors.List
	target, err := url.Parse(c.Target)
	switch {
	case c.Target == "":
		l.Add(&cfgerrors.Error{Key: "target", Code: cfgerrors.Missing, Problem: "no target is given", Instead: "write the URL of the API, such as http://localhost:8000"})
	case bare(c.Target):
		l.Add(&cfgerrors.Error{Key: "target", Code: cfgerrors.Malformed, Value: c.Target, Problem: fmt.Sprintf("%q has no scheme", c.Target), Instead: "write http://" + c.Target})
	case err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https":
		l.Add(&cfgerrors.Error{Key: "target", Code: cfgerrors.Malformed, Value: c.Target, Problem: fmt.Sprintf("%q is no http or https URL", c.Target), Instead: "write one such as http://localhost:8000"})
	case target.User != nil:
		l.Add(&cfgerrors.Error{Key: "target", Code: cfgerrors.Malformed, Problem: "the URL holds a name or password", Instead: "give accounts with --user"})
	case !c.Authorized && !near(target.Hostname()):
		l.Add(&cfgerrors.Error{Key: "target", Code: cfgerrors.Dangerous, Value: c.Target, Problem: target.Hostname() + " is neither a loopback nor a private address", Instead: "scan it only with its owner's consent, and say so with --authorized"})
	}
	if c.Login != "" {
		if _, _, ok := operation(c.Login); !ok {
			l.Add(&cfgerrors.Error{Key: "login", Code: cfgerrors.Malformed, Value: c.Login, Problem: fmt.Sprintf("%q is no operation", c.Login), Instead: "write a method and a path, such as 'POST /login'"})
		}
	}
	if c.Rate < 0 {
		l.Add(&cfgerrors.Error{Key: "rate", Code: cfgerrors.OutOfRange, Value: fmt.Sprint(c.Rate), Problem: "the rate is below 0", Instead: "write requests per second, such as 50/s"})
	}
	for _, g := range []struct {
		key   string
		globs []string
	}{{"include", c.Include}, {"exclude", c.Exclude}} {
		for i, glob := range g.globs {
			if _, err := path.Match(glob, ""); err != nil {
				l.Add(&cfgerrors.Error{Key: fmt.Sprintf("%s[%d]", g.key, i), Code: cfgerrors.Malformed, Value: glob, Problem: fmt.Sprintf("%q is no pattern", glob), Instead: "write one such as 'DELETE /users/*'"})
			}
		}
	}
	if s := c.Shard; s != (Shard{}) && (s.N < 1 || s.I < 1 || s.I > s.N) {
		l.Add(&cfgerrors.Error{Key: "shard", Code: cfgerrors.OutOfRange, Value: fmt.Sprintf("%d/%d", s.I, s.N), Problem: fmt.Sprintf("%d/%d names no part", s.I, s.N), Instead: "write one such as 1/4"})
	}
	if c.Frontend != "" {
		if u, err := url.Parse(c.Frontend); err != nil || u.Host == "" {
			l.Add(&cfgerrors.Error{Key: "frontend", Code: cfgerrors.Malformed, Value: c.Frontend, Problem: fmt.Sprintf("%q is no http or https URL", c.Frontend)})
		}
	}
	if c.OpenAPI != "" && c.HAR != "" {
		l.Add(&cfgerrors.Error{Key: "har", Code: cfgerrors.Conflict, Problem: "both a document and a recording are given", Instead: "leave one out"})
	}
	if err := l.Err(); err != nil {
		return nil, &UsageError{err}
	}
	return target, nil
}

// operation splits "METHOD PATH"; a path alone is a POST.
func operation(s string) (method, p string, ok bool) {
	f := strings.Fields(s)
	switch {
	case len(f) == 1 && strings.HasPrefix(f[0], "/"):
		return http.MethodPost, f[0], true
	case len(f) == 2 && strings.HasPrefix(f[1], "/"):
		return strings.ToUpper(f[0]), f[1], true
	}
	return "", "", false
}

// near reports whether the host is this machine or a private network's
// (RFC 1918, RFC 4193, RFC 3927). Names are resolved; every address must be.
func near(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ips := []net.IP{net.ParseIP(host)}
	if ips[0] == nil {
		var err error
		if ips, err = net.LookupIP(host); err != nil {
			// What cannot be resolved cannot be reached either, which is said
			// there; a name that ends in a reserved top-level domain is no one's.
			return strings.HasSuffix(host, ".test") || strings.HasSuffix(host, ".local") || !strings.Contains(host, ".")
		}
	}
	for _, ip := range ips {
		if !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast() {
			return false
		}
	}
	return true
}

// wanted reports whether an operation is to be scanned.
func (c *Config) wanted(ref finding.OperationRef) bool {
	match := func(globs []string) bool {
		for _, g := range globs {
			if glob(g, ref) {
				return true
			}
		}
		return false
	}
	return (len(c.Include) == 0 || match(c.Include)) && !match(c.Exclude)
}

// glob matches "METHOD PATH" or "PATH"; a star stands for anything.
func glob(g string, ref finding.OperationRef) bool {
	text := ref.String()
	if strings.HasPrefix(g, "/") {
		text = ref.Path
	}
	parts := strings.Split(g, "*")
	if len(parts) == 1 {
		return g == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}
