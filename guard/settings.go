package guard

import (
	"slices"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/internal/secret"
)

// A setting is one key of the configuration. The one table of them makes the
// loader, the printer, the JSON Schema and the documentation.
type setting struct {
	key string
	doc string
	// otherwise is the default, in the spelling of the file; lists are
	// parted by ", ".
	otherwise string
	// min and max bound durations, sizes and numbers, both included.
	min, max int64
	oneOf    []string
	// field points at the place in a Config: *string, *bool, *int, *Size,
	// *time.Duration, *[]string or *secret.Text.
	field func(*Config) any
}

const (
	second = int64(time.Second)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

var table = []setting{
	{key: "listen", doc: "The address that clients connect to.", otherwise: "127.0.0.1:8080", field: func(c *Config) any { return &c.Listen }},
	{key: "upstream", doc: "The API: http or https, host and port, without a path.", field: func(c *Config) any { return &c.Upstream }},
	{key: "public_origin", doc: "The origin that the browser's address bar shows. It decides Secure, Host and Origin.", field: func(c *Config) any { return &c.PublicOrigin }},
	{key: "trusted_proxies", doc: "Networks of the proxies in front, whose X-Forwarded-For is believed.", field: func(c *Config) any { return &c.TrustedProxies }},
	{key: "proxy_protocol", doc: "Demand a PROXY protocol header (v1 or v2) on connections from trusted_proxies.", otherwise: "false", field: func(c *Config) any { return &c.ProxyProtocol }},
	{key: "tls.cert_file", doc: "The certificate chain, PEM. It is read again when it changes.", field: func(c *Config) any { return &c.TLS.CertFile }},
	{key: "tls.key_file", doc: "The certificate's private key, PEM.", field: func(c *Config) any { return &c.TLS.KeyFile }},
	{key: "jwt.algorithms", doc: "The algorithms of the API's tokens. They must fit the key.", field: func(c *Config) any { return &c.JWT.Algorithms }},
	{key: "jwt.secret", doc: "The HMAC secret, as env:NAME.", field: func(c *Config) any { return &c.JWT.Secret }},
	{key: "jwt.secret_file", doc: "A file with the HMAC secret; white space at its end is cut off.", field: func(c *Config) any { return &c.JWT.SecretFile }},
	{key: "jwt.public_key_file", doc: "A file with the public key, PEM.", field: func(c *Config) any { return &c.JWT.PublicKeyFile }},
	{key: "jwt.jwks_file", doc: "A file with a JSON Web Key Set.", field: func(c *Config) any { return &c.JWT.JWKSFile }},
	{key: "jwt.jwks_url", doc: "The https address of a JSON Web Key Set.", field: func(c *Config) any { return &c.JWT.JWKSURL }},
	{key: "jwt.issuer", doc: "The \"iss\" that tokens must have; any if empty.", field: func(c *Config) any { return &c.JWT.Issuer }},
	{key: "jwt.audience", doc: "The \"aud\" that tokens must have; any if empty.", field: func(c *Config) any { return &c.JWT.Audience }},
	{key: "jwt.type", doc: "The \"typ\" that tokens must have, such as at+jwt; JWT or none if empty.", field: func(c *Config) any { return &c.JWT.Type }},
	{key: "jwt.leeway", doc: "How far the clocks of issuer and guard may differ.", otherwise: "30s", max: 5 * minute, field: func(c *Config) any { return &c.JWT.Leeway }},
	{key: "login.paths", doc: "Paths whose answers are searched for tokens, whatever their form. Empty: the JSON answers of every POST.", field: func(c *Config) any { return &c.Login.Paths }},
	{key: "login.refresh", doc: "The path that renews tokens; the guard adds the refresh token that it keeps.", field: func(c *Config) any { return &c.Login.Refresh }},
	{key: "login.logout", doc: "The path whose POST ends the session, besides /.countersign/logout.", field: func(c *Config) any { return &c.Login.Logout }},
	{key: "login.placeholder", doc: "Leave the word kept-by-countersign where an answer's token was, for pages that look whether they have one. It is no token.", otherwise: "false", field: func(c *Config) any { return &c.Login.Placeholder }},
	{key: "login.cookies", doc: "Names of cookies by which the API knows its users, besides those that hold a JWT, are named like a token, or like a session and are set by a login.", field: func(c *Config) any { return &c.Login.Cookies }},
	{key: "login.bearer", doc: "Paths whose tokens are given to the client, for programs that bear them themselves. Never a path that browsers log in at.", field: func(c *Config) any { return &c.Login.Bearer }},
	{key: "session.cookie", doc: "The name of the session cookie.", otherwise: "__Host-Http-session", field: func(c *Config) any { return &c.Session.Cookie }},
	{key: "session.idle", doc: "A session ends after this time without a request.", otherwise: "30m", min: minute, max: day, field: func(c *Config) any { return &c.Session.Idle }},
	{key: "session.absolute", doc: "A session ends after this time in any case.", otherwise: "8h", min: minute, max: 30 * day, field: func(c *Config) any { return &c.Session.Absolute }},
	{key: "session.store", doc: "Where sessions are kept: memory:, sqlite:FILE or valkey://HOST:PORT.", otherwise: "memory:", field: func(c *Config) any { return &c.Session.Store }},
	{key: "csrf.header", doc: "The header that carries the CSRF token.", otherwise: "X-CSRF-Token", field: func(c *Config) any { return &c.CSRF.Header }},
	{key: "csrf.forms", doc: "Accept the forms of the site's own pages without the token, which no form can send in a header. Origin and Fetch Metadata must both say that they are.", otherwise: "false", field: func(c *Config) any { return &c.CSRF.Forms }},
	{key: "csrf.trusted_origins", doc: "Other origins that may act for the user.", field: func(c *Config) any { return &c.CSRF.TrustedOrigins }},
	{key: "cors.origins", doc: "Origins whose scripts may read answers.", field: func(c *Config) any { return &c.CORS.Origins }},
	{key: "cors.credentials", doc: "Whether those scripts may use the session cookie.", otherwise: "false", field: func(c *Config) any { return &c.CORS.Credentials }},
	{key: "cors.methods", doc: "Methods that they may use besides GET, HEAD and POST.", otherwise: "PUT, PATCH, DELETE", field: func(c *Config) any { return &c.CORS.Methods }},
	{key: "cors.headers", doc: "Request headers that they may set.", otherwise: "Authorization, Content-Type, Idempotency-Key, X-CSRF-Token", field: func(c *Config) any { return &c.CORS.Headers }},
	{key: "cors.expose", doc: "Response headers that they may read.", otherwise: "X-Request-ID", field: func(c *Config) any { return &c.CORS.Expose }},
	{key: "cors.max_age", doc: "How long browsers may remember a preflight.", otherwise: "10m", max: day, field: func(c *Config) any { return &c.CORS.MaxAge }},
	{key: "exempt", doc: "Requests that need neither Origin nor CSRF token, such as \"POST /webhooks/stripe\". The session is not used on them.", field: func(c *Config) any { return &c.Exempt }},
	{key: "idempotency.require", doc: "Requests that must have an Idempotency-Key, such as \"POST /transfer\".", field: func(c *Config) any { return &c.Idempotency.Require }},
	{key: "idempotency.accept", doc: "Requests whose Idempotency-Key is honoured.", otherwise: "POST *", field: func(c *Config) any { return &c.Idempotency.Accept }},
	{key: "idempotency.ttl", doc: "How long an answer is kept for repetitions.", otherwise: "24h", min: minute, max: 7 * day, field: func(c *Config) any { return &c.Idempotency.TTL }},
	{key: "limits.header", doc: "The longest head of a request, with its first line.", otherwise: "32KiB", min: 4 << 10, max: 1 << 20, field: func(c *Config) any { return &c.Limits.Header }},
	{key: "limits.body", doc: "The longest body of a request.", otherwise: "128MiB", min: 1 << 10, max: 1 << 40, field: func(c *Config) any { return &c.Limits.Body }},
	{key: "limits.uri", doc: "The longest request target.", otherwise: "8KiB", min: 256, max: 64 << 10, field: func(c *Config) any { return &c.Limits.URI }},
	{key: "limits.cookies", doc: "The most cookies of a request.", otherwise: "64", min: 1, max: 1000, field: func(c *Config) any { return &c.Limits.Cookies }},
	{key: "limits.connections", doc: "The most connections at a time; more wait.", otherwise: "10000", min: 1, max: 1 << 20, field: func(c *Config) any { return &c.Limits.Connections }},
	{key: "limits.header_timeout", doc: "The time for the whole head of a request.", otherwise: "10s", min: second, max: 5 * minute, field: func(c *Config) any { return &c.Limits.HeaderTimeout }},
	{key: "limits.body_timeout", doc: "The longest pause within a request's body, and for how long a client may take nothing of an answer.", otherwise: "30s", min: second, max: hour, field: func(c *Config) any { return &c.Limits.BodyTimeout }},
	{key: "limits.idle_timeout", doc: "How long a connection may wait for its next request.", otherwise: "2m", min: second, max: hour, field: func(c *Config) any { return &c.Limits.IdleTimeout }},
	{key: "limits.drain", doc: "The time that requests get to finish at shutdown.", otherwise: "30s", min: second, max: hour, field: func(c *Config) any { return &c.Limits.Drain }},
	{key: "proxy.connect_timeout", doc: "The time to connect to the API.", otherwise: "5s", min: second / 10, max: minute, field: func(c *Config) any { return &c.Proxy.ConnectTimeout }},
	{key: "proxy.response_timeout", doc: "The time until the API begins its answer.", otherwise: "60s", min: second / 10, max: hour, field: func(c *Config) any { return &c.Proxy.ResponseTimeout }},
	{key: "proxy.idle_timeout", doc: "How long an unused connection to the API is kept.", otherwise: "4s", min: second / 10, max: hour, field: func(c *Config) any { return &c.Proxy.IdleTimeout }},
	{key: "proxy.idle_connections", doc: "The most unused connections to the API.", otherwise: "256", min: 1, max: 1 << 16, field: func(c *Config) any { return &c.Proxy.IdleConnections }},
	{key: "proxy.header", doc: "The longest head of an answer.", otherwise: "64KiB", min: 4 << 10, max: 1 << 20, field: func(c *Config) any { return &c.Proxy.Header }},
	{key: "mode", doc: "enforce, or report: log what would be refused for its origin or CSRF token, and let it pass.", otherwise: "enforce", oneOf: []string{"enforce", "report"}, field: func(c *Config) any { return &c.Mode }},
	{key: "access_log", doc: "Write a line for every request, not only for refused ones.", otherwise: "false", field: func(c *Config) any { return &c.AccessLog }},
	{key: "admin.listen", doc: "The address of /metrics, /healthz and /readyz; none if empty.", field: func(c *Config) any { return &c.Admin.Listen }},
}

// reset puts the default into the Config.
func (s *setting) reset(c *Config) {
	if s.otherwise == "" {
		return
	}
	var err error
	switch p := s.field(c).(type) {
	case *[]string:
		*p = strings.Split(s.otherwise, ", ")
	default:
		err = s.read(c, s.otherwise)
	}
	if err != nil {
		panic("guard: default of " + s.key + ": " + err.Error())
	}
}

// lookup finds a setting, and whether key is a section of settings.
func lookup(key string) (s *setting, section bool) {
	i := slices.IndexFunc(table, func(s setting) bool { return s.key == key })
	if i >= 0 {
		return &table[i], false
	}
	return nil, slices.ContainsFunc(table, func(s setting) bool { return strings.HasPrefix(s.key, key+".") })
}

func (s *setting) isList() bool   { _, ok := s.field(&Config{}).(*[]string); return ok }
func (s *setting) isSecret() bool { _, ok := s.field(&Config{}).(*secret.Text); return ok }
