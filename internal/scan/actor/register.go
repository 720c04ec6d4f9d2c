package actor

import (
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// FindRegistrations returns the operations by which anyone may open an
// account, as far as a document shows: they take a password and no
// credential, and are called so.
func FindRegistrations(doc *openapi.Document) []*openapi.Operation {
	var out []*openapi.Operation
	for _, o := range doc.Operations {
		text := strings.ToLower(o.Path + " " + o.ID)
		if o.Method != http.MethodPost || o.Secured || strings.Contains(o.Path, "{") ||
			!contains(text, []string{"register", "registration", "signup", "sign-up", "sign_up", "create_user", "createuser", "create_account", "createaccount"}) {
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
