package attack

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// preflight asks whether a JSON request from that position may be sent.
func (t *Target) preflight(ctx context.Context, s *Subject, pos finding.Position) (Preflight, error) {
	if s.noPreflight {
		return Preflight{Why: "no preflight is answered"}, nil
	}
	fields := unsafeFields(s.Call)
	res, err := t.Client.Do(ctx, preflightRequest(s.Call.URL(), s.Ref.Method, fields, pos))
	if err != nil {
		return Preflight{}, err
	}
	// A server that knows no preflight says so to every origin alike.
	s.noPreflight = res.Status == http.StatusMethodNotAllowed || res.Status == http.StatusNotFound
	return judgePreflight(res, s.Ref.Method, fields), nil
}

// travelling returns the cookies that a browser sends with a forged request
// of that kind, and its decision on those that authenticate: withheld if one
// of them is, or, where each of them is enough, if all are.
func (t *Target) travelling(creds actor.Credentials, s *Subject, pos finding.Position, shape finding.Shape) (*client.Jar, Travel) {
	out := Travel{Sent: true}
	first := true
	var to *url.URL // made for all cookies at once, where there is any
	jar := creds.Jar.Only(func(c client.Cookie) bool {
		if to == nil {
			to = s.Call.URL()
		}
		if !c.Matches(to) {
			return false
		}
		tr := Travels(c, pos, shape, t.Base)
		if t.Authenticates(c.Name) {
			if first || t.AnyAuthCookie && tr.ease() > out.ease() || !t.AnyAuthCookie && tr.ease() < out.ease() {
				out = tr
			}
			first = false
		}
		return tr.Sent
	})
	if first {
		return jar, Travel{By: finding.ByNoAmbientCredential, Why: "no cookie that authenticates goes to this path"}
	}
	return jar, out
}

// Authenticates reports whether the cookie of that name is needed, or enough,
// to be authenticated; until that was tested every cookie that is no CSRF token
// counts.
func (t *Target) Authenticates(name string) bool {
	if t.AuthCookies != nil {
		return slices.Contains(t.AuthCookies, name)
	}
	return !actor.IsCSRFName(name)
}
