package jwt

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// DefaultLifetime is how long issued tokens work.
const DefaultLifetime = 15 * time.Minute

// maxLifetime bounds an Issuer's lifetime: a token cannot be taken back.
const maxLifetime = 24 * time.Hour

// An IssuerConfig says what is put into every token. A Verifier demands Issuer
// and Audience unless they are waived there.
type IssuerConfig struct {
	Key      *Key   // that can sign; its ID is the token's "kid"
	Issuer   string // "iss"; left out where it is ""
	Audience string // "aud"; left out where it is ""
	// Type is "typ"; "" writes JWT. Access tokens of RFC 9068 are "at+jwt".
	Type string
	// Lifetime is from 1 second to 24 hours; 0 is DefaultLifetime.
	Lifetime time.Duration
	Clock    func() time.Time // time.Now where it is nil
	Random   io.Reader        // crypto/rand where it is nil
}

// An Issuer issues tokens. It is safe for concurrent use.
type Issuer struct {
	cfg    IssuerConfig
	header string // encoded, with its dot
}

// NewIssuer checks the configuration and returns every mistake at once.
func NewIssuer(cfg IssuerConfig) (*Issuer, error) {
	var errs cfgerrors.List
	if cfg.Key == nil || !cfg.Key.CanSign() {
		errs.Add(&cfgerrors.Error{Key: "key", Code: cfgerrors.Missing, Problem: "no key that can sign"})
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = DefaultLifetime
	}
	if cfg.Lifetime < time.Second || cfg.Lifetime > maxLifetime {
		errs.Add(&cfgerrors.Error{Key: "lifetime", Code: cfgerrors.OutOfRange, Value: cfg.Lifetime.String(), Problem: "must be from 1s to 24h", Instead: "15m, renewed by a refresh token"})
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Type == "" {
		cfg.Type = "JWT"
	}
	head := struct {
		Alg Algorithm `json:"alg"`
		Typ string    `json:"typ"`
		Kid string    `json:"kid,omitzero"`
	}{cfg.Key.alg, cfg.Type, cfg.Key.id}
	b, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("jwt: header: %w", err)
	}
	return &Issuer{cfg, base64.RawURLEncoding.EncodeToString(b) + "."}, nil
}

// Issue returns a token for the subject with "iat", "exp", a random "jti" and
// the configured issuer and audience. An answer that carries it must not be
// cached ("Cache-Control: no-store"; RFC 6749, section 5.1). Extra, where it is not nil, is a struct or
// map whose members are added; one that Issue itself writes is an error.
func (i *Issuer) Issue(subject string, extra any) (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(i.cfg.Random, id[:]); err != nil {
		return "", fmt.Errorf("jwt: no randomness for the token's id: %w", err) // CVE-2025-66630
	}
	now := i.cfg.Clock()
	claims := struct {
		Issuer   string         `json:"iss,omitzero"`
		Subject  string         `json:"sub"`
		Audience string         `json:"aud,omitzero"`
		Expiry   int64          `json:"exp"`
		IssuedAt int64          `json:"iat"`
		ID       string         `json:"jti"`
		Extra    jsontext.Value `json:",embed"`
	}{i.cfg.Issuer, subject, i.cfg.Audience, now.Add(i.cfg.Lifetime).Unix(), now.Unix(), base64.RawURLEncoding.EncodeToString(id[:]), nil}
	if extra != nil {
		b, err := json.Marshal(extra)
		if err != nil {
			return "", fmt.Errorf("jwt: extra claims: %w", err)
		}
		claims.Extra = b
	}
	payload, err := json.Marshal(claims) // refuses names that stand twice
	if err != nil {
		return "", fmt.Errorf("jwt: claims: %w", err)
	}
	return i.cfg.Key.compact(i.cfg.Random, i.header, payload)
}

func (k *Key) compact(random io.Reader, header string, payload []byte) (string, error) {
	signed := header + base64.RawURLEncoding.EncodeToString(payload)
	sig, err := k.sign(random, []byte(signed))
	if err != nil {
		return "", fmt.Errorf("jwt: signing: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(sig), nil
}
