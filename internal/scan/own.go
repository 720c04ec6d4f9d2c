package scan

import (
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/actor"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

// changesOwnAccount reports whether an operation writes the account that calls
// it: by its path it is about accounts, it names none, and it is no
// registration.
func changesOwnAccount(op *openapi.Operation) bool {
	if op.Method == http.MethodGet || op.Method == http.MethodDelete || strings.Contains(op.Path, "{") || actor.IsRegistration(op) {
		return false
	}
	parts := strings.FieldsFunc(strings.ToLower(op.Path), func(r rune) bool { return strings.ContainsRune("/-_", r) })
	has := func(names ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(names, p) })
	}
	switch {
	case has("me", "profile", "account", "myself", "self", "settings"):
		return true
	case has("user", "users"):
		return op.Method != http.MethodPost || has("update", "edit", "change", "current")
	}
	return false
}

// ownName returns the victim's own name for a member that may be what the
// victim logs in with, so that the account stays usable.
func (a *api) ownName(member string) (string, bool) {
	name := a.t.Victim.Account.Name
	switch {
	case name == "":
		return "", false
	case strings.Contains(name, "@"):
		return name, slices.Contains([]string{"email", "mail", "email_address", "emailaddress"}, member)
	}
	return name, slices.Contains([]string{"username", "user_name", "login", "handle"}, member)
}
