package guard

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/csrf"
	"github.com/d710e0ae/countersign/guard/internal/target"
	"github.com/d710e0ae/countersign/internal/origin"
	"github.com/d710e0ae/countersign/internal/store/memory"
	"github.com/d710e0ae/countersign/session"
)

// Check returns every mistake of the configuration at once, as cfgerrors. It
// reads the files that the configuration names, and dials nothing.
func (c *Config) Check() error { return inOrder(c.check()) }

func (c *Config) check() error {
	var errs cfgerrors.List
	c.checkAddresses(&errs)
	c.checkUpstream(&errs)
	own := c.checkPublicOrigin(&errs)
	c.checkTLS(own, &errs)
	if _, err := parseProxies(c.TrustedProxies); err != nil {
		errs.Join("", err)
	}
	if c.ProxyProtocol && len(c.TrustedProxies) == 0 {
		errs.Add(&cfgerrors.Error{Key: "proxy_protocol", Code: cfgerrors.Conflict, Problem: "no proxy is trusted to send it", Instead: "list it in trusted_proxies"})
	}
	_, closer, err := c.verifier(nil)
	errs.Join("", err)
	closer.Close()
	c.checkLogin(&errs)
	c.checkExempt(&errs)
	_, err = session.New(c.sessionConfig(memory.NewSessions(1, nil)))
	errs.Join("session", err)
	if _, err := parseStore(c.Session.Store); err != nil {
		errs.Join("", err)
	}
	c.checkTrusted(&errs)
	if h := http.CanonicalHeaderKey(c.CSRF.Header); h == "Idempotency-Key" || h == "X-Request-Id" || strings.HasPrefix(h, "X-Forwarded-") {
		errs.Add(&cfgerrors.Error{Key: "csrf.header", Code: cfgerrors.Conflict, Value: c.CSRF.Header, Problem: "is a header of another meaning here", Instead: "write " + csrf.DefaultHeader})
	}
	if _, _, err := c.protections(nil); err != nil {
		errs.Join("", err)
	}
	c.checkCORS(&errs)
	c.checkIdempotency(&errs)
	return c.placed(errs.Err())
}

// placed gives each mistake its place in the file.
func (c *Config) placed(err error) error {
	var out cfgerrors.List
	for e := range cfgerrors.All(err) {
		m := *e
		if m.Pos.Line == 0 {
			m.Pos = c.position(m.Key)
		}
		out.Add(&m)
	}
	return out.Err()
}

func (c *Config) checkAddresses(errs *cfgerrors.List) {
	main, ok := parseListen("listen", c.Listen, errs)
	if c.Admin.Listen == "" {
		return
	}
	admin, alsoOK := parseListen("admin.listen", c.Admin.Listen, errs)
	if ok && alsoOK && main.port == admin.port && main.port != 0 && (main.host == admin.host || main.any() || admin.any()) {
		errs.Add(&cfgerrors.Error{Key: "admin.listen", Code: cfgerrors.Duplicate, Value: c.Admin.Listen, Problem: "is the port of listen too", Instead: "write another, such as 127.0.0.1:9090"})
	}
}

type address struct {
	host string
	port uint16
}

func (a address) any() bool { return a.host == "" || a.host == "0.0.0.0" || a.host == "::" }

func parseListen(key, text string, errs *cfgerrors.List) (address, bool) {
	host, port, err := net.SplitHostPort(text)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || !listenable(host) {
		errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Malformed, Value: text, Problem: "is no host and port", Instead: "write for example 127.0.0.1:8080"})
		return address{}, false
	}
	return address{host, uint16(n)}, true
}

