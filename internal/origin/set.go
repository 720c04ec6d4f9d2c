package origin

import (
	"strings"

	"github.com/d710e0ae/countersign/cfgerrors"
	"golang.org/x/net/publicsuffix"
)

// A Pattern admits one origin, or every subdomain of one domain:
// "https://example.com", "https://*.example.com". The wildcard stands for one
// or more whole labels, and never for the base itself.
type Pattern struct {
	origin   Origin // of a wildcard, that of its base
	wildcard bool
}

// ParsePattern reads a pattern. Errors are *cfgerrors.Error with the key left
// to the caller.
func ParsePattern(s string) (Pattern, error) {
	fail := func(code cfgerrors.Code, problem, instead string) (Pattern, error) {
		return Pattern{}, &cfgerrors.Error{Key: "origin", Code: code, Value: s, Problem: problem, Instead: instead}
	}
	if s == "*" || s == "null" {
		return fail(cfgerrors.Dangerous, "\""+s+"\" would admit every page", "list whole origins such as https://app.example.com")
	}
	exact, wildcard := s, false
	scheme, rest, ok := cutScheme(s)
	if !ok {
		return fail(cfgerrors.Malformed, "does not begin with http:// or https://", "write a whole origin such as https://app.example.com")
	}
	if base, found := strings.CutPrefix(rest, "*."); found {
		exact, wildcard = scheme+"://"+base, true
	}
	if strings.Contains(exact, "*") {
		return fail(cfgerrors.Malformed, "a wildcard may only stand for the first labels, as in https://*.example.com", "list whole origins instead")
	}
	o, err := Parse(exact)
	if err != nil {
		instead := "write it as a browser does"
		if fixed, ok := canonical(exact); ok && !wildcard {
			instead = "write " + fixed
		}
		return fail(cfgerrors.NeverWorks, "no browser sends it, so it can never match: "+err.Error(), instead)
	}
	if wildcard {
		if o.IsIP() {
			return fail(cfgerrors.NeverWorks, "an IP address has no subdomains", "list the addresses")
		}
		if suffix, _ := publicsuffix.PublicSuffix(o.host); suffix == o.host {
			return fail(cfgerrors.Dangerous, o.host+" is a public suffix: anyone can register a name below it", "name the domain that is yours")
		}
	}
	return Pattern{o, wildcard}, nil
}

// canonical guesses the origin that was meant.
func canonical(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	scheme, rest, ok := cutScheme(s)
	if !ok {
		return "", false
	}
	rest, _, _ = strings.Cut(rest, "/")
	o, err := Of(scheme, strings.TrimSuffix(rest, "."))
	return o.String(), err == nil
}

// Origin returns the pattern's origin; of a wildcard, that of its base.
func (p Pattern) Origin() Origin { return p.origin }

// Wildcard reports whether the pattern admits subdomains.
func (p Pattern) Wildcard() bool { return p.wildcard }

// String returns the text that ParsePattern reads.
func (p Pattern) String() string {
	if !p.wildcard {
		return p.origin.String()
	}
	return p.origin.scheme + "://*." + strings.TrimPrefix(p.origin.String(), p.origin.scheme+"://")
}

// A Set holds patterns. Its look-up does not grow with their number: one map
// access for exact origins, and one for each label of the origin in question
// where there are wildcards. A Set is immutable and safe for concurrent use;
// the zero Set contains nothing.
type Set struct {
	exact map[string]struct{} // by their serialisation
	bases map[Origin]struct{}
}

// NewSet makes a Set of patterns.
func NewSet(patterns ...Pattern) Set {
	s := Set{exact: map[string]struct{}{}, bases: map[Origin]struct{}{}}
	for _, p := range patterns {
		if p.wildcard {
			s.bases[p.origin] = struct{}{}
		} else {
			s.exact[p.origin.String()] = struct{}{}
		}
	}
	return s
}

// Len returns the number of different patterns.
func (s Set) Len() int { return len(s.exact) + len(s.bases) }

// Contains reports whether a pattern of the set admits the origin that text is
// the serialisation of, as an Origin header has it; no pattern admits what
// Parse refuses.
//
// An origin has one serialisation, since Parse reads no other, so that texts
// can be compared as they are: to parse each and hash its parts took twice as
// long.
func (s Set) Contains(text string) bool {
	if len(text) > MaxLength {
		return false // nothing that long is hashed
	}
	if _, ok := s.exact[text]; ok {
		return true
	}
	if len(s.bases) == 0 {
		return false
	}
	o, err := Parse(text)
	return err == nil && s.below(o)
}

// below reports whether o is a subdomain of a base.
func (s Set) below(o Origin) bool {
	for {
		i := strings.IndexByte(o.host, '.')
		if i < 0 {
			return false
		}
		o.host = o.host[i+1:]
		if _, ok := s.bases[o]; ok {
			return true
		}
	}
}
