// Package attacks lists what the guard and its packages must survive, and
// finds for each attack the tests that show it. docs/attacks.md is written
// from both.
package attacks

// An Attack is one thing that an attacker may try.
type Attack struct {
	N      int
	Try    string // what the attacker does
	Source string // where it was seen: an advisory, a specification, a peer
	Ours   string // what comes of it here
	Part   string // heading
	// None says why no test can show it, where none can.
	None string
}

const (
	requests = "Requests from another origin"
	sessions = "Cookies and sessions"
	tokens   = "JSON Web Tokens"
	proxy    = "The proxy"
	sharing  = "Cross-origin resource sharing"
	repeats  = "Repetition and renewal"
)

// All returns the attacks, by number.
func All() []Attack {
	return []Attack{
		{1, "An Origin with user information, `https://evil@host`", "golang/go#78563; Go's CrossOriginProtection accepts it", "403, malformed origin", requests, ""},
		{2, "A plain-http Origin on an https host", "CVE-2025-24358; CrossOriginProtection without Sec-Fetch-Site accepts it", "403", requests, ""},
		{3, "The http twin of a trusted https origin", "CVE-2025-47909", "403: schemes are compared", requests, ""},
		{4, "An Origin that no browser writes: `ftp://host`, `//host`, a path, an empty port, capitals, a trailing dot", "Fetch, section 3.1", "403, malformed origin; never compared loosely", requests, ""},
		{5, "Two Origin or two Sec-Fetch-Site fields, or several values in one", "CrossOriginProtection takes the first", "403", requests, ""},
		{6, "`Sec-Fetch-Site: same-origin` or `none` beside a foreign Origin", "CrossOriginProtection accepts it", "403: both must agree", requests, ""},
		{7, "A Sec-Fetch-Site that is unknown or in other case", "Fetch Metadata, section 2.4", "Origin decides; never allowed by itself", requests, ""},
		{8, "A POST from a sibling subdomain", "RFC 6265bis, section 8.8.2: SameSite does not help", "403 unless that exact origin is trusted", requests, ""},
		{9, "`Origin: null`, from a sandboxed page, a data URL or a redirect", "Fetch, section 4.4", "403", requests, ""},
		{10, "Neither Origin nor Sec-Fetch-Site, but the session's cookie", "", "403; with a bearer token instead of the cookie it passes", requests, ""},
		{11, "A request redirected through another site", "Fetch, section 4.4", "403", requests, ""},
		{12, "A plain-http host, where browsers send no Fetch Metadata", "Fetch Metadata, section 2", "Origin decides", requests, ""},
		{13, "A WebSocket handshake, or an event stream, from another site", "ASVS 4.4.2; CrossOriginProtection lets GETs through", "403, and no handshake", requests, ""},
		{14, "A GET that hides its method in `X-HTTP-Method-Override` or `_method`", "CrossOriginProtection lets it through", "the field is taken off; the method is what it is", requests, ""},
		{15, "QUERY, TRACE and unknown methods", "RFC 9110, section 9.2.1", "not safe unless GET, HEAD or OPTIONS", requests, ""},
		{16, "An exempt path reached by cleaning, encoding or doubled slashes", "CVE-2025-47910", "403 or 400: one canonical path decides and is forwarded", requests, ""},
		{17, "A path that only begins like an exempt one", "starlette-csrf matches by prefix", "403: patterns are anchored", requests, ""},
		{18, "`example.org.attacker.com`, `attackerexample.org`, unescaped dots, a wildcard on a public suffix", "", "not admitted; refused at start", requests, ""},
		{19, "Two patterns that together admit a third name", "GHSA-vhxv-fg4m-p2w8", "not admitted", requests, ""},
		{20, "A Host with its default port, or in capitals", "CrossOriginProtection refuses the honest user", "the same origin", requests, ""},
		{21, "JSON as text/plain", "CVE-2021-32677", "403 from a foreign origin", requests, ""},
		{22, "JSON without a Content-Type, from a Blob", "GHSA-2234-fmw7-43wr; FastAPI before 0.132 parses it", "403 from a foreign origin", requests, ""},
		{23, "A Content-Type in capitals, with parameters, doubled, or of another form", "CVE-2023-29003, CVE-2023-29008, GHSA-vm6g-8r4h-22x8", "403: no type exempts", requests, ""},
		{24, "A junk `Authorization: Bearer x` beside the cookie", "asgi-csrf skips its check", "the check stands", requests, ""},
		{25, "The CSRF token of session A in session B", "CVE-2023-45128, CVE-2023-45141", "403", requests, ""},
		{26, "A cookie tossed by a sibling domain with the attacker's own matching token", "Cookie Crumbles, USENIX Security 2023", "403: tokens are bound to the session", requests, ""},
		{27, "An expected token that cannot be read", "GO-2020-0049", "403, not no check", requests, ""},
		{28, "A server request, whose URL has no scheme", "CVE-2025-46721", "the configured origin is compared", requests, ""},
		{29, "The token in the cookie itself, in the query, or in a body that was parsed by hand", "", "403: the header alone counts, or a field of the form where one is configured", requests, ""},
		{30, "A token from before login, logout or rotation", "", "403; one token serves all tabs of a session", requests, ""},
		{31, "Login and logout from another site, by GET and by POST", "OWASP: login CSRF", "403", requests, ""},
		{32, "A page that makes the client script send the token elsewhere", "CVE-2023-45857, CVE-2025-66035", "the script adds it for its own origin only", requests, ""},

		{33, "A session identifier that the client chose", "CVE-2024-38513", "a new one", sessions, ""},
		{34, "Session fixation across login", "OWASP", "the identifier changes", sessions, ""},
		{35, "Two cookies of the session's name", "parsers differ on which one wins", "400", sessions, ""},
		{36, "A `__Host-` name behind a Unicode space", "browsers and servers differ on white space", "not the session's cookie", sessions, ""},
		{37, "`$Version` and quoted values, to carry cookies through", "the cookie sandwich", "400, or not forwarded", sessions, ""},
		{38, "A cookie written by a sibling domain or over plain http", "RFC 6265bis, section 8.6", "browsers refuse it for the prefix; it opens no session", sessions, ""},
		{39, "A flood of cookies", "CVE-2025-58186", "431", sessions, ""},
		{40, "A source of randomness that fails", "CVE-2025-66630", "no login", sessions, ""},
		{41, "The session's cookie or the bearer in what the API, a log or a Referer gets", "CVE-2026-41181", "nothing of either", sessions, ""},
		{42, "A shared cache between", "RFC 9111, section 3.5", "no-store; logout clears the site's data", sessions, ""},

		{43, "`none`, `NonE`, an empty algorithm; RS256 turned to HS256 with the public key", "CVE-2026-33322", "401: the algorithm belongs to the key", tokens, ""},
		{44, "A JWK without `alg` that lets the header choose", "CVE-2026-22818", "the key is refused at start", tokens, ""},
		{45, "`crit` that is unknown, empty or names an absent member; `b64: false`", "golang-jwt accepts them", "401", tokens, ""},
		{46, "Members twice, in other case, of another type, or numbers beyond reason", "RFC 8725, section 2.4", "401", tokens, ""},
		{47, "Line breaks, padding or unused bits in a segment", "golang-jwt, go-jose and jwx accept some", "401; deny-lists go by `jti`", tokens, ""},
		{48, "Spaces, a trailing `{}`, a fourth segment, JSON serialization, a JWE", "", "401", tokens, ""},
		{49, "A token of another type, such as an ID token", "RFC 8725, section 3.11", "401", tokens, ""},
		{50, "Keys named by the header: `jku`, `x5u`, `x5c`, `jwk`", "RFC 8725, section 3.10", "never followed", tokens, ""},
		{51, "`kid` as a path, as SQL, of a megabyte; a flood of unknown ones", "", "401; one reading of the keys an interval", tokens, ""},
		{52, "A key of issuer A for a token of issuer B", "CVE-2026-33496", "401", tokens, ""},
		{53, "No `exp`, `aud` or `iss` where they are asked for", "RFC 8725, section 3.8", "401", tokens, ""},
		{54, "A million dots", "CVE-2025-30204", "401 at once", tokens, ""},
		{55, "A token of a mebibyte", "", "401 at once", tokens, ""},
		{56, "Two keys of one `kid`, 1024-bit RSA, `use: enc`, a short HMAC secret", "RFC 7518, section 3.2", "refused at start", tokens, ""},
		{57, "Another scheme than Bearer; two Authorization fields", "CVE-2026-47673", "401 or 400", tokens, ""},
		{58, "No UTF-8, a byte order mark, claims nested ten thousand deep", "", "401", tokens, ""},

		{59, "`X_User`, `X.User`, `x-User` for an identity header", "CVE-2025-64484", "taken off", proxy, ""},
		{60, "The client's copy of a header where ours is absent", "CVE-2026-30851", "taken off", proxy, ""},
		{61, "Forged `Forwarded`, `X-Forwarded-*`, `X-Real-IP`, `X-Forwarded-Prefix`", "", "replaced by what is true", proxy, ""},
		{62, "`Connection: authorization`, to remove a header of ours", "CVE-2021-33197", "ours stays", proxy, ""},
		{63, "`/public/../admin`, `%2e%2e`, `%2f`, `%5c`, `//`, `;x=`, `%00`, `%23`", "", "one canonical path decides and is forwarded, or 400", proxy, ""},
		{64, "The User-Agent of a health check", "CVE-2026-34457", "no exemption", proxy, ""},
		{65, "More query parameters than are parsed", "GO-2026-4976", "400, or forwarded unread", proxy, ""},
		{66, "A redirect to elsewhere after login", "", "", proxy, "The guard answers a login with the API's own answer and takes no address to return to, so it has no redirect that could be led astray."},
		{67, "Requests joined to one flight under a key that two users share", "CVE-2026-71326", "", proxy, "No answer is shared between requests: only the reading of a key set is, which has no identity, and a refresh, whose key is the session's own (see 82)."},
		{68, "A login's answer, or a key set, without end", "", "502, bounded", proxy, ""},
		{69, "A cross-origin POST to the admin port; DNS rebinding", "", "403: the Host is compared", proxy, ""},
		{70, "Smuggling: two lengths, folded lines, bare line feeds, chunk extensions, h2c", "RFC 9112, section 11.2", "400, and the connection is closed", proxy, ""},
		{71, "Heads and bodies that never end, connections that say nothing", "", "cut off in time", proxy, ""},
		{72, "An API that answers 101, 103, trailers, half a body, a Set-Cookie on 304", "", "passed on or 502, never mixed up", proxy, ""},

		{73, "`*` or `null` with credentials", "Fetch, section 3.3.5", "refused at start", sharing, ""},
		{74, "An API that reflects every origin", "Starlette with `*` and credentials", "its CORS fields are dropped", sharing, ""},
		{75, "A flood of commas or names in Access-Control-Request-Headers", "GO-2024-2883", "refused, in constant memory", sharing, ""},
		{76, "A cache that mixes up origins; a preflight that reaches the API", "Fetch, section 3.3.7", "`Vary` on every answer; preflights end here", sharing, ""},

		{77, "An Idempotency-Key of another user, path or body", "draft-ietf-httpapi-idempotency-key-header", "422, or another key space", repeats, ""},
		{78, "A stored Set-Cookie or Authorization, replayed", "", "never", repeats, ""},
		{79, "A stored failure that blocks a good retry", "", "failures are not kept", repeats, ""},
		{80, "The same request many times at once", "", "one runs; the others get 409 or wait", repeats, ""},
		{81, "A key that is no structured-field string", "RFC 9651, section 3.3.3", "400", repeats, ""},
		{82, "A rotated refresh token, used again; a lock shorter than the refresh", "oauth2-proxy pull request 3456", "the family is revoked; nothing is redeemed twice", repeats, ""},
		{83, "A store that dies between the check and the write", "", "refused, never run twice", repeats, ""},
	}
}
