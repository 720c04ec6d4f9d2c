package guard

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/cfgerrors"
	"github.com/d710e0ae/countersign/jwt"
)

// maxKeyFile bounds a key file, in bytes.
const maxKeyFile = 1 << 20

// maxCachedTokens is how many verified tokens are remembered.
const maxCachedTokens = 10_000

// file makes a name of the configuration absolute or relative to its folder.
func (c *Config) file(name string) string {
	if filepath.IsAbs(name) || c.dir == "" {
		return name
	}
	return filepath.Join(c.dir, name)
}

// verifier builds what checks the API's tokens; nil where no key is
// configured. The closer ends its background work, and is never nil.
func (c *Config) verifier(clock func() time.Time) (*jwt.Verifier, io.Closer, error) {
	var errs cfgerrors.List
	keys, closer := c.keys(clock, &errs)
	if keys == nil {
		return nil, closer, errs.Err()
	}
	v, err := jwt.NewVerifier(jwt.VerifierConfig{
		Keys: keys, Issuer: c.JWT.Issuer, Audience: c.JWT.Audience, Type: c.JWT.Type, Leeway: c.JWT.Leeway,
		MaxCached: maxCachedTokens, Clock: clock,
		// Tokens of FastAPI applications name neither, unless told to.
		InsecureAnyIssuer: c.JWT.Issuer == "", InsecureAnyAudience: c.JWT.Audience == "",
		InsecureNoType: c.JWT.Type == "",
	})
	errs.Join("jwt", err)
	if err := errs.Err(); err != nil {
		closer.Close()
		return nil, nothing{}, err
	}
	return v, closer, nil
}

type nothing struct{}

func (nothing) Close() error { return nil }

// keys returns the keys that the settings name, and what ends the background
// work of keeping them up to date; nil where there are none.
func (c *Config) keys(clock func() time.Time, errs *cfgerrors.List) (jwt.KeySet, io.Closer) {
	j := &c.JWT
	algs := make([]jwt.Algorithm, len(j.Algorithms))
	for i, a := range j.Algorithms {
		algs[i] = jwt.Algorithm(a)
	}
	for i, a := range algs {
		if slices.Contains(algs[:i], a) {
			errs.Add(&cfgerrors.Error{Key: fmt.Sprintf("jwt.algorithms[%d]", i), Code: cfgerrors.Duplicate, Value: string(a), Problem: "stands twice", Instead: "keep one of the two"})
		}
	}
	switch source := c.keySource(errs); source {
	case "":
		c.withoutKey(algs, errs)
	case "jwt.secret":
		return fixed(source, algs, jwt.HS256, []byte(j.Secret.Reveal()), jwt.NewHMACKey, errs), nothing{}
	case "jwt.secret_file":
		if b, ok := c.read(source, j.SecretFile, errs); ok {
			return fixed(source, algs, jwt.HS256, bytes.TrimRight(b, " \t\r\n"), jwt.NewHMACKey, errs), nothing{}
		}
	case "jwt.public_key_file":
		if len(algs) == 0 {
			errs.Add(&cfgerrors.Error{Key: "jwt.algorithms", Code: cfgerrors.Missing, Problem: "the algorithm of the public key is not said", Instead: "write for example [RS256]"})
			break
		}
		if b, ok := c.read(source, j.PublicKeyFile, errs); ok {
			return fixed(source, algs, "", b, func(a jwt.Algorithm, b []byte) (*jwt.Key, error) { return jwt.ParsePEM(b, a) }, errs), nothing{}
		}
	default:
		return c.keySet(source, algs, clock, errs)
	}
	return nil, nothing{}
}

// keySource returns the setting that names the key, the first of several.
func (c *Config) keySource(errs *cfgerrors.List) string {
	j := &c.JWT
	given := map[string]bool{
		"jwt.secret": !j.Secret.Empty(), "jwt.secret_file": j.SecretFile != "", "jwt.public_key_file": j.PublicKeyFile != "",
		"jwt.jwks_file": j.JWKSFile != "", "jwt.jwks_url": j.JWKSURL != "",
	}
	source := ""
	for i := range table {
		switch key := table[i].key; {
		case !given[key]:
		case source != "":
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Conflict, Problem: source + " gives the key already", Instead: "keep one of the two"})
		default:
			source = key
		}
	}
	return source
}

