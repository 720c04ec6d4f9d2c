package actor

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// assigned is a CSRF token that a page's script has as a literal: a variable,
// a member, or an argument after its name. How long each may be is not for the
// pattern to say: it would be compiled to a copy of itself for each character.
var assigned = regexp.MustCompile(`(?i)["']?([\w$.-]*(?:[cx]srf|authenticity_?token)[\w-]*)["']?\s*[:=,]\s*["']([^"'\s<>]{8,})["']`)

// tokensInPage finds the CSRF tokens of an HTML page: in meta tags, in fields,
// in attributes that are called so, in htmx's hx-headers and hx-vals, and in
// inline scripts.
func tokensInPage(page []byte, add func(value, where, name string)) {
	z := html.NewTokenizer(bytes.NewReader(page))
	z.SetMaxBuf(1 << 16)
	script := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if !script {
				continue
			}
			for _, m := range assigned.FindAllSubmatch(z.Text(), 20) {
				// The name of a cookie or header is no token.
				if name, value := string(m[1]), string(m[2]); !IsCSRFName(value) {
					add(value, "script", name[strings.LastIndexByte(name, '.')+1:])
				}
			}
		case html.EndTagToken:
			script = false
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			script = t.DataAtom == atom.Script
			tokenInTag(t, add)
		}
	}
}

func tokenInTag(t html.Token, add func(value, where, name string)) {
	name := attribute(t, "name")
	if name == "" {
		name = attribute(t, "id")
	}
	switch {
	case t.DataAtom == atom.Meta && IsCSRFName(name):
		add(attribute(t, "content"), "meta", name)
	case t.DataAtom == atom.Input && IsCSRFName(name):
		add(attribute(t, "value"), "field", name)
	}
	for _, a := range t.Attr {
		key := strings.TrimPrefix(a.Key, "data-")
		switch {
		case key == "hx-headers" || key == "hx-vals":
			var values map[string]any
			if json.Unmarshal([]byte(a.Val), &values) != nil {
				continue
			}
			for name, v := range values {
				if s, ok := v.(string); ok && IsCSRFName(name) {
					add(s, "attribute", name)
				}
			}
		case key != a.Key && IsCSRFName(key) && !IsCSRFName(a.Val):
			add(a.Val, "attribute", a.Key)
		}
	}
}
