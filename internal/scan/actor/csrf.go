package actor

import (
	"bytes"
	"encoding/json"
	"html"
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

func isCSRFName(lower string) bool {
	return strings.Contains(lower, "csrf") || strings.Contains(lower, "xsrf") || strings.Contains(lower, "authenticity_token") || lower == "requestverificationtoken"
}

var csrfName = regexp.MustCompile(`(?i)[cx]srf|authenticity_token|requestverificationtoken`)

// namesCSRF reports whether a text may hold a name for which isCSRFName is
// true.
func namesCSRF(text []byte) bool {
	// The letters that all of them have are looked for first: that is much
	// faster than the pattern.
	for _, sign := range []string{"srf", "SRF", "Srf", "uthenticity", "UTHENTICITY", "erification", "ERIFICATION"} {
		if bytes.Contains(text, []byte(sign)) {
			return csrfName.Match(text)
		}
	}
	return false
}

var (
	metaTag  = regexp.MustCompile(`(?is)<meta\s[^>]{0,500}>`)
	inputTag = regexp.MustCompile(`(?is)<input\s[^>]{0,500}>`)
	attr     = regexp.MustCompile(`(?is)\b(name|content|value)\s*=\s*(?:"([^"]{0,999})"|'([^']{0,999})')`)
)

// CSRFTokens finds the CSRF tokens in an answer: in cookies, fields, JSON,
// meta tags and hidden fields.
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
		var v any
		if json.Unmarshal(r.Body, &v) == nil {
			walk(v, "", 0, func(pointer, key, s string) {
				if isCSRFName(strings.ToLower(key)) && !strings.ContainsAny(s, " \n") {
					add(s, "body", key)
				}
			})
		}
	case strings.Contains(ct, "html"):
		tag := func(where string, re *regexp.Regexp, valueName string) {
			for _, t := range re.FindAll(r.Body, 200) {
				var name, value string
				for _, a := range attr.FindAllSubmatch(t, -1) {
					v := string(a[2]) + string(a[3])
					switch strings.ToLower(string(a[1])) {
					case "name":
						name = v
					case valueName:
						value = v
					}
				}
				if isCSRFName(strings.ToLower(name)) {
					add(html.UnescapeString(value), where, name)
				}
			}
		}
		tag("meta", metaTag, "content")
		tag("field", inputTag, "value")
	}
	keys := make([]string, 0, len(r.Header))
	for k := range r.Header {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if k != "Set-Cookie" && !strings.HasPrefix(k, "Access-Control-") && isCSRFName(strings.ToLower(k)) {
			add(r.Header.Get(k), "header", k)
		}
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

// putCSRF sends token as a good client would.
func putCSRF(h http.Header, token string) {
	for _, k := range csrfHeaders {
		h[k] = []string{token}
	}
}

// IsCSRFName reports whether a cookie, field or parameter of that name holds
// a CSRF token.
func IsCSRFName(name string) bool { return isCSRFName(strings.ToLower(name)) }

// IsCSRFHeader reports whether a field carries a CSRF token from a client.
func IsCSRFHeader(name string) bool { return isCSRFName(strings.ToLower(name)) }
