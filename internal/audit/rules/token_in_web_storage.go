package rules

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/d710e0ae/countersign/internal/finding"
)

// setItem matches a write to web storage; the key may be a constant. It is
// large, and compiled where a page mentions web storage.
var setItem = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(localStorage|sessionStorage)\s*(?:\.\s*setItem\s*\(\s*([^,\n]{1,120}),\s*([^\n]{0,200})|\[\s*([^\]\n]{1,80})\]\s*=[^=]\s*([^\n]{0,200})|\.\s*([A-Za-z_$][\w$]{0,60})\s*=[^=]\s*([^\n]{0,200}))`)
})

var (
	storedToken = regexp.MustCompile(`(?i)token|jwt|bearer`)
	// storedPair is a key or a value called by one word of a pair of tokens
	// alone, as Simple JWT's answers do.
	storedPair = regexp.MustCompile("^(?:[\\w$.?]*\\.)?[\"'`]?(access|refresh)[\"'`]?$")
	notToken   = regexp.MustCompile(`(?i)csrf|xsrf|device[_:.-]?token|fcm|push[_:.-]?token|design|tokenizer|max_?tokens|token_?(count|limit|usage|expir|type|symbol)|expir|tokenId|token_?(mode|meta|id|name|info|version)\b`)
)

var tokenInWebStorage = Rule{"token-in-web-storage", func(c *Context) {
	for _, p := range c.Pages {
		if !strings.Contains(p.Text, "localStorage") && !strings.Contains(p.Text, "sessionStorage") {
			continue
		}
		for i, l := range lines(p.Text) {
			if t := strings.TrimSpace(l); strings.HasPrefix(t, "//") || strings.HasPrefix(t, "*") || len(l) > 2000 {
				continue
			}
			for _, m := range setItem().FindAllStringSubmatchIndex(l, -1) {
				part := func(n int) string {
					if m[2*n] < 0 {
						return ""
					}
					return l[m[2*n]:m[2*n+1]]
				}
				key := part(2) + part(4) + part(6)
				value := part(3) + part(5) + part(7)
				if notToken.MatchString(key) || notToken.MatchString(constant(p.Text, key)) || !namesToken(key) && !namesToken(firstArg(value)) {
					continue
				}
				if part(2) == "" && (key == "length" || key == "removeItem") {
					continue
				}
				c.reportAt(finding.Location{File: p.Path, Line: i + 1, Column: len([]rune(l[:m[0]])) + 1, EndLine: i + 1},
					fmt.Sprintf("The token is kept in %s, where any script of the page can read it. This is theft by injected script, not request forgery.", part(1)))
			}
		}
	}
}}

// namesToken reports whether a key or a value says that it is a token.
func namesToken(s string) bool {
	return storedToken.MatchString(s) || storedPair.MatchString(strings.TrimSpace(s))
}

// constant returns what a name of the page is set to where that is a text, or
// "".
func constant(page, name string) string {
	if name == "" || strings.ContainsAny(name, "\"'`.( ") {
		return ""
	}
	for at := 0; ; {
		i := strings.Index(page[at:], name)
		if i < 0 {
			return ""
		}
		at += i + len(name)
		if m := assigned.FindStringSubmatch(page[at:min(len(page), at+200)]); m != nil {
			return m[1]
		}
	}
}

var assigned = regexp.MustCompile("^\\s*[:=]\\s*[\"'`]([^\"'`\\n]*)[\"'`]")

func firstArg(s string) string {
	if i := strings.IndexAny(s, ");"); i >= 0 {
		return s[:i]
	}
	return s
}

func lines(s string) []string { return strings.Split(s, "\n") }