// listenable tells addresses and names from what no system can resolve.
func listenable(host string) bool {
	if host == "" {
		return true
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	o, err := origin.Of("http", host)
	return err == nil && !o.IsIP()
}

func (c *Config) checkUpstream(errs *cfgerrors.List) {
	if c.Upstream == "" {
		errs.Add(&cfgerrors.Error{Key: "upstream", Code: cfgerrors.Missing, Problem: "the API's address is missing", Instead: "write for example http://127.0.0.1:8000"})
		return
	}
	u, err := parseUpstream(c.Upstream)
	if err != nil {
		errs.Add(&cfgerrors.Error{Key: "upstream", Code: cfgerrors.Malformed, Value: c.Upstream, Problem: err.Error(), Instead: "write for example http://127.0.0.1:8000"})
		return
	}
	if loopback(u.Hostname()) && (loopback(hostOf(c.Listen)) || address{host: hostOf(c.Listen)}.any()) && u.Port() != "0" && u.Port() == portOf(c.Listen) {
		errs.Add(&cfgerrors.Error{Key: "upstream", Code: cfgerrors.Conflict, Value: c.Upstream, Problem: "is the guard itself", Instead: "write the API's address"})
	}
}

// parseUpstream reads scheme, host and port, and returns the URL with a port.
func parseUpstream(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, fmt.Errorf("is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("is neither http nor https")
	case u.User != nil:
		return nil, fmt.Errorf("has a user name")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("has more than scheme, host and port")
	}
	if u.Port() == "" {
		port := "80"
		if u.Scheme == "https" {
			port = "443"
		}
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || n == 0 {
		return nil, fmt.Errorf("has no port from 1 to 65535")
	}
	return u, nil
}

func hostOf(listen string) string { h, _, _ := net.SplitHostPort(listen); return h }
func portOf(listen string) string { _, p, _ := net.SplitHostPort(listen); return p }

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func (c *Config) checkPublicOrigin(errs *cfgerrors.List) origin.Origin {
	if c.PublicOrigin == "" {
		errs.Add(&cfgerrors.Error{Key: "public_origin", Code: cfgerrors.Missing, Problem: "the origin that browsers see is missing", Instead: "write for example https://app.example.com"})
		return origin.Origin{}
	}
	p, err := origin.ParsePattern(c.PublicOrigin)
	if err != nil || p.Wildcard() {
		return origin.Origin{} // csrf.New says what is wrong with it
	}
	own := p.Origin()
	if own.Scheme() == "http" && !own.IsLoopback() {
		// The session cookie is Secure, and would never come back.
		errs.Add(&cfgerrors.Error{Key: "public_origin", Code: cfgerrors.Dangerous, Value: c.PublicOrigin, Problem: "is plain http: whoever is on the network reads the session", Instead: "write https://" + own.HostPort() + ", and end TLS here or in a trusted proxy"})
	}
	if suffix, ok := publicSuffix(own); ok {
		errs.Add(&cfgerrors.Error{Key: "public_origin", Code: cfgerrors.NeverWorks, Value: c.PublicOrigin, Problem: suffix + " is a public suffix, and nobody's own site", Instead: "write the origin that is yours"})
	}
	return own
}

func (c *Config) checkTLS(own origin.Origin, errs *cfgerrors.List) {
	cert, key := c.TLS.CertFile, c.TLS.KeyFile
	switch {
	case cert == "" && key == "":
		return
	case cert == "":
		errs.Add(&cfgerrors.Error{Key: "tls.cert_file", Code: cfgerrors.Missing, Problem: "there is a key without a certificate", Instead: "name the certificate"})
		return
	case key == "":
		errs.Add(&cfgerrors.Error{Key: "tls.key_file", Code: cfgerrors.Missing, Problem: "there is a certificate without its key", Instead: "name the key"})
		return
	}
	if own.Scheme() == "http" {
		errs.Add(&cfgerrors.Error{Key: "public_origin", Code: cfgerrors.Conflict, Value: c.PublicOrigin, Problem: "is http, and the guard serves TLS", Instead: "write https://" + own.HostPort()})
	}
	if _, err := tls.LoadX509KeyPair(c.file(cert), c.file(key)); err != nil {
		errs.Add(&cfgerrors.Error{Key: "tls.cert_file", Code: cfgerrors.Unavailable, Value: cert, Problem: err.Error(), Instead: "name a PEM certificate and the key that it was made for"})
	}
}

// minProxyBits is the shortest prefix of trusted_proxies: fc00::/7 is private,
// and half of all addresses are nobody's proxies.
const minProxyBits = 7

// parseProxies reads networks and addresses.
func parseProxies(list []string) ([]netip.Prefix, error) {
	var errs cfgerrors.List
	var out []netip.Prefix
	for i, text := range list {
		key := fmt.Sprintf("trusted_proxies[%d]", i)
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, addrErr := netip.ParseAddr(text)
			if addrErr != nil || a.Zone() != "" {
				errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Malformed, Value: text, Problem: "is no network and no address", Instead: "write for example 10.0.0.0/8"})
				continue
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Bits() < minProxyBits {
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Dangerous, Value: text, Problem: "trusts everybody to say who they are", Instead: "list the proxies' own networks"})
			continue
		}
		out = append(out, p.Masked())
	}
	return out, errs.Err()
}

