package attack

import (
	"context"
	"fmt"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// cookieRules are the attributes that a cookie which carries a credential
// needs, one weakness each.
var cookieRules = []struct {
	id  string
	bad func(c client.Cookie) bool
	say string
}{
	{"cookie-not-httponly", func(c client.Cookie) bool { return !c.HTTPOnly }, "is not HttpOnly: script on the page reads it"},
	{"cookie-not-secure", func(c client.Cookie) bool { return !c.Secure }, "is not Secure: it goes over plain http"},
	{"cookie-samesite-missing", func(c client.Cookie) bool { return c.SameSite == client.SameSiteMissing }, "has no SameSite: what browsers make of that differs"},
	{"cookie-samesite-none", func(c client.Cookie) bool { return c.SameSite == client.SameSiteNone }, "is SameSite=None: every site's requests carry it"},
	{"cookie-broad-domain", func(c client.Cookie) bool { return c.Domain != "" }, "has a Domain: every subdomain gets it and can overwrite it"},
	{"cookie-no-host-prefix", func(c client.Cookie) bool {
		n := strings.ToLower(c.Name)
		return !strings.HasPrefix(n, "__host-")
	}, "lacks the __Host- prefix: a sibling domain or plain http can plant one of the same name"},
}

// cookieAttributes looks at the cookies that authenticate the victim, as the
// login's answer sets them.
func cookieAttributes(_ context.Context, t *Target) error {
	answer, route := t.Victim.Answer()
	if answer == nil {
		return nil
	}
	ref := finding.OperationRef{Method: route.Method, Path: route.Path}
	said := map[string]bool{}
	for _, c := range t.Victim.Credentials().Jar.Cookies() {
		if !t.Carries(c) {
			continue
		}
		for _, rule := range cookieRules {
			if said[rule.id] || !rule.bad(c) {
				continue
			}
			said[rule.id] = true
			t.Handler.Finding(t.finding(rule.id, &ref, fmt.Sprintf("The cookie %s, which authenticates, %s.", c.Name, rule.say),
				evidence(t.exchange(answer)...)))
		}
	}
	return nil
}

// Carries reports whether a cookie carries a token: it authenticates, and an
// operation was seen to run on cookies.
func (t *Target) Carries(c client.Cookie) bool {
	if !t.Authenticates(c.Name) {
		return false
	}
	for _, s := range t.Subjects {
		if takesCookie(s) {
			return true
		}
	}
	return false
}
