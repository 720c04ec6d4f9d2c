package actor

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// A CSRFToken is a CSRF token that a server handed out.
type CSRFToken struct {
	Value string
	Where string // "cookie", "header", "body", "meta", "field"
	Name  string // cookie, header, JSON key, meta or input name
}

// formTokens are further names that hold such tokens, where they stand alone.
var formTokens = []string{"nonce", "_token", "form_token", "formtoken", "form_key", "antiforgerytoken", "antiforgery_token", "security_token"}

// OfOneForm reports whether a token of that name belongs to the form in which
// it stands, and says nothing of other operations.
func OfOneForm(name string) bool { return slices.Contains(formTokens, strings.ToLower(name)) }

func isCSRFName(lower string) bool {
	return slices.Contains(formTokens, lower) || strings.Contains(lower, "csrf") || strings.Contains(lower, "xsrf") || strings.Contains(lower, "authenticity_token") || lower == "requestverificationtoken"
}

var csrfName = regexp.MustCompile(`(?i)[cx]srf|authenticity_token|requestverificationtoken|["'](?:nonce|_token|form_?token|form_key|antiforgery_?token|security_token)["']`)

// namesCSRF reports whether a text may hold a name for which isCSRFName is
// true.
func namesCSRF(text []byte) bool {
	// The letters that all of them have are looked for first: that is much
	// faster than the pattern.
	for _, sign := range []string{"srf", "SRF", "Srf", "uthenticity", "UTHENTICITY", "erification", "ERIFICATION", "nonce", "token", "form_key"} {
		if bytes.Contains(text, []byte(sign)) {
			return csrfName.Match(text)
		}
	}
	return false
}

// CSRFTokens finds the CSRF tokens in an answer: in cookies, fields, JSON, and
// in pages.
func CSRFTokens(r *client.Response) []CSRFToken {
	var out []CSRFToken
	add := func(value, where, name string) {
		if len(value) >= 4 && len(value) <= 4096 {
			out = append(out, CSRFToken{value, where, name})
		}
	}
	switch ct := r.Header.Get("Content-Type"); {
	case !namesCSRF(r.Body):
		// Most answers name no token, and need not be read.
	case strings.Contains(ct, "json"):
		if v, ok := r.JSON(); ok {
			walk(v, "", 0, func(pointer, key, s string) {
				if isCSRFName(strings.ToLower(key)) && !strings.ContainsAny(s, " \n") {
					add(s, "body", key)
				}
			})
		}
	case strings.Contains(ct, "html"):
		tokensInPage(r.Body, add)
	}
	var keys []string
	for k := range r.Header {
		if k != "Set-Cookie" && !strings.HasPrefix(k, "Access-Control-") && isCSRFName(strings.ToLower(k)) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		add(r.Header.Get(k), "header", k)
	}
	for _, c := range client.SetCookies(r) {
		if isCSRFName(strings.ToLower(c.Name)) && !c.Deleted() {
			add(c.Value, "cookie", c.Name)
		}
	}
	return out
}

// csrfHeaders are the fields in which clients send CSRF tokens. A good client
// of an unknown API sends the token in all of them at once.
var csrfHeaders = []string{"X-Csrf-Token", "X-Csrftoken", "X-Xsrf-Token", "Csrf-Token", "Xsrf-Token", "X-Csrf"}

// putCSRF sends token as a good client would, and in the fields that were told.
func putCSRF(h http.Header, token string, told []string) {
	value := []string{token}
	for _, k := range csrfHeaders {
		h[k] = value
	}
	for _, k := range told {
		h.Set(k, token)
	}
}

// IsCSRFName reports whether a cookie, field or parameter of that name holds
// a CSRF token.
func IsCSRFName(name string) bool { return isCSRFName(strings.ToLower(name)) }

// IsCSRFHeader reports whether a field carries a CSRF token from a client.
func IsCSRFHeader(name string) bool { return isCSRFName(strings.ToLower(name)) }
