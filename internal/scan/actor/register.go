package actor

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// FindRegistrations returns the operations by which anyone may open an
// account, as far as a document shows: they take a password and no
// credential, and are called so.
func FindRegistrations(doc *openapi.Document) []*openapi.Operation {
	var out []*openapi.Operation
	for _, o := range doc.Operations {
		if o.Secured || !IsRegistration(o) {
			continue
		}
		if slices.ContainsFunc(o.Bodies, func(b *openapi.Body) bool {
			return slices.ContainsFunc(b.Schema.Properties(), func(name string) bool { return slices.Contains(passNames, strings.ToLower(name)) })
		}) {
			out = append(out, o)
		}
	}
	return out
}

// IsRegistration reports whether an operation is called as those are that open
// an account.
func IsRegistration(o *openapi.Operation) bool {
	text := strings.ToLower(o.Path + " " + o.ID)
	return o.Method == http.MethodPost && !strings.Contains(o.Path, "{") &&
		contains(text, []string{"register", "registration", "signup", "sign-up", "sign_up", "create_user", "createuser", "create_account", "createaccount"})
}

// Aside sends a request as [Actor.Do] does, but keeps no cookie of the answer:
// a registration may log the new account in, and the actor stays who it is.
func (a *Actor) Aside(ctx context.Context, r *client.Request) (*client.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.creds.Clone()
	res, err := a.send(ctx, r)
	if err == nil && len(res.Header["Set-Cookie"]) > 0 {
		a.creds = before
	}
	return res, err
}

// Named returns the names under which the account of a registration's body
// may log in, the likeliest first, and its password.
func Named(body any) (names []string, password string) {
	m, _ := body.(map[string]any)
	lower := map[string]string{}
	for k, v := range m {
		if s, ok := v.(string); ok {
			lower[strings.ToLower(k)] = s
		}
	}
	for _, n := range passNames {
		if v := lower[n]; v != "" && password == "" {
			password = v
		}
	}
	for _, n := range userNames {
		if v := lower[n]; v != "" && !slices.Contains(names, v) {
			names = append(names, v)
		}
	}
	return names, password
}