// withoutKey says what is wrong with settings that only a key gives a sense.
func (c *Config) withoutKey(algs []jwt.Algorithm, errs *cfgerrors.List) {
	for i, a := range algs {
		if !slices.Contains(jwt.Algorithms(), a) {
			errs.Add(&cfgerrors.Error{Key: fmt.Sprintf("jwt.algorithms[%d]", i), Code: cfgerrors.Unknown, Value: string(a), Problem: "is no algorithm of a signature", Instead: "write for example HS256"})
		}
	}
	if _, told := c.pos["jwt.secret"]; told {
		return // what is wrong with it was said when it was read
	}
	if j := &c.JWT; len(algs) > 0 || j.Issuer != "" || j.Audience != "" || j.Type != "" {
		errs.Add(&cfgerrors.Error{Key: "jwt", Code: cfgerrors.Missing, Problem: "there is no key to check tokens with", Instead: "give secret_file, public_key_file, jwks_file or jwks_url"})
	}
}

// keySet reads a JSON Web Key Set from the file or the address that source
// names, and keeps it up to date.
func (c *Config) keySet(source string, algs []jwt.Algorithm, clock func() time.Time, errs *cfgerrors.List) (jwt.KeySet, io.Closer) {
	j := &c.JWT
	cfg := jwt.JWKSConfig{URL: j.JWKSURL, Issuer: j.Issuer, InsecureAnyIssuer: j.Issuer == "", Algorithms: algs, Clock: clock}
	if j.JWKSFile != "" {
		b, ok := c.read(source, j.JWKSFile, errs)
		if !ok {
			return nil, nothing{}
		}
		if _, err := jwt.ParseJWKS(b, algs...); err != nil {
			for e := range cfgerrors.All(err) {
				m := *e
				m.Key, m.Problem = source, strings.TrimPrefix(m.Key+": ", "key: ")+m.Problem
				errs.Add(&m)
			}
			return nil, nothing{}
		}
		cfg.File = c.file(j.JWKSFile)
	}
	ks, err := jwt.NewJWKS(cfg)
	if err != nil {
		for e := range cfgerrors.All(err) {
			m := *e
			m.Key = "jwt." + m.Key
			if m.Key == "jwt.url" || m.Key == "jwt.file" {
				m.Key = source
			}
			errs.Add(&m)
		}
		return nil, nothing{}
	}
	return ks, ks
}

func (c *Config) read(key, name string, errs *cfgerrors.List) ([]byte, bool) {
	b, err := readBounded(c.file(name), maxKeyFile)
	if err != nil {
		errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Unavailable, Value: name, Problem: err.Error(), Instead: "name a file that the guard may read"})
	}
	return b, err == nil
}

// fixed makes one key for each algorithm.
func fixed(source string, algs []jwt.Algorithm, otherwise jwt.Algorithm, b []byte, parse func(jwt.Algorithm, []byte) (*jwt.Key, error), errs *cfgerrors.List) jwt.KeySet {
	if len(algs) == 0 {
		algs = []jwt.Algorithm{otherwise}
	}
	var keys []*jwt.Key
	for i, a := range algs {
		k, err := parse(a, b)
		if err != nil {
			n := 0
			for e := range cfgerrors.All(err) {
				m := *e
				m.Key = source
				if e.Code == cfgerrors.Unknown {
					m.Key = fmt.Sprintf("jwt.algorithms[%d]", i)
				}
				errs.Add(&m)
				n++
			}
			if n == 0 {
				errs.Add(&cfgerrors.Error{Key: source, Code: cfgerrors.Malformed, Problem: err.Error()})
			}
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) < len(algs) {
		return nil
	}
	set, err := jwt.NewKeys(keys...)
	errs.Join("jwt", err)
	if err != nil {
		return nil
	}
	return set
}
