package rules

import (
	"fmt"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
)

// eachTokenCookie reports the token cookies of which judge has something to
// say.
func (c *Context) eachTokenCookie(judge func(*cookie) string) {
	for _, k := range c.model.cookies {
		if !k.token {
			continue
		}
		if msg := judge(k); msg != "" {
			c.report(k.call.At, msg)
		}
	}
}

func (k *cookie) label() string {
	if !settled(k.name) {
		return "A token cookie"
	}
	return fmt.Sprintf("The cookie %q", k.name)
}

func because(v *fastapi.Value, missing string) string {
	switch {
	case v == nil:
		return missing
	case v.Env != "":
		return "the setting " + v.Env + " turns it off by default"
	}
	return "it is turned off"
}

var cookieNotHTTPOnly = Rule{"cookie-not-httponly", func(c *Context) {
	c.eachTokenCookie(func(k *cookie) string {
		if !off(k.httpOnly, k.lib != nil && k.lib.HTTPOnlyDefault) {
			return ""
		}
		return k.label() + " carries a token and script can read it: HttpOnly is not set (" + because(k.httpOnly, "Starlette's default is off") + ")."
	})
}}

var cookieNotSecure = Rule{"cookie-not-secure", func(c *Context) {
	c.eachTokenCookie(func(k *cookie) string {
		if !off(k.secure, k.lib != nil && k.lib.SecureDefault) {
			return ""
		}
		return k.label() + " carries a token and travels over plain http too: Secure is not set (" + because(k.secure, "Starlette's default is off") + ")."
	})
	for _, cfg := range c.model.configs {
		if cfg.cookies && cfg.secure != nil && off(cfg.secure, true) {
			c.report(cfg.secure.At, "The token cookies of "+cfg.library+" travel over plain http too: Secure is turned off.")
		} else if cfg.cookies && cfg.secure == nil && !cfg.secureDefault {
			c.report(cfg.locationAt, "The token cookies of "+cfg.library+" travel over plain http too: Secure is off by its default.")
		}
	}
}}

var cookieSameSiteMissing = Rule{"cookie-samesite-missing", func(c *Context) {
	c.eachTokenCookie(func(k *cookie) string {
		if k.sameSiteOf() != "" {
			return ""
		}
		return k.label() + " carries a token and is set without SameSite (None leaves the attribute out): browsers disagree on what that means."
	})
	for _, cfg := range c.model.configs {
		if cfg.cookies && cfg.sameSite == "" {
			at := cfg.locationAt
			if cfg.sameSiteValue != nil {
				at = cfg.sameSiteValue.At
			}
			c.report(at, "The token cookies of "+cfg.library+" are set without SameSite, which is its default.")
		}
	}
}}

var cookieSameSiteNone = Rule{"cookie-samesite-none", func(c *Context) {
	c.eachTokenCookie(func(k *cookie) string {
		none := false
		if k.sameSite != nil {
			k.sameSite.Each(func(v *fastapi.Value) { none = none || v.Kind == fastapi.Str && strings.EqualFold(v.Text, "none") })
		}
		if !none {
			return ""
		}
		return k.label() + " carries a token and is sent along from every site (SameSite=None)."
	})
	for _, cfg := range c.model.configs {
		if cfg.cookies && cfg.sameSite == "none" {
			c.report(cfg.sameSiteValue.At, "The token cookies of "+cfg.library+" are sent along from every site (SameSite=None).")
		}
	}
}}

var cookieBroadDomain = Rule{"cookie-broad-domain", func(c *Context) {
	c.eachTokenCookie(func(k *cookie) string {
		if k.domain == nil || k.domain.Kind != fastapi.Str || k.domain.Text == "" || k.domain.Text == "localhost" {
			return ""
		}
		return k.label() + " has a Domain (" + k.domain.Text + "): every subdomain receives it and can overwrite it."
	})
}}

var cookieNoHostPrefix = Rule{"cookie-no-host-prefix", func(c *Context) {
	c.eachTokenCookie(func(k *cookie) string {
		switch {
		case strings.HasPrefix(k.name, "__Host-"):
			return ""
		case !settled(k.name) && !k.barsHostPrefix():
			return ""
		case !settled(k.name):
			return "A token cookie, whose name is not known here, is set in a way that browsers refuse under a name with __Host-: a sibling subdomain, or plain http, can plant one of the same name."
		}
		return k.label() + " carries a token and its name does not begin with __Host-: a sibling subdomain, or plain http, can plant one of the same name."
	})
	for _, cfg := range c.model.configs {
		for _, v := range cfg.cookieNames {
			if name := text(v); cfg.cookies && name != "" && !strings.HasPrefix(name, "__Host-") {
				c.report(v.At, fmt.Sprintf("The cookie %q of %s carries a token and its name does not begin with __Host-: a sibling subdomain, or plain http, can plant one of the same name.", name, cfg.library))
			}
		}
	}
}}

// barsHostPrefix reports whether browsers take no cookie so set whose name
// begins with __Host-: it must be Secure and have no Domain (RFC 6265bis,
// section 4.1.3.2).
func (k *cookie) barsHostPrefix() bool {
	return off(k.secure, k.lib != nil && k.lib.SecureDefault) || k.domain != nil && k.domain.Kind == fastapi.Str && k.domain.Text != ""
}
