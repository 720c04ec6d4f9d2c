package attack

import (
	"context"
	"net/url"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// tokenInBodyAndCookie looks whether the login hands the token of an HttpOnly
// cookie to script in the same answer.
func tokenInBodyAndCookie(_ context.Context, t *Target) error {
	answer, route := t.Victim.Answer()
	if answer == nil {
		return nil
	}
	for _, c := range client.SetCookies(answer) {
		if !c.HTTPOnly || c.Deleted() || len(c.Value) < 8 || actor.IsCSRFName(c.Name) || !t.Authenticates(c.Name) {
			continue
		}
		value := c.Value
		if v, ok := actor.JWTIn(c.Value); ok {
			value = v
		}
		if strings.Contains(string(answer.Body), value) {
			ref := finding.OperationRef{Method: route.Method, Path: route.Path}
			t.Handler.Finding(t.finding("token-in-body-and-cookie", &ref,
				t.sayf("The login's answer holds the token of the HttpOnly cookie %s in its body too, where script reads it.", c.Name),
				evidence(t.exchange(answer)...)))
			return nil
		}
	}
	return nil
}

// tokenInURL looks for tokens in addresses: a redirect that carries one, and
// an operation that accepts the credential in its query.
func tokenInURL(ctx context.Context, t *Target) error {
	if answer, route := t.Victim.Answer(); answer != nil {
		if loc, err := url.Parse(answer.Header.Get("Location")); err == nil && holdsToken(loc, t.Victim.Credentials()) {
			ref := finding.OperationRef{Method: route.Method, Path: route.Path}
			t.Handler.Finding(t.finding("token-in-url", &ref, "The login redirects to an address that holds the token.", evidence(t.exchange(answer)...)))
			return nil
		}
	}
	return t.tokenInQuery(ctx)
}

func holdsToken(u *url.URL, creds actor.Credentials) bool {
	for _, vs := range u.Query() {
		for _, v := range vs {
			if actor.IsJWT(v) || v != "" && v == creds.Bearer() {
				return true
			}
		}
	}
	frag, err := url.ParseQuery(u.Fragment)
	if err != nil {
		return false
	}
	for _, vs := range frag {
		for _, v := range vs {
			if actor.IsJWT(v) {
				return true
			}
		}
	}
	return false
}

// queryNames are the parameters in which APIs take a token from a URL.
var queryNames = []string{"token", "access_token", "jwt", "auth", "auth_token", "api_key"}

// tokenInQuery presents the token in the query alone. Controls: without it
// the operation refuses, and it refuses a worthless one in the same place.
func (t *Target) tokenInQuery(ctx context.Context) error {
	creds := t.Victim.Credentials()
	token := creds.Bearer()
	if token == "" {
		return nil
	}
	tried := 0
	for _, s := range t.Subjects {
		if !s.Exercised || s.Refusal == nil || s.Call == nil || s.ChangesState && t.ReadOnly {
			continue
		}
		names := t.tokenParameters(s)
		if len(names) == 0 {
			// Undeclared parameters are tried on one operation only.
			if s.ChangesState || tried > 0 {
				continue
			}
			tried++
			names = queryNames
		}
		call, err := s.fresh(ctx)
		if err != nil {
			continue
		}
		send := func(value string) (Reading, *client.Response, error) {
			c := call.Clone()
			for _, n := range names {
				c.Query.Set(n, value)
			}
			r := legitimate(c, creds, actor.Use{})
			res, err := t.Client.Do(ctx, r)
			if err != nil {
				return Unclear, nil, err
			}
			return s.Judge.Read(res), res, nil
		}
		bad, _, err := send(junk)
		if err != nil {
			return err
		}
		if bad == Accepted {
			continue
		}
		good, res, err := send(token)
		if err != nil {
			return err
		}
		if good == Accepted {
			t.report("token-in-url", s, "The token authenticates from the query of the URL, where logs, histories and Referer fields keep it.",
				evidence(t.labelled("the token in the query alone, accepted", res)...))
			return nil
		}
	}
	return nil
}

// tokenParameters returns the declared query parameters of s that look as if
// they took a token.
func (t *Target) tokenParameters(s *Subject) []string {
	var out []string
	for _, p := range s.Query {
		for _, n := range queryNames {
			if strings.EqualFold(p, n) {
				out = append(out, p)
			}
		}
	}
	return out
}
