package rules

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// sharedSuffixes are hosts under which anyone can register a name, from the
// private part of the public suffix list (publicsuffix.org).
var sharedSuffixes = []string{
	"vercel.app", "netlify.app", "herokuapp.com", "github.io", "gitlab.io", "onrender.com", "pages.dev", "workers.dev", "web.app", "firebaseapp.com",
	"ngrok.io", "ngrok-free.app", "ngrok.app", "azurewebsites.net", "cloudfront.net", "amazonaws.com", "railway.app", "up.railway.app", "fly.dev",
	"lovable.app", "lovableproject.com", "replit.dev", "repl.co", "surge.sh", "glitch.me", "streamlit.app", "trycloudflare.com", "azurestaticapps.net", "run.app", "loca.lt",
}

var corsCredentialsLooseOrigin = Rule{"cors-credentials-loose-origin", func(c *Context) {
	for _, p := range c.policies() {
		if any, _ := p.anyOrigin(); any || !p.credentials {
			continue
		}
		if p.origins != nil {
			p.origins.Each(func(v *fastapi.Value) {
				if v.Kind == fastapi.Str && v.Text != "" {
					c.report(p.at, `allow_origins is a string where a list is due: Starlette's "in" is then a substring test, and every part of it passes for an origin.`)
				}
			})
		}
		if p.regex != nil {
			p.regex.Each(func(v *fastapi.Value) {
				if v.Kind != fastapi.Str || v.Text == "" {
					return
				}
				if why := looseRegex(v.Text); why != "" {
					c.report(p.at, "CORS admits more origins than are meant, with credentials: "+why+".")
				}
			})
		}
	}
}}

var (
	unescapedDot = regexp.MustCompile(`[A-Za-z0-9)\]]\.[A-Za-z0-9(\[]`)
	charClass    = regexp.MustCompile(`\[[^\]]*\]`)
)

// looseRegex says what an attacker could register that a pattern admits.
func looseRegex(pattern string) string {
	plain := strings.ReplaceAll(pattern, `\.`, "\x00")
	host := strings.ReplaceAll(strings.ReplaceAll(plain, "\x00", "."), `\`, "")
	for _, s := range sharedSuffixes {
		at := strings.LastIndex(host, "."+s)
		if at < 0 {
			at = strings.LastIndex(host, s)
		}
		if at > 0 && strings.ContainsAny(host[max(0, at-12):at], "*+") {
			return "anyone can register a name under " + s
		}
	}
	if m := unescapedDot.FindString(charClass.ReplaceAllString(plain, "c")); m != "" && !strings.Contains(plain, "127.0.0.1") && !strings.Contains(plain, "192.168") {
		return fmt.Sprintf("a dot of the pattern %q is not escaped, and stands for any character", pattern)
	}
	for _, evil := range []string{"https://evil.test/", "https://evil.test"} {
		if fullmatch(pattern, evil) {
			return "the pattern matches other hosts"
		}
	}
	// A literal host that may be preceded or followed by anything.
	for _, word := range hostWords(host) {
		for _, evil := range []string{"https://evil" + word, "http://evil" + word, "https://" + word + ".evil.test", "http://" + word + ".evil.test"} {
			if fullmatch(pattern, evil) {
				return fmt.Sprintf("%s matches", evil)
			}
		}
	}
	return ""
}

var hostWord = regexp.MustCompile(`(?:[a-z0-9-]+\.)*[a-z0-9-]+`)

func hostWords(host string) []string {
	var out []string
	for _, w := range hostWord.FindAllString(host, -1) {
		if w != "http" && w != "https" && w != "s" && len(w) > 3 {
			out = append(out, w)
		}
	}
	return out
}
