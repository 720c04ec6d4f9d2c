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
	for _, ref := range r.Trace.Refusals {
		if ref.Status == 401 || ref.Status == 403 {
			return finding.CredentialUnknown
		}
	}
	for _, x := range r.Trace.Raised {
		unauthorized := false
		x.Value.Each(func(v *fastapi.Value) { unauthorized = unauthorized || fastapi.Status(v) == 401 })
		if unauthorized && !loginWord.MatchString(r.name()) {
			return finding.CredentialUnknown
		}
	}
	for _, call := range r.Trace.Calls {
		if strings.HasPrefix(call.Name, "depends:") || strings.HasPrefix(call.Name, "middleware:") && authName.MatchString(call.Name) {
			return finding.CredentialUnknown
		}
	}
	return finding.CredentialNone
}

var authName = regexp.MustCompile(`(?i)auth|session|login|jwt|token`)
