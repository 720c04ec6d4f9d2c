package attack

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// Origin returns the origin of the attacker's page at that position, as the
// Origin field spells it, and whether the position exists for the target: a
// plain-http page of the same host is another origin only where the target
// itself speaks https.
func Origin(pos finding.Position, target *url.URL) (string, bool) {
	switch pos {
	case finding.CrossSite:
		return target.Scheme + "://" + foreignHost(target.Hostname()), true
	case finding.SameSite:
		host := target.Hostname()
		if host == "localhost" || net.ParseIP(host) != nil {
			return target.Scheme + "://" + net.JoinHostPort(host, "9"), true
		}
		site, err := publicsuffix.EffectiveTLDPlusOne(host)
		if err != nil {
			site = host
		}
		return target.Scheme + "://sibling." + site, true
	case finding.Null:
		return "null", true
	case finding.Insecure:
		return "http://" + target.Hostname(), target.Scheme == "https"
	}
	return "", false
}

// foreignHost returns a host of another registrable domain than the target's
// which begins, and where it can ends, as the target's: an Origin check that
// looks at a part of the name takes it for the target's own.
func foreignHost(host string) string {
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil && net.ParseIP(host) == nil && len(host)+len(site) < 200 {
		return host + ".attacker-" + site
	}
	if strings.Contains(host, ":") || len(host) > 200 { // an IPv6 address is no label
		return "attacker.example"
	}
	return host + ".attacker.example"
}

// dress puts the fields on h that a browser adds to a request of that shape
// from that position (Fetch §4.6, Fetch Metadata §2). It sets no custom field
// and no Content-Type.
func dress(h http.Header, pos finding.Position, shape finding.Shape, method string, target *url.URL) {
	from, _ := Origin(pos, target)
	mode, dest := "no-cors", "empty"
	accept := "*/*"
	switch {
	case topLevel(shape):
		mode, dest = "navigate", "document"
		accept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
		put(h, "Upgrade-Insecure-Requests", "1")
	case shape == finding.JSONCORS:
		mode = "cors"
	case shape == finding.Image:
		dest = "image"
		accept = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
	}
	put(h, "Accept", accept)
	// Fetch §3.1: Origin goes with every request that is not a GET or HEAD,
	// and with every CORS request.
	if method != http.MethodGet && method != http.MethodHead || mode == "cors" {
		put(h, "Origin", from)
	}
	if pos != finding.Null {
		put(h, "Referer", from+"/")
	}
	// Fetch Metadata §2: only to a potentially trustworthy URL.
	if target.Scheme == "https" || client.Loopback(target.Hostname()) {
		site := "cross-site"
		if pos == finding.SameSite {
			site = "same-site"
		}
		put(h, "Sec-Fetch-Site", site, "Sec-Fetch-Mode", mode, "Sec-Fetch-Dest", dest)
	}
}

// put sets fields on h, each name before its value. The names are spelt as
// http.Header spells them; the values are kept in one list, cut so that an
// addition to one leaves the others alone.
func put(h http.Header, fields ...string) {
	for i := 0; i < len(fields); i += 2 {
		h[fields[i]] = fields[i+1 : i+2 : i+2]
	}
}

// Own puts the fields on h that a browser adds to a fetch by the target's own
// page: what a control must carry.
func Own(h http.Header, method string, target *url.URL) {
	page := target.Scheme + "://" + target.Host + "/"
	put(h, "Accept", "application/json, text/plain, */*", "Referer", page)
	if method != http.MethodGet && method != http.MethodHead {
		put(h, "Origin", strings.TrimSuffix(page, "/"))
	}
	if target.Scheme == "https" || client.Loopback(target.Hostname()) {
		put(h, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty")
	}
}

// A Preflight is what the answer to a preflight allows, for a request with
// credentials (Fetch §4.8).
type Preflight struct {
	Allowed bool
	Why     string
}

// preflightRequest is the preflight that a browser sends before a request of
// that method with those fields, which are lower-case and sorted.
func preflightRequest(u *url.URL, method string, fields []string, pos finding.Position) *client.Request {
	from, _ := Origin(pos, u)
	h := http.Header{}
	put(h, "Accept", "*/*", "Origin", from, "Access-Control-Request-Method", method)
	if len(fields) > 0 {
		put(h, "Access-Control-Request-Headers", strings.Join(fields, ","))
	}
	if u.Scheme == "https" || client.Loopback(u.Hostname()) {
		site := "cross-site"
		if pos == finding.SameSite {
			site = "same-site"
		}
		put(h, "Sec-Fetch-Site", site, "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty")
	}
	return &client.Request{Method: http.MethodOptions, URL: u, Header: h, Bare: true}
}

// judgePreflight evaluates an answer as Fetch §4.8 step 7 does.
func judgePreflight(r *client.Response, method string, fields []string) Preflight {
	from := r.Request.Header.Get("Origin")
	if r.Status < 200 || r.Status > 299 {
		return Preflight{Why: "the preflight was refused"}
	}
	if acao := r.Header.Values("Access-Control-Allow-Origin"); len(acao) != 1 || acao[0] != from {
		return Preflight{Why: "the preflight does not allow the origin with credentials"}
	}
	if r.Header.Get("Access-Control-Allow-Credentials") != "true" {
		return Preflight{Why: "the preflight does not allow credentials"}
	}
	if method != http.MethodPost && method != http.MethodGet && method != http.MethodHead &&
		!listed(r.Header.Values("Access-Control-Allow-Methods"), method, false) {
		return Preflight{Why: "the preflight does not allow " + method}
	}
	for _, f := range fields {
		if !listed(r.Header.Values("Access-Control-Allow-Headers"), f, true) {
			return Preflight{Why: "the preflight does not allow the field " + f}
		}
	}
	return Preflight{Allowed: true, Why: "the preflight allows the origin with credentials"}
}

// listed looks for a value in a comma-separated field. With credentials "*"
// stands for itself.
func listed(fields []string, want string, fold bool) bool {
	for _, f := range fields {
		for v := range strings.SplitSeq(f, ",") {
			v = strings.TrimSpace(v)
			if v == want || fold && strings.EqualFold(v, want) {
				return true
			}
		}
	}
	return false
}
