package jwt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// A JWKSConfig says where a JSON Web Key Set is and how it is read. Exactly
// one of URL and File is given.
type JWKSConfig struct {
	// URL is where the set is published: https, or http on a loopback
	// address. Redirections are not followed.
	URL string
	// File is the path of the set. A changed file is read within Interval; a
	// bad new one keeps the old.
	File string
	// Issuer binds all keys of the set to the tokens of one iss. It is
	// required for a URL unless InsecureAnyIssuer waives it.
	Issuer            string
	InsecureAnyIssuer bool
	// Algorithms are those that the keys may be for; keys of others are passed
	// over. At least one is required. HMAC is refused for a URL: what is
	// published is no secret.
	Algorithms []Algorithm
	// Fresh is how long a set is used before it is read again in the
	// background, 10 seconds to 24 hours; the default is 15 minutes. A file
	// is looked at every Interval instead.
	Fresh time.Duration
	// Stale is how long a set is used where no newer one can be had, Fresh to
	// 7 days; the default is 24 hours.
	Stale time.Duration
	// Interval is the least time between two readings, whatever the tokens
	// name, 1 second to 1 hour; the default is 30 seconds, or 1 second for a
	// file.
	Interval time.Duration
	// Timeout bounds one reading, 100 milliseconds to 1 minute; the default
	// is 5 seconds.
	Timeout time.Duration
	// Transport makes the requests; the default is one of its own that
	// verifies certificates by the system's roots.
	Transport http.RoundTripper
	// Clock is time.Now where it is nil.
	Clock func() time.Time
}

// JWKS is a KeySet that is read from a URL or file and kept up to date. It is
// safe for concurrent use.
type JWKS struct {
	src    source
	client *http.Client
}

// NewJWKS checks the configuration and returns every mistake in it at once.
// It reads nothing yet: the first token does, or [JWKS.Ready].
func NewJWKS(cfg JWKSConfig) (*JWKS, error) {
	var list cfgerrors.List
	if (cfg.URL == "") == (cfg.File == "") {
		list.Addf("url", cfgerrors.Conflict, "exactly one of url and file must be given")
	}
	if cfg.URL != "" {
		if problem := badJWKSURL(cfg.URL); problem != "" {
			list.Add(&cfgerrors.Error{Key: "url", Code: cfgerrors.Dangerous, Value: cfg.URL, Problem: problem, Instead: "use https, or http on 127.0.0.1"})
		}
		if cfg.Issuer == "" && !cfg.InsecureAnyIssuer {
			list.Add(&cfgerrors.Error{Key: "issuer", Code: cfgerrors.Missing, Problem: "the keys are not bound to an issuer", Instead: "name it, or waive it by InsecureAnyIssuer"})
		}
	}
	if len(cfg.Algorithms) == 0 {
		list.Add(&cfgerrors.Error{Key: "algorithms", Code: cfgerrors.Missing, Problem: "no algorithm is allowed", Instead: "name the one that the issuer signs with, such as RS256"})
	}
	for i, a := range cfg.Algorithms {
		key := fmt.Sprintf("algorithms[%d]", i)
		switch m := a.method(); {
		case m == nil:
			list.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Unknown, Value: string(a), Problem: fmt.Sprintf("%q is no signature algorithm", a), Instead: "use one of " + algorithmList()})
		case m.family == familyHMAC && cfg.URL != "":
			list.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Dangerous, Value: string(a), Problem: "a secret that is published is none", Instead: "use RS256, ES256 or EdDSA"})
		}
	}
	setDefault := func(key string, d *time.Duration, normal, low, high time.Duration) {
		if *d == 0 {
			*d = normal
		}
		if *d < low || *d > high {
			list.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.OutOfRange, Value: d.String(), Problem: fmt.Sprintf("%v is out of range", *d), Instead: fmt.Sprintf("use %v to %v", low, high)})
		}
	}
	interval := 30 * time.Second
	if cfg.File != "" {
		interval = time.Second
		cfg.Fresh = 10 * time.Second
	}
	setDefault("fresh", &cfg.Fresh, 15*time.Minute, 10*time.Second, 24*time.Hour)
	setDefault("stale", &cfg.Stale, max(24*time.Hour, cfg.Fresh), cfg.Fresh, 7*24*time.Hour)
	setDefault("interval", &cfg.Interval, interval, time.Second, time.Hour)
	setDefault("timeout", &cfg.Timeout, 5*time.Second, 100*time.Millisecond, time.Minute)
	if err := list.Err(); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	j := &JWKS{src: source{issuer: cfg.Issuer, clock: cfg.Clock, fresh: cfg.Fresh, stale: cfg.Stale, interval: cfg.Interval, timeout: cfg.Timeout}}
	algs := slices.Clone(cfg.Algorithms)
	if cfg.File != "" {
		j.src.fresh = cfg.Interval
		j.src.read = func(context.Context) (*FixedKeys, error) { return readFile(cfg.File, algs, cfg.Issuer) }
	} else {
		if cfg.Transport == nil {
			cfg.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, MaxResponseHeaderBytes: 32 << 10, TLSHandshakeTimeout: cfg.Timeout, IdleConnTimeout: time.Minute, MaxIdleConns: 1, ForceAttemptHTTP2: true}
		}
		j.client = &http.Client{Transport: cfg.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		j.src.read = func(ctx context.Context) (*FixedKeys, error) { return j.fetch(ctx, cfg.URL, algs, cfg.Issuer) }
	}
	j.src.begin()
	return j, nil
}

func badJWKSURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return "it is no absolute URL"
	case u.User != nil:
		return "it holds a user name"
	case u.Scheme == "https":
		return ""
	case u.Scheme != "http":
		return fmt.Sprintf("its scheme is %q", u.Scheme)
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() || u.Hostname() == "localhost" {
		return ""
	}
	return "anyone between here and there could put in keys of their own"
}

// Find implements [KeySet].
func (j *JWKS) Find(ctx context.Context, q KeyQuery) ([]*Key, error) { return j.src.find(ctx, q) }

// Ready reads the set if it was not read yet, and returns why it cannot be
// had. Call it at start, so that a wrong address is found before the first
// token is.
func (j *JWKS) Ready(ctx context.Context) error {
	if j.src.state.Load().keys != nil {
		return nil
	}
	if st := j.src.refresh(ctx, j.src.clock()); st.keys == nil {
		return st.failure(ctx)
	}
	return nil
}

// Close ends what runs in the background. The set may be used no more.
func (j *JWKS) Close() error {
	j.src.close()
	if j.client != nil {
		j.client.CloseIdleConnections()
	}
	return nil
}

func (j *JWKS) fetch(ctx context.Context, from string, algs []Algorithm, issuer string) (*FixedKeys, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, fmt.Errorf("jwt: JWKS: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := j.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("jwt: JWKS: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("jwt: JWKS: %s answers %s", from, res.Status)
	}
	return readSet(res.Body, algs, issuer)
}

func readFile(path string, algs []Algorithm, issuer string) (*FixedKeys, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("jwt: JWKS: %w", err)
	}
	defer f.Close()
	return readSet(f, algs, issuer)
}

func readSet(r io.Reader, algs []Algorithm, issuer string) (*FixedKeys, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxJWKSBytes+1))
	if err != nil {
		return nil, fmt.Errorf("jwt: JWKS: %w", err)
	}
	set, err := ParseJWKS(data, algs...)
	if err != nil {
		return nil, fmt.Errorf("jwt: JWKS: %w", err)
	}
	keys := make([]*Key, len(set.all))
	for i, k := range set.all {
		if k.family != familyHMAC {
			k = k.Public()
		}
		keys[i] = k.WithIssuer(issuer)
	}
	if len(keys) == 0 {
		return nil, errors.New("jwt: JWKS: it holds no key that can be used")
	}
	return NewKeys(keys...)
}
