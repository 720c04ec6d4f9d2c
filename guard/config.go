package guard

import (
	"strconv"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// A Size is a number of bytes. It is written as "512", "64KiB", "10MiB" or
// "1GiB".
type Size int64

// String returns the shortest text that ParseSize reads as s.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s >= Size(u.bytes) && s%Size(u.bytes) == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// Config is the guard's configuration, as countersign.yaml has it;
// docs/guard.md says what each setting means, its default and its range. Start
// from DefaultConfig or LoadConfig; the zero Config is refused.
type Config struct {
	Listen         string
	Upstream       string
	PublicOrigin   string
	TrustedProxies []string
	ProxyProtocol  bool
	Exempt         []string
	Mode           string
	AccessLog      bool

	TLS struct {
		CertFile, KeyFile string
	}
	JWT struct {
		Algorithms    []string
		Secret        Secret
		SecretFile    string
		PublicKeyFile string
		JWKSFile      string
		JWKSURL       string
		Issuer        string
		Audience      string
		Type          string
		Leeway        time.Duration
	}
	Login struct {
		Paths       []string
		Refresh     string
		Logout      string
		Cookies     []string
		Placeholder bool
		Bearer      []string
	}
	Session struct {
		Cookie         string
		Idle, Absolute time.Duration
		Store          string
	}
	CSRF struct {
		Header         string
		Forms          bool
		TrustedOrigins []string
	}
	CORS struct {
		Origins     []string
		Credentials bool
		Methods     []string
		Headers     []string
		Expose      []string
		MaxAge      time.Duration
	}
	Idempotency struct {
		Require []string
		Accept  []string
		TTL     time.Duration
	}
	Limits struct {
		Header        Size
		Body          Size
		URI           Size
		Cookies       int
		Connections   int
		HeaderTimeout time.Duration
		BodyTimeout   time.Duration
		IdleTimeout   time.Duration
		Drain         time.Duration
	}
	Proxy struct {
		ConnectTimeout  time.Duration
		ResponseTimeout time.Duration
		IdleTimeout     time.Duration
		IdleConnections int
		Header          Size
	}
	Admin struct {
		Listen string
	}

	// pos is where each setting stands in its file, by key.
	pos map[string]cfgerrors.Position
	// dir is the folder that relative file names start from.
	dir string
}

// DefaultConfig returns the configuration of an empty file. Upstream and
// PublicOrigin are missing in it.
func DefaultConfig() *Config {
	c := &Config{pos: map[string]cfgerrors.Position{}}
	for i := range table {
		table[i].reset(c)
	}
	return c
}

// position returns where key stands, or the nearest key above it.
func (c *Config) position(key string) cfgerrors.Position {
	for key != "" {
		if p, ok := c.pos[key]; ok {
			return p
		}
		i := strings.LastIndexAny(key, ".[")
		if i < 0 {
			break
		}
		key = key[:i]
	}
	return c.pos[""]
}
