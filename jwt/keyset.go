package jwt

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/d710e0ae/countersign/cfgerrors"
)

const (
	maxKeys = 64 // in a set
	// maxTries bounds the signatures that one token may cost: a token without
	// kid is tried against that many keys of its algorithm.
	maxTries = 4
)

// A KeyQuery is what a token's header and iss say of its key. All of it is
// the sender's word: it selects among trusted keys, and grants nothing.
type KeyQuery struct {
	KeyID     string    // kid, or empty
	Algorithm Algorithm // alg
	Issuer    string    // iss, or empty
}

// A KeySet finds the keys that may have signed a token. Implementations are
// safe for concurrent use.
type KeySet interface {
	// Find returns the keys to try: of the asked algorithm and, where both
	// sides name one, of the asked identifier. The verifier tries the first
	// four, and holds each to its own algorithm and issuer again. No fitting
	// key is an empty slice and no error; an error means that the keys could
	// not be had. The caller does not change the slice.
	Find(ctx context.Context, q KeyQuery) ([]*Key, error)
}

// FixedKeys is a fixed set of keys. It is immutable and safe for concurrent use.
type FixedKeys struct {
	all   []*Key
	byID  map[KeyQuery][]*Key  // with KeyID and Algorithm
	byAlg map[Algorithm][]*Key // for tokens without kid
}

// NewKeys returns the set of the given keys, 1 to 64. Two keys of one
// identifier and issuer are a mistake, as is a set that holds both HMAC
// secrets and public keys.
func NewKeys(keys ...*Key) (*FixedKeys, error) {
	var list cfgerrors.List
	if len(keys) == 0 {
		list.Addf("keys", cfgerrors.Missing, "the set holds no key that can verify a token")
	}
	if len(keys) > maxKeys {
		list.Addf("keys", cfgerrors.OutOfRange, "the set holds %d keys; %d are allowed", len(keys), maxKeys)
	}
	s := &FixedKeys{all: keys, byID: map[KeyQuery][]*Key{}, byAlg: map[Algorithm][]*Key{}}
	type identity struct{ id, issuer string }
	seen := map[identity]int{}
	secrets, pairs := 0, 0
	for i, k := range keys {
		at := fmt.Sprintf("keys[%d]", i)
		if k == nil {
			list.Addf(at, cfgerrors.Missing, "the key is nil")
			continue
		}
		if k.family == familyHMAC {
			secrets++
		} else {
			pairs++
		}
		if k.id != "" {
			if j, ok := seen[identity{k.id, k.issuer}]; ok {
				list.Add(&cfgerrors.Error{Key: at, Code: cfgerrors.Duplicate, Value: k.id, Problem: fmt.Sprintf("the kid %q is that of keys[%d] too", k.id, j), Instead: "give each key its own kid"})
			}
			seen[identity{k.id, k.issuer}] = i
		}
		s.byAlg[k.alg] = append(s.byAlg[k.alg], k)
	}
	if secrets > 0 && pairs > 0 {
		list.Add(&cfgerrors.Error{Key: "keys", Code: cfgerrors.Dangerous, Problem: "the set mixes HMAC secrets with public keys", Instead: "keep them in two verifiers"})
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	for _, k := range keys {
		q := KeyQuery{KeyID: k.id, Algorithm: k.alg}
		if k.id == "" || s.byID[q] != nil {
			continue
		}
		for _, o := range s.byAlg[k.alg] {
			if o.fits(q) {
				s.byID[q] = append(s.byID[q], o)
			}
		}
	}
	return s, nil
}

// Find implements [KeySet].
func (s *FixedKeys) Find(_ context.Context, q KeyQuery) ([]*Key, error) {
	if q.KeyID == "" {
		return s.byAlg[q.Algorithm], nil
	}
	q.Issuer = ""
	if keys, ok := s.byID[q]; ok {
		return keys, nil
	}
	// A kid that no key bears may be meant for keys that bear none.
	var keys []*Key
	for _, k := range s.byAlg[q.Algorithm] {
		if k.id == "" {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// All returns the keys of the set in their order. The caller must not change
// the slice.
func (s *FixedKeys) All() []*Key { return s.all }

// PublicJWKS returns the public halves of the keys as a JSON Web Key Set (RFC
// 7517, section 5), to be published for a JWKS to read. HMAC keys have none, and
// are an error.
//
// To replace a key without refusing a token, publish the next one beside the
// one in use for as long as readers may keep the set (JWKSConfig.Fresh), then
// sign with it, and take the old one out when its last token has expired.
func (s *FixedKeys) PublicJWKS() ([]byte, error) {
	set := struct {
		Keys []*jwk `json:"keys"`
	}{}
	for _, k := range s.all {
		j, err := k.publicJWK()
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, j)
	}
	return json.Marshal(set)
}

// An IssuerKeys gives each issuer its own keys: the token's iss selects the
// set, and a key of one issuer never verifies a token of another. A Verifier
// takes tokens of these issuers and no others.
type IssuerKeys map[string]KeySet

// check reports what could not be told from a token that is forged, or would
// be told from none.
func (s IssuerKeys) check(errs *cfgerrors.List) {
	if len(s) == 0 {
		errs.Add(&cfgerrors.Error{Key: "keys", Code: cfgerrors.Missing, Problem: "no issuer has keys", Instead: "name each issuer, and its keys"})
	}
	for _, issuer := range slices.Sorted(maps.Keys(s)) {
		at := fmt.Sprintf("keys[%q]", issuer)
		switch bound := boundTo(s[issuer]); {
		case issuer == "":
			errs.Add(&cfgerrors.Error{Key: at, Code: cfgerrors.NeverWorks, Problem: "tokens without iss are refused", Instead: "name the issuer"})
		case s[issuer] == nil:
			errs.Add(&cfgerrors.Error{Key: at, Code: cfgerrors.Missing, Value: issuer, Problem: "the issuer has no keys"})
		case bound != "" && bound != issuer:
			errs.Add(&cfgerrors.Error{Key: at, Code: cfgerrors.NeverWorks, Value: issuer, Problem: fmt.Sprintf("the keys are bound to %q", bound), Instead: "name the same issuer in both places"})
		}
	}
}

// boundTo returns the one issuer that a set is for, as far as can be told.
func boundTo(set KeySet) string {
	switch set := set.(type) {
	case *Key:
		return set.issuer
	case *JWKS:
		return set.src.issuer
	}
	return ""
}

// Find implements [KeySet].
func (s IssuerKeys) Find(ctx context.Context, q KeyQuery) ([]*Key, error) {
	set, ok := s[q.Issuer]
	if !ok || set == nil {
		return nil, nil
	}
	return set.Find(ctx, q)
}
