package rules

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/finding"
)

// pageToken is what frontends call a token in a URL.
const pageToken = `((old|current|my|user)_)?(access_?|auth_?|refresh_?|jwt_?|session_?)?(token|jwt)`

var (
	tokenParam  = regexp.MustCompile(`(?i)^((old|current|my|user)_)?(access_?|auth_?|refresh_?|id_?|bearer_?|jwt_?|session_?)?token$|^jwt$|^access$`)
	accessParam = regexp.MustCompile(`(?i)^(access|jwt|bearer)_?token$`)
	urlToken    = regexp.MustCompile(`(?i)[?&#](access_?|auth_?|refresh_?|jwt_?)?(token|jwt)=`)
	noToken     = regexp.MustCompile(`(?i)^(false|true|null|none|invalid|expired|missing|error)(&|#|$)`)
	pageURL     = regexp.MustCompile(`(?i)[?&]` + pageToken + `=(\$\{|["'\x60]\s*\+)`)
	// pathToken is a token that is a part of a path: of a name that leaves no
	// doubt, for much that is not secret is called a token there.
	pathToken = regexp.MustCompile(`(?i)/\$\{[\w.]*(access|auth|jwt|session)_?token\s*\}`)
	// landsWith is a page that takes a token out of its own address.
	landsWith = regexp.MustCompile(`(?i)\b(search_?params|query_?params|params|query|hash_?params)\b(\(\))?\)?\.get\(\s*["'\x60]` + pageToken + `["'\x60]`)
	landing   = regexp.MustCompile(`(?i)callback|oauth|sso|success|redirect`)
	// elsewhere is the beginning of another service's address, whose form is
	// that service's choice.
	elsewhere   = regexp.MustCompile("[\"'`](https?:)?//[\\w-]+(\\.[\\w-]+)*\\.[a-z]{2,}/[^\"'`]*$")
	oneTimeWord = wordsOf("verif reset confirm activat invit unsubscribe magic password email csrf register signup")
)

var tokenInURL = Rule{"token-in-url", func(c *Context) {
	for _, r := range c.model.routes {
		if r.is.oneTime {
			continue
		}
		for _, call := range r.Trace.Calls {
			if _, ok := c.model.verifies[call.Name]; (ok || c.model.meaningOf(call).decodes) && len(call.Args.Pos) > 0 {
				for _, s := range call.Args.Pos[0].AllSources() {
					if inURL(s) && (ok || s.Kind == fastapi.FromQuery) {
						c.report(s.At, fmt.Sprintf("%s reads its token from the parameter %q of the URL: URLs are kept in logs and histories.", r.label(), s.Name), related(r.At, r.label()))
					}
				}
			}
			if call.Name == "starlette.RedirectResponse" && carriesToken(call) && !oneTimeWord.MatchString(call.At.File.Text(call.At.Span)) {
				c.report(writtenAt(call), fmt.Sprintf("%s redirects to a URL that carries a token: URLs are kept in logs and histories and sent on in Referer.", r.label()), related(r.At, r.label()))
			}
		}
	}
	for _, r := range c.model.routes {
		// A parameter that is called an access token is one, whoever it is handed to.
		if r.Method == "WEBSOCKET" || r.is.oneTime || strings.Contains(strings.ToLower(r.name()), "callback") {
			continue
		}
		for _, s := range r.inQuery {
			c.report(s.At, fmt.Sprintf("%s takes an access token from the parameter %q of the URL: URLs are kept in logs and histories.", r.label(), s.Name), related(r.At, r.label()))
		}
	}
	for _, r := range c.model.routes {
		// Browsers can send no header with a WebSocket: what its query calls a
		// token is one, whoever checks it.
		if r.Method != "WEBSOCKET" {
			continue
		}
		seen := map[string]bool{} // a parameter of the handler and of what it depends on is one
		for _, s := range r.Trace.Reads {
			if seen[s.Name] {
				continue
			}
			if inURL(s) {
				seen[s.Name] = true
				c.report(s.At, fmt.Sprintf("The WebSocket %s takes its token from the parameter %q of the URL: URLs are kept in logs and histories.", r.Path, s.Name), related(r.At, r.label()))
			}
		}
	}
	for _, p := range c.Pages {
		c.pageURLs(p)
	}
}}

// writtenAt returns where the address of a redirect is put together, in the
// function that redirects.
func writtenAt(call *fastapi.Call) fastapi.Place {
	url := call.Args.Get("url", 0)
	if url == nil || url.At.File != call.At.File || call.Fn == nil || call.Fn.Decl == nil {
		return call.At
	}
	if body := call.Fn.Decl.Range(); url.At.Span.Start < body.Start || url.At.Span.End > body.End {
		return call.At
	}
	return url.At
}

// pageURLs reports where a page puts a token into a URL, or takes it from its
// own.
func (c *Context) pageURLs(p Page) {
	base := path.Base(p.Path)
	if oneTimeWord.MatchString(base) {
		return
	}
	queries, paths, lands := assignsToken(p.Text), strings.Contains(p.Text, "/${"), landing.MatchString(base) && strings.Contains(p.Text, ".get(")
	if !queries && !paths && !lands {
		return
	}
	for i, l := range lines(p.Text) {
		if len(l) > 2000 {
			continue
		}
		var at []int
		msg := "The frontend puts the token into a URL, which is kept in logs and histories."
		if queries && assignsToken(l) {
			at = pageURL.FindStringIndex(l)
		}
		if at == nil && paths && strings.Contains(l, "/${") {
			at = pathToken.FindStringIndex(l)
		}
		if at == nil && lands {
			if at = landsWith.FindStringIndex(l); at != nil {
				msg = "The frontend is handed the token in its URL, which is kept in logs and histories."
			}
		}
		if at != nil && !oneTimeWord.MatchString(l) && !elsewhere.MatchString(l[:at[0]]) {
			c.reportAt(finding.Location{File: p.Path, Line: i + 1, Column: len([]rune(l[:at[0]])) + 1, EndLine: i + 1}, msg)
		}
	}
}

// inURL reports whether a part of the URL is called a token.
func inURL(s *fastapi.Source) bool {
	return (s.Kind == fastapi.FromQuery || s.Kind == fastapi.FromPath) && tokenParam.MatchString(s.Name)
}

// carriesToken reports whether a redirect's address has a token in it.
func carriesToken(call *fastapi.Call) bool {
	found := false
	call.Args.Get("url", 0).Each(func(x *fastapi.Value) {
		for _, at := range urlToken.FindAllStringIndex(x.Text, -1) {
			found = found || !noToken.MatchString(x.Text[at[1]:])
		}
	})
	return found
}

// assignsToken reports whether a text holds "token=" or "jwt=", as all that
// pageURL matches does. Frontends are large, and the pattern is slow.
func assignsToken(l string) bool {
	for rest := l; ; {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			return false
		}
		if hasSuffixFold(name, "token") || hasSuffixFold(name, "jwt") {
			return true
		}
		rest = after
	}
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}
