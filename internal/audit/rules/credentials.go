package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/finding"
)

var keyHeader = regexp.MustCompile(`(?i)api-?key|token|auth`)

// credentialOf says what authenticates a route. What asks for something that
// is neither a cookie nor a header, or that only a library sees, is unknown.
func (m *model) credentialOf(r *route) finding.Credential {
	cookie, header := len(r.credentials) > 0, r.header != nil
	for _, x := range m.libraryCookies {
		// Where the library is told to look in both places, each is enough.
		if slices.Contains(x.readers, r) {
			cookie, header = true, header || x.headers
		}
	}
	if must := r.mustHeader; must != nil {
		if isAuthHeader(must) || !cookie && keyHeader.MatchString(must.Name) {
			// A cookie is not enough where the header is asked for as well.
			return finding.CredentialBearer
		}
	}
	switch {
	case cookie && header:
		return finding.CredentialEither
	case cookie:
		return finding.CredentialCookie
	case header:
		return finding.CredentialBearer
	}
	if r.refuses {
		return finding.CredentialUnknown
	}
	return finding.CredentialNone
}

// turnsAway reports whether the route turns away who is not known to it, or
// asks a library that may.
func (r *route) turnsAway() bool {
	if slices.ContainsFunc(r.Trace.Refusals, func(ref *fastapi.Refusal) bool { return ref.Status == 401 || ref.Status == 403 }) {
		return true
	}
	unauthorized := slices.ContainsFunc(r.Trace.Raised, func(x *fastapi.Raised) bool {
		found := x.Status == 401
		x.Value.Each(func(v *fastapi.Value) { found = found || x.Answer == nil && fastapi.Status(v) == 401 })
		return found && !x.Muted
	})
	if unauthorized && !r.is.login {
		return true
	}
	return slices.ContainsFunc(r.called, func(k *meaning) bool {
		return strings.HasPrefix(k.name, "depends:") || strings.HasPrefix(k.name, "middleware:") && authName.MatchString(k.name)
	})
}

var authName = regexp.MustCompile(`(?i)auth|session|login|jwt|token`)
