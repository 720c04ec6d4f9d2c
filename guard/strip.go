package guard

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/d710e0ae/countersign/guard/internal/ascii"
)

// notForwarded are request fields that the API must never get from a client.
// Those of one connection are here as well.
var notForwarded = headerSet(
	// Of the connection (RFC 9110, section 7.6.1).
	"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
	"Proxy-Authorization", "Proxy-Authenticate", "Proxy", "Content-Length", "Expect", "Host",
	// What the guard writes itself, or what only it may know.
	"Authorization", "Cookie", "Cookie2", "X-Request-Id",
	// Another method, path or host than those that were checked.
	"X-Http-Method", "X-Http-Method-Override", "X-Method-Override", "X-Method",
	"X-Host", "X-Http-Host-Override", "X-Proxy-Url", "Request-Uri", "Base-Url", "X-Middleware-Subrequest", // CVE-2025-29927
	// Where the request came from.
	"Forwarded", "X-Forwarded", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Cf-Connecting-Ipv6",
	"Fastly-Client-Ip", "X-Cluster-Client-Ip", "X-Originating-Ip", "X-Remote-Ip", "X-Remote-Addr", "Client-Ip", "Proxy-Client-Ip", "Wl-Proxy-Client-Ip",
	"X-Azure-Clientip", "X-Proxyuser-Ip", "X-Forward-For", "X-Custom-Ip-Authorization", "X-Scheme", "X-Url-Scheme", "Front-End-Https",
	// Who sent it, as proxies in front of APIs tell (CVE-2025-64484).
	"X-User", "X-User-Id", "X-Userid", "X-User-Name", "X-Username", "X-User-Email", "X-User-Role", "X-User-Roles", "X-User-Groups", "X-Email", "X-Groups", "X-Group",
	"X-Role", "X-Roles", "X-Remote-User", "Remote-User", "Remote-Email", "Remote-Groups", "Remote-Name", "X-Authenticated", "X-Account-Id", "X-Admin", "X-Is-Admin",
	"X-Subject", "X-Sub", "X-Principal", "X-Identity", "X-Tenant-Id", "X-Scopes", "X-Consumer-Id", "X-Consumer-Username", "X-Credential-Identifier", "X-Userinfo", "X-Access-Token", "X-Id-Token",
	"X-Uid", "X-Scope", "X-Spiffe-Id", "X-Arr-Clientcert",
)

// notForwardedPrefixes are families of such fields.
var notForwardedPrefixes = []string{
	"X-Forwarded-", "X-Original-", "X-Rewrite-", "X-Envoy-", "X-Token-", "X-Auth-", "X-Authenticated-", "X-Webauth-", "X-Authentik-", "X-Jwt-", "X-Countersign-", "X-Amzn-Oidc-", "X-Ms-Client-Principal",
	"X-Ms-Token-", "X-Goog-Authenticated-", "X-Goog-Iap-", "Cf-Access-", "X-Client-Cert", "X-Client-Verify", "X-Client-Dn", "X-Ssl-", "Ssl-Client-", "X-Pomerium-", "X-Oidc-", "Oidc-",
}

func headerSet(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// canonicalName is the name that WSGI, CGI and some servers read: to them "_"
// and "." are "-" (CVE-2025-64484).
func canonicalName(name string) string {
	if strings.ContainsFunc(name, notInName) {
		name = strings.Map(func(c rune) rune {
			if notInName(c) {
				return '-'
			}
			return c
		}, name)
	}
	return http.CanonicalHeaderKey(name) // which it is, from net/http
}

func notInName(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-')
}

// hidden reports whether a field of the client stays here.
func (g *Guard) hidden(name string) bool {
	name = canonicalName(name)
	if notForwarded[name] || name == g.cookie.Header() {
		return true
	}
	switch name[0] {
	case 'X', 'C', 'S', 'O': // with which the prefixes begin
		for _, p := range notForwardedPrefixes {
			if strings.HasPrefix(name, p) {
				return true
			}
		}
	}
	return false
}

// strip removes what the API must not get from a client, and works out which
// cookies it may see.
func (g *Guard) strip(x *exchange) *problem {
	h := x.r.Header
	if len(h["Authorization"]) > 1 {
		// CVE-2026-47673: which of them counts differs from server to server.
		return refusal(http.StatusBadRequest, "duplicate-authorization", "the Authorization header stands twice")
	}
	x.upgrade = isWebSocket(x.r)
	if !x.upgrade {
		delete(h, "Upgrade") // h2c and others: RFC 9110, section 7.8, lets a server ignore them
	}
	// What Connection names goes no further (RFC 9110, section 7.6.1), but
	// what the guard itself writes later is not the client's to remove
	// (CVE-2021-33197).
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			switch name {
			case "", "Close", "Keep-Alive", "Upgrade", "Te", "Authorization", "Cookie", "Origin", "Host", "Sec-Fetch-Site", "Content-Type", "Content-Length", "Transfer-Encoding", "Connection":
			default:
				if name != g.cookie.Header() && !strings.HasPrefix(name, "Sec-") {
					delete(h, name)
				}
			}
		}
	}
	p, cookies := g.clientCookies(h["Cookie"])
	x.cookies = cookies
	if x.exempt {
		x.cookies = "" // nobody's browser is to speak on these paths
	}
	return p
}

// isWebSocket accepts the handshake of RFC 6455, section 4.2.1, only.
func isWebSocket(r *http.Request) bool {
	h := r.Header
	u := h["Upgrade"]
	if len(u) != 1 || !ascii.EqualFold(u[0], "websocket") || r.Method != http.MethodGet || r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.ContentLength != 0 {
		return false
	}
	key, version := h["Sec-Websocket-Key"], h["Sec-Websocket-Version"]
	if len(key) != 1 || len(key[0]) != 24 || len(version) != 1 || version[0] != "13" {
		return false
	}
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			if ascii.EqualFold(strings.TrimSpace(option), "upgrade") {
				return true
			}
		}
	}
	return false
}

// forwardedFor walks the addresses that proxies added, from the nearest, to
// the first that is no trusted proxy. What stands left of it is the client's
// own claim.
func (g *Guard) forwardedFor(lines []string, a netip.Addr) netip.Addr {
	for i := len(lines) - 1; i >= 0; i-- {
		rest := lines[i]
		for rest != "" {
			part := rest
			if j := strings.LastIndexByte(rest, ','); j >= 0 {
				rest, part = rest[:j], rest[j+1:]
			} else {
				rest = ""
			}
			next, err := netip.ParseAddr(strings.TrimSpace(part))
			if err != nil {
				return a
			}
			if a = next.Unmap(); !g.trusted(a) {
				return a
			}
		}
	}
	return a
}
