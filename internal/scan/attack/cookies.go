package attack

import (
	"context"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/client"
)

// cookieRules are the attributes that a cookie which carries a credential
// needs, one weakness each.
var cookieRules = []struct {
	id  string
	bad func(c client.Cookie) bool
	say prose
}{
	{"cookie-not-httponly", func(c client.Cookie) bool { return !c.HTTPOnly }, "is not HttpOnly: script on the page reads it"},
	{"cookie-not-secure", func(c client.Cookie) bool { return !c.Secure }, "is not Secure: it goes over plain http"},
	{"cookie-samesite-missing", func(c client.Cookie) bool { return c.SameSite == client.SameSiteMissing }, "has no SameSite: what browsers make of that differs"},
	{"cookie-samesite-none", func(c client.Cookie) bool { return c.SameSite == client.SameSiteNone }, "is SameSite=None: every site's requests carry it"},
	{"cookie-broad-domain", func(c client.Cookie) bool { return c.Domain != "" }, "has a Domain: every subdomain gets it and can overwrite it"},
	{"cookie-no-host-prefix", func(c client.Cookie) bool {
		return !strings.HasPrefix(strings.ToLower(c.Name), "__host-")
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
	var carriers []client.Cookie
	for _, c := range t.Victim.Credentials().Jar.Cookies() {
		if t.Carries(c) {
			carriers = append(carriers, c)
		}
	}
	for _, rule := range cookieRules {
		var names []string
		for _, c := range carriers {
			if rule.id == "cookie-no-host-prefix" && c.Path != "/" && !t.Authenticates(c.Name) {
				continue // a renewing cookie that goes to its own path cannot have it
			}
			if rule.bad(c) && !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
		if len(names) == 0 {
			continue
		}
		message := t.sayf("The cookie %s, which carries a token, %s.", names[0], rule.say)
		if more := names[1:]; len(more) > 0 {
			message += t.sayf(" The same holds for %s.", strings.Join(more, ", "))
		}
		t.Handler.Finding(t.finding(rule.id, &ref, message, evidence(t.exchange(answer)...)))
	}
	return nil
}

// Carries reports whether a cookie carries a token: it authenticates, or it
// holds a token besides, such as the one that renews the others; and an
// operation was seen to run on cookies.
func (t *Target) Carries(c client.Cookie) bool {
	if _, token := actor.JWTIn(c.Value); !token && !t.Authenticates(c.Name) {
		return false
	}
	return slices.ContainsFunc(t.Subjects, takesCookie)
}
