package actor

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// maxTokenPages bounds the pages that are read for a CSRF token after each
// login.
const maxTokenPages = 3

// remember keeps the page that handed out tokens to script, so that the next
// session finds its own there.
func (a *Actor) remember(r *client.Request, tokens []CSRFToken) {
	if r.Method != http.MethodGet || r.URL.RawQuery != "" || len(a.CSRFPaths) >= maxTokenPages ||
		!slices.ContainsFunc(tokens, func(t CSRFToken) bool { return t.Where != "cookie" }) {
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, strings.TrimSuffix(a.Base.Path, "/"))
	if ok && !slices.Contains(a.CSRFPaths, path) {
		a.CSRFPaths = append(a.CSRFPaths, path)
	}
}

// TokenPages returns the paths at which the API was seen to hand out CSRF
// tokens, or says in its document that it does.
func (a *Actor) TokenPages() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.CSRFPaths)
}

// ReadTokens takes this actor's own CSRF tokens from pages on which another
// one found his.
func (a *Actor) ReadTokens(ctx context.Context, pages []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range pages {
		if !slices.Contains(a.CSRFPaths, p) {
			a.CSRFPaths = append(a.CSRFPaths, p)
			a.absorb(ctx, &a.creds, p)
		}
	}
}
