// Package origin parses and compares web origins and sites, as the HTML and
// URL standards define them and RFC 6454 serialises them. It is strict: what
// no browser ever sends is malformed, and nothing is compared loosely.
package origin

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// MaxLength is the longest serialised origin that Parse reads, in bytes:
// scheme, the longest domain name, and port.
const MaxLength = len("https://") + maxHost + len(":65535")

// The longest domain name and label of one (RFC 1035, section 2.3.4), in
// bytes.
const (
	maxHost  = 253
	maxLabel = 63
)

// ErrNull is returned for "null", the serialisation of every opaque origin.
// Two opaque origins are never known to be the same.
var ErrNull = errors.New("the origin is opaque (null)")

// A SyntaxError says why a text is no serialised origin. It does not quote
// the text, which may be hostile.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string { return "no origin: " + e.Reason }

func malformed(reason string) error { return &SyntaxError{reason} }

// The errors of the path that every request takes, made once.
var (
	errLength    = malformed("it is empty or longer than an origin can be")
	errScheme    = malformed("it does not begin with http:// or https://")
	errUserInfo  = malformed("it has user information")
	errAfterHost = malformed("something follows the host and port")
	errHost      = malformed("the host is not one that a browser would write")
	errPort      = malformed("the port is not one that a browser would write")
)

// An Origin is a tuple origin of scheme http or https. It is comparable:
// two Origins are equal if and only if they are the same origin (HTML
// standard, "same origin"). The zero Origin is equal to no parsed one.
type Origin struct {
	scheme string // "http" or "https"
	host   string // lower case; IPv6 in brackets
	port   uint16 // never 0
}

// Parse reads a serialised origin such as "https://app.example.com:8443". It
// accepts only what browsers write into the Origin header (HTML standard,
// "serialization of an origin"): lower case, no default port, no path, no
// user information, IDNA in its ASCII form, canonical IP addresses. It does
// not allocate for domain names without internationalised labels.
func Parse(s string) (Origin, error) {
	if o, ok := parsePlain(s); ok {
		return o, nil
	}
	return parse(s)
}

// parsePlain reads the origins that nearly all are, in one pass, and leaves
// the others to parse. It accepts nothing that parse refuses; FuzzParse holds
// it to that.
func parsePlain(s string) (Origin, bool) {
	scheme, host, ok := cutScheme(s)
	if !ok || !plainHost(host) {
		return Origin{}, false
	}
	return Origin{scheme, host, defaultPort(scheme)}, true
}

// plainHost tells domain names without a port, whose last label begins with a
// letter, as no address does, and which have no two hyphens in a row, as IDNA
// has.
func plainHost(host string) bool {
	if len(host) > maxHost {
		return false
	}
	label, last := 0, byte('.') // where the label begins, and the byte before
	for i := range len(host) {
		c := host[i]
		switch {
		case c-'a' < 26 || c-'0' < 10:
		case c == '.':
			if i == label || i-label > maxLabel {
				return false
			}
			label = i + 1
		case c != '-' || last == '-':
			return false
		}
		last = c
	}
	rest := host[label:]
	return rest != "" && len(rest) <= maxLabel && rest[0] >= 'a'
}

func parse(s string) (Origin, error) {
	if s == "null" {
		return Origin{}, ErrNull
	}
	if len(s) == 0 || len(s) > MaxLength {
		return Origin{}, errLength
	}
	scheme, rest, ok := cutScheme(s)
	if !ok {
		return Origin{}, errScheme
	}
	host, port, err := splitHostPort(rest, defaultPort(scheme))
	if err != nil {
		return Origin{}, err
	}
	if port == defaultPort(scheme) && len(host) != len(rest) {
		return Origin{}, errPort // browsers leave a default port out
	}
	if err := checkHost(host); err != nil {
		return Origin{}, err
	}
	return Origin{scheme, host, port}, nil
}

// Of returns the origin of a server that is asked over scheme for host, as
// the Host header gives it: the case of letters and a default port make no
// difference there (RFC 9110, section 4.2.3).
func Of(scheme, host string) (Origin, error) {
	if scheme != "http" && scheme != "https" {
		return Origin{}, errScheme
	}
	if plainHost(host) {
		return Origin{scheme, host, defaultPort(scheme)}, nil
	}
	if len(host) == 0 || len(host) > MaxLength {
		return Origin{}, errLength
	}
	name, port, err := splitHostPort(host, defaultPort(scheme))
	if err != nil {
		return Origin{}, err
	}
	name = strings.ToLower(name)
	if err := checkHost(name); err != nil {
		return Origin{}, err
	}
	return Origin{scheme, name, port}, nil
}

func cutScheme(s string) (scheme, rest string, ok bool) {
	if rest, ok = strings.CutPrefix(s, "https://"); ok {
		return "https", rest, true
	}
	rest, ok = strings.CutPrefix(s, "http://")
	return "http", rest, ok
}

func defaultPort(scheme string) uint16 {
	if scheme == "https" {
		return 443
	}
	return 80
}

