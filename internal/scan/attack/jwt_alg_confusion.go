package attack

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// usualKeys are the paths at which servers publish their verification keys.
var usualKeys = []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/jwks.json", "/jwks", "/auth/jwks", "/api/jwks.json", "/public-key", "/public_key", "/publickey", "/public.pem", "/pubkey", "/auth/public-key", "/api/public-key"}

// jwtAlgConfusion signs the victim's claims by HMAC with the server's public
// key as the secret (RFC 8725 §2.1): a verifier that goes by the token's own
// alg takes it. Control: a token signed by HMAC with another key is refused.
func jwtAlgConfusion(ctx context.Context, t *Target) error {
	if t.unverified {
		return nil
	}
	for _, h := range t.tokensTested {
		alg := h.jws.alg()
		if hmacHash(alg) != nil || strings.EqualFold(alg, "none") {
			continue
		}
		secrets, err := t.publicKeys(ctx)
		if err != nil {
			return err
		}
		if len(secrets) == 0 {
			t.Note("key confusion was not tested: tokens are signed with " + alg + ", and no public key was found")
			return nil
		}
		for _, hsAlg := range []string{"HS256", "HS512"} {
			wrong, _, err := t.present(ctx, h, hs(hsAlg, h.jws.header, h.jws.claims, []byte(junk)))
			if err != nil {
				return err
			}
			if wrong == Accepted {
				continue
			}
			for _, secret := range secrets {
				reading, res, err := t.present(ctx, h, hs(hsAlg, h.jws.header, h.jws.claims, secret))
				if err != nil {
					return err
				}
				if reading == Accepted {
					t.report("jwt-alg-confusion", nil, t.sayf("A token that is signed by %s with the public %s key as its secret is accepted in %s.", hsAlg, alg, h),
						evidence(t.labelled("the victim's claims, signed with the public key, accepted", res)...))
					return nil
				}
			}
		}
		return nil
	}
	return nil
}

// publicKeys returns the server's published keys, in each spelling that a
// careless verifier may hold as a byte string. At most 24 are returned.
func (t *Target) publicKeys(ctx context.Context) ([][]byte, error) {
	paths := slices.Clone(usualKeys)
	for _, p := range t.Paths {
		l := strings.ToLower(p)
		if !strings.Contains(p, "{") && (strings.Contains(l, "jwks") || strings.Contains(l, "public") && strings.Contains(l, "key") || strings.Contains(l, "pubkey") || strings.Contains(l, "pem")) {
			paths = append([]string{p}, paths...)
		}
	}
	var out [][]byte
	add := func(b []byte) {
		if len(b) > 0 && len(out) < 24 && !slices.ContainsFunc(out, func(o []byte) bool { return string(o) == string(b) }) {
			out = append(out, b)
		}
	}
	seen := map[string]bool{}
	for _, p := range paths {
		if seen[p] {
			continue
		}
		seen[p] = true
		u := *t.Base
		u.Path = strings.TrimSuffix(u.Path, "/") + p
		r := &client.Request{Method: http.MethodGet, URL: &u, Header: http.Header{}}
		Own(r.Header, r.Method, r.URL)
		res, err := t.Client.Do(ctx, r)
		if err != nil {
			return nil, err
		}
		if res.Status != http.StatusOK {
			continue
		}
		keysIn(res.Body, add)
		if len(out) > 0 {
			break
		}
	}
	return out, nil
}

// keysIn finds keys in an answer: PEM as text or as a member, JWK, JWKS.
func keysIn(body []byte, add func([]byte)) {
	pemText := func(text string) {
		if !strings.Contains(text, "-----BEGIN") {
			return
		}
		add([]byte(text))
		add([]byte(strings.TrimSpace(text)))
		add([]byte(strings.TrimSpace(text) + "\n"))
		if block, _ := pem.Decode([]byte(text)); block != nil {
			if key, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
				spellings(key, add)
			}
		}
	}
	pemText(string(body))
	var v any
	if json.Unmarshal(body, &v) != nil {
		return
	}
	var visit func(v any, depth int)
	visit = func(v any, depth int) {
		if depth > 6 {
			return
		}
		switch v := v.(type) {
		case string:
			pemText(v)
		case []any:
			for _, e := range v {
				visit(e, depth+1)
			}
		case map[string]any:
			if _, isKey := v["kty"]; isKey {
				raw, err := json.Marshal(v)
				var k jose.JSONWebKey
				if err == nil && k.UnmarshalJSON(raw) == nil && k.Valid() && k.IsPublic() {
					spellings(k.Key, add)
				}
				return
			}
			for _, e := range v {
				visit(e, depth+1)
			}
		}
	}
	visit(v, 0)
}

// spellings writes a public key as PEM, with and without its last newline,
// and as DER.
func spellings(key crypto.PublicKey, add func([]byte)) {
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
	default:
		return
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	add(text)
	add([]byte(strings.TrimSpace(string(text))))
	if k, ok := key.(*rsa.PublicKey); ok {
		text := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(k)})
		add(text)
		add([]byte(strings.TrimSpace(string(text))))
	}
	add(der)
}