func (c *Config) checkLogin(errs *cfgerrors.List) {
	seen := map[string]string{} // path to the key that names it
	check := func(key, path string) {
		t, err := target.Parse(path)
		switch {
		case err != nil || t.String() != path || t.HasQuery:
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: path, Problem: "is no path as the guard forwards it", Instead: "write for example /login"})
		case strings.Contains(path, "*"):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: path, Problem: "is a pattern, and paths match as they are", Instead: "list the paths"})
		case isOwnPath(path):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: path, Problem: "is the guard's own, and never reaches the API", Instead: "name a path of the API"})
		case seen[path] != "":
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Conflict, Value: path, Problem: "is named by " + seen[path] + " already", Instead: "keep one of the two"})
		default:
			if parseOperations(c.Exempt).match(http.MethodPost, t.Path) {
				errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Conflict, Value: path, Problem: "is exempt, where no session is begun, used or ended", Instead: "take it out of exempt"})
			}
			seen[path] = key
		}
	}
	for i, p := range c.Login.Paths {
		check(fmt.Sprintf("login.paths[%d]", i), p)
	}
	for i, name := range c.Login.Cookies {
		key := fmt.Sprintf("login.cookies[%d]", i)
		switch {
		case !plainCookie(name, ""):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: name, Problem: "is no cookie's name", Instead: "write for example sid"})
		case resembles(name, c.Session.Cookie):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Conflict, Value: name, Problem: "is the guard's own cookie", Instead: "name one that the API sets"})
		}
	}
	for i, p := range c.Login.Bearer {
		check(fmt.Sprintf("login.bearer[%d]", i), p)
	}
	if c.Login.Refresh != "" {
		check("login.refresh", c.Login.Refresh)
	}
	if c.Login.Logout != "" {
		check("login.logout", c.Login.Logout)
	}
}

// checkExempt refuses what csrf, which knows no targets, cannot.
func (c *Config) checkExempt(errs *cfgerrors.List) {
	seen := map[string]bool{}
	for i, text := range c.Exempt {
		key := fmt.Sprintf("exempt[%d]", i)
		if _, err := csrf.New(csrf.Config{Exempt: []string{text}}); err != nil {
			continue // which is told already
		}
		method, path, _ := strings.Cut(text, " ")
		_, err := parseOperation(text)
		switch {
		case method == http.MethodTrace || method == http.MethodConnect || method == "TRACK":
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: text, Problem: "this method is not forwarded", Instead: "name the method that the other server uses"})
		case err != nil:
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: text, Problem: err.Error(), Instead: "write the plain path, with /* at its end for all below it"})
		case isOwnPath(strings.TrimSuffix(path, "*")):
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: text, Problem: "is the guard's own, and never reaches the API", Instead: "name a path of the API"})
		case seen[text]:
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Duplicate, Value: text, Problem: "stands twice", Instead: "keep one of the two"})
		}
		seen[text] = true
	}
}

func (c *Config) sessionConfig(store session.Store) session.Config {
	return session.Config{Store: store, Cookie: c.Session.Cookie, Idle: c.Session.Idle, Absolute: c.Session.Absolute, MaxData: 60 << 10, Decode: decode}
}