// splitHostPort parts a host from a port that it may have.
func splitHostPort(s string, otherwise uint16) (string, uint16, error) {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '@':
			return "", 0, errUserInfo // golang/go#78563
		case c == '/' || c == '?' || c == '#' || c == '\\' || c == ',' || c <= ' ' || c >= 0x7F:
			return "", 0, errAfterHost
		}
	}
	host, digits := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", 0, errHost
		}
		host, digits = s[:end+1], s[end+1:]
		if digits == "" {
			return host, otherwise, nil
		}
		if digits[0] != ':' {
			return "", 0, errAfterHost
		}
		digits = digits[1:]
	} else {
		i := strings.IndexByte(s, ':')
		if i < 0 {
			return host, otherwise, nil
		}
		host, digits = s[:i], s[i+1:]
	}
	if len(digits) == 0 || len(digits) > 5 || digits[0] == '0' {
		return "", 0, errPort
	}
	n := 0
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return "", 0, errPort
		}
		n = n*10 + int(digits[i]-'0')
	}
	if n > 65535 {
		return "", 0, errPort
	}
	return host, uint16(n), nil
}

// checkHost accepts what the URL standard's host serialiser can give.
func checkHost(host string) error {
	if strings.HasPrefix(host, "[") {
		return checkIPv6(host)
	}
	if len(host) == 0 || len(host) > maxHost {
		return errHost
	}
	label, hyphens := 0, false
	for i := range len(host) {
		switch c := host[i]; {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_':
			label++
		case c == '-':
			label++
			hyphens = true
		case c == '.':
			// An empty label, and with it a trailing dot below, is refused: it
			// names the same server, and is another origin to a browser.
			if label == 0 {
				return errHost
			}
			label = 0
		default:
			return errHost
		}
		if label > maxLabel {
			return errHost
		}
	}
	if label == 0 {
		return errHost
	}
	if endsInNumber(host) {
		a, err := netip.ParseAddr(host)
		if err != nil || !a.Is4() {
			return errHost
		}
		return nil
	}
	if hyphens && strings.Contains(host, "xn--") {
		return checkIDNA(host)
	}
	return nil
}

// endsInNumber tells hosts that browsers read as IPv4 (URL standard, "ends in
// a number checker"): 0x7f.1 and 127.1 never appear in a serialised origin.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last[0] < '0' || last[0] > '9' {
		return false
	}
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	hex, ok := strings.CutPrefix(last, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}

func checkIPv6(host string) error {
	inner, ok := strings.CutSuffix(host[1:], "]")
	if !ok {
		return errHost
	}
	a, err := netip.ParseAddr(inner)
	if err != nil || !a.Is6() || a.Zone() != "" || serializeIPv6(a) != inner {
		return errHost
	}
	return nil
}

// serializeIPv6 writes an address as the URL standard does: unlike RFC 5952
// it has no dotted form for IPv4-mapped addresses.
func serializeIPv6(a netip.Addr) string {
	if !a.Is4In6() {
		return a.String()
	}
	b := a.As16()
	hex := func(i int) string { return strconv.FormatUint(uint64(b[i])<<8|uint64(b[i+1]), 16) }
	return "::ffff:" + hex(12) + ":" + hex(14)
}

// browsers is IDNA as the URL standard has it ("domain to ASCII", not strict):
// other labels of the host may have underscores, and hyphens anywhere.
var browsers = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.CheckHyphens(false), idna.CheckJoiners(true), idna.StrictDomainName(false))

// checkIDNA accepts an internationalised name that is its own ASCII form.
func checkIDNA(host string) error {
	unicode, err := browsers.ToUnicode(host)
	if err != nil {
		return errHost
	}
	ascii, err := browsers.ToASCII(unicode)
	if err != nil || ascii != host {
		return errHost
	}
	return nil
}

// Scheme returns "http" or "https".
func (o Origin) Scheme() string { return o.scheme }

// Host returns the host without port; an IPv6 address is in brackets.
func (o Origin) Host() string { return o.host }

// Port returns the port, also where it is the scheme's default.
func (o Origin) Port() uint16 { return o.port }

// IsZero reports whether o is no origin.
func (o Origin) IsZero() bool { return o == Origin{} }

// String returns the serialisation that Parse reads.
func (o Origin) String() string {
	if o.IsZero() {
		return ""
	}
	if o.port == defaultPort(o.scheme) {
		return o.scheme + "://" + o.host
	}
	return o.scheme + "://" + o.host + ":" + strconv.Itoa(int(o.port))
}

// HostPort returns the origin without its scheme, as a Host header has it.
func (o Origin) HostPort() string {
	return strings.TrimPrefix(o.String(), o.scheme+"://")
}

// IsIP reports whether the host is an IP address.
func (o Origin) IsIP() bool {
	return strings.HasPrefix(o.host, "[") || o.host != "" && endsInNumber(o.host)
}

// IsLoopback reports whether the host is 127.0.0.0/8, ::1, localhost or a
// name below localhost, which browsers take for trustworthy also over plain
// http (Secure Contexts, section 3.1).
func (o Origin) IsLoopback() bool {
	if o.host == "localhost" || strings.HasSuffix(o.host, ".localhost") {
		return true
	}
	if !o.IsIP() {
		return false
	}
	a, err := netip.ParseAddr(strings.Trim(o.host, "[]"))
	return err == nil && a.IsLoopback()
}

// Site returns the site's host: the registrable domain, or the host itself
// where it has none, as an IP address or a public suffix (HTML standard,
// "obtain a site").
func (o Origin) Site() string {
	if o.IsIP() {
		return o.host
	}
	d, err := publicsuffix.EffectiveTLDPlusOne(o.host)
	if err != nil {
		return o.host
	}
	return d
}

// SameSite reports whether o and p are same site, schemes included (HTML
// standard, "same site"; RFC 6265bis, section 5.2). Ports make no difference.
func (o Origin) SameSite(p Origin) bool {
	return o.scheme == p.scheme && (o.host == p.host || o.Site() == p.Site()) && !o.IsZero()
}
