package rules

import (
	"fmt"
	"regexp"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/finding"
)

var (
	tokenParam  = regexp.MustCompile(`(?i)^(access_?|auth_?|refresh_?|id_?|bearer_?|jwt_?)?token$|^jwt$|^access$`)
	urlToken    = regexp.MustCompile(`(?i)[?&#](access_?|auth_?|refresh_?|jwt_?)?(token|jwt)=`)
	pageURL     = regexp.MustCompile("(?i)[?&](access_?|auth_?|jwt_?)?(token|jwt)=\\$\\{|[?&](access_?|auth_?|jwt_?)?(token|jwt)=[\"'`]\\s*\\+")
	oneTimeWord = regexp.MustCompile(`(?i)verif|reset|confirm|activat|invit|unsubscribe|magic|password|email|csrf`)
)

var tokenInURL = Rule{"token-in-url", func(c *Context) {
	for _, r := range c.model.routes {
		if oneTimeWord.MatchString(r.name()) {
			continue
		}
		for _, call := range r.Trace.Calls {
			if _, ok := c.model.verifies[call.Name]; ok && len(call.Args.Pos) > 0 {
				for _, s := range call.Args.Pos[0].AllSources() {
					if s.Kind == fastapi.FromQuery && tokenParam.MatchString(s.Name) {
						c.report(s.At, fmt.Sprintf("%s reads its token from the query parameter %q: URLs are kept in logs and histories.", r.label(), s.Name), related(r.At, r.label()))
					}
				}
			}
			if call.Name == "starlette.RedirectResponse" {
				v := call.Args.Get("url", 0)
				if v == nil {
					continue
				}
				v.Each(func(x *fastapi.Value) {
					if urlToken.MatchString(x.Text) {
						c.report(call.At, fmt.Sprintf("%s redirects to a URL that carries a token: URLs are kept in logs and histories and sent on in Referer.", r.label()), related(r.At, r.label()))
					}
				})
			}
		}
	}
	for _, p := range c.Pages {
		for i, l := range lines(p.Text) {
			if len(l) > 2000 || oneTimeWord.MatchString(l) {
				continue
			}
			if m := pageURL.FindStringIndex(l); m != nil {
				c.reportAt(finding.Location{File: p.Path, Line: i + 1, Column: len([]rune(l[:m[0]])) + 1, EndLine: i + 1}, "The frontend puts the token into a URL, which is kept in logs and histories.")
			}
		}
	}
}}