// A storeAddress says where sessions are kept.
type storeAddress struct {
	kind string // memory, sqlite or valkey
	at   string
}

func parseStore(text string) (storeAddress, error) {
	kind, at, ok := strings.Cut(text, ":")
	wrong := func(problem string) (storeAddress, error) {
		return storeAddress{}, &cfgerrors.Error{Key: "session.store", Code: cfgerrors.Malformed, Value: text, Problem: problem, Instead: "write memory:, sqlite:FILE or valkey://HOST:PORT"}
	}
	switch {
	case !ok:
		return wrong("is no store")
	case kind == "memory" && at == "":
	case kind == "sqlite" && at != "":
	case kind == "valkey" || kind == "valkeys" || kind == "redis" || kind == "rediss":
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" || !portOrNone(u.Port()) {
			return storeAddress{}, &cfgerrors.Error{Key: "session.store", Code: cfgerrors.Malformed, Problem: "has no host and port", Instead: "write valkey://HOST:PORT"}
		}
		return storeAddress{"valkey", text}, nil
	default:
		return wrong("is no store")
	}
	return storeAddress{kind, at}, nil
}

func portOrNone(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// checkTrusted refuses what csrf, which knows only patterns, cannot: a whole
// origin that is a public suffix, at which strangers can publish.
func (c *Config) checkTrusted(errs *cfgerrors.List) {
	for _, list := range []struct {
		key    string
		values []string
	}{{"csrf.trusted_origins", c.CSRF.TrustedOrigins}, {"cors.origins", c.CORS.Origins}} {
		for i, text := range list.values {
			p, err := origin.ParsePattern(text)
			if err != nil || p.Wildcard() {
				continue
			}
			if suffix, ok := publicSuffix(p.Origin()); ok {
				errs.Add(&cfgerrors.Error{Key: fmt.Sprintf("%s[%d]", list.key, i), Code: cfgerrors.Dangerous, Value: text, Problem: suffix + " is a public suffix, and nobody's own site", Instead: "name the origin that is yours"})
			}
		}
	}
}

// publicSuffix reports whether strangers can register names below the origin's
// own host. A name without dots that no registry has is one of a local network.
func publicSuffix(o origin.Origin) (string, bool) {
	host := o.Host()
	if host == "" || o.IsIP() {
		return host, false
	}
	suffix, icann := publicsuffix.PublicSuffix(host)
	return host, suffix == host && (icann || strings.Contains(host, "."))
}

// protections builds the checks of Origin and token: one for requests that
// browsers authenticate by themselves, and one for those with a bearer that
// the guard cannot verify, to which scripts of cors.origins are entitled.
func (c *Config) protections(of func(*http.Request) csrf.Session) (cookie, bearer *csrf.Protection, err error) {
	if of == nil {
		of = func(*http.Request) csrf.Session { return csrf.Session{} }
	}
	// The session's binding, 256 random bits that only its holder knows, is
	// what makes a token unforgeable. The key need not be secret besides, so
	// tokens survive restarts and are the same on every replica.
	key := sha256.Sum256([]byte("countersign guard csrf " + c.PublicOrigin))
	cookie, err = csrf.New(csrf.Config{
		PublicOrigin: c.PublicOrigin, TrustedOrigins: c.CSRF.TrustedOrigins, Session: of,
		Keys: [][]byte{key[:]}, Header: c.CSRF.Header, Exempt: c.Exempt,
	})
	if err != nil {
		var errs cfgerrors.List
		for e := range cfgerrors.All(err) {
			m := *e
			if strings.HasPrefix(m.Key, "trusted_origins") || m.Key == "header" {
				m.Key = "csrf." + m.Key
			}
			errs.Add(&m)
		}
		return nil, nil, errs.Err()
	}
	bearer, err = csrf.New(csrf.Config{
		PublicOrigin: c.PublicOrigin, TrustedOrigins: c.CSRF.TrustedOrigins, Exempt: c.Exempt,
		Session: func(*http.Request) csrf.Session { return csrf.Session{} }, // no cookie of it reaches the API
	})
	return cookie, bearer, err
}
