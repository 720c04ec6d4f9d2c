package actor

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// A Token is a credential that a server handed out, and where it stood.
type Token struct {
	Value   string
	Where   string // "body", "cookie", "header"
	Name    string // JSON pointer, cookie name, or header name
	Refresh bool   // good for a new access token only
}

// IsJWT reports whether s has the shape of a signed or unsigned compact JWS
// whose header is a JSON object with an alg (RFC 7515 §7.1).
func IsJWT(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || len(s) > 1<<16 {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return false
	}
	var h map[string]any
	if json.Unmarshal(raw, &h) != nil {
		return false
	}
	_, ok := h["alg"].(string)
	if !ok {
		return false
	}
	raw, err = base64.RawURLEncoding.DecodeString(parts[1])
	return err == nil && json.Unmarshal(raw, &h) == nil
}

// JWTIn returns the JWT that a cookie or field value holds: as it is, after
// "Bearer ", or within quotes.
func JWTIn(value string) (string, bool) {
	v := strings.Trim(value, `"`)
	if i := strings.LastIndexByte(v, ' '); i >= 0 {
		v = v[i+1:]
	}
	v = strings.TrimPrefix(v, "Bearer%20")
	return v, IsJWT(v)
}

var accessNames = []string{"access_token", "accesstoken", "access", "token", "jwt", "auth_token", "authtoken", "bearer", "bearer_token", "id_token", "idtoken", "key", "session_token", "api_token"}

// tokensInBody finds access and refresh tokens in a JSON answer, however deep
// they are nested. The most likely access token is first.
func tokensInBody(body []byte) []Token {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	var out []Token
	walk(v, "", 0, func(pointer, key string, s string) {
		name := strings.ToLower(strings.ReplaceAll(key, "-", "_"))
		if isCSRFName(name) || strings.Contains(name, "type") || strings.Contains(name, "url") || halfway(name) {
			return
		}
		if IsJWT(s) || slices.Contains(accessNames, name) && len(s) >= 8 && !strings.ContainsAny(s, " \t\n") ||
			strings.Contains(name, "refresh") && strings.Contains(name, "token") && len(s) >= 8 {
			out = append(out, Token{Value: s, Where: "body", Name: pointer, Refresh: strings.Contains(name, "refresh")})
		}
	})
	slices.SortStableFunc(out, func(a, b Token) int { return rank(a) - rank(b) })
	return out
}

// halfway reports whether a token of that name only leads to a login's next
// step: the second factor is still to be shown.
func halfway(name string) bool {
	for _, word := range []string{"mfa", "2fa", "otp", "two_factor", "challenge", "pre_auth", "preauth", "temp_token", "partial"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func rank(t Token) int {
	if t.Refresh {
		return 1000
	}
	last := strings.ToLower(t.Name[strings.LastIndexByte(t.Name, '/')+1:])
	if i := slices.Index(accessNames, last); i >= 0 {
		return i
	}
	return 100
}

// walk visits every string of a JSON value with its pointer (RFC 6901) and
// the key that it stands under, 16 levels deep at the most, keys in order.
func walk(v any, pointer string, depth int, visit func(pointer, key, s string)) {
	if depth > 16 {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			p := pointer + "/" + strings.ReplaceAll(strings.ReplaceAll(k, "~", "~0"), "/", "~1")
			if s, ok := v[k].(string); ok {
				visit(p, k, s)
			} else {
				walk(v[k], p, depth+1, visit)
			}
		}
	case []any:
		for i, e := range v {
			p := pointer + "/" + strconv.Itoa(i)
			if s, ok := e.(string); ok {
				visit(p, "", s)
			} else {
				walk(e, p, depth+1, visit)
			}
		}
	case string:
		visit(pointer, "", v)
	}
}

// tokensInHeader finds tokens in the fields in which servers hand them out.
func tokensInHeader(h http.Header) []Token {
	var out []Token
	for _, name := range []string{"Authorization", "X-Auth-Token", "X-Access-Token", "Access-Token"} {
		v := h.Get(name)
		if v == "" {
			continue
		}
		if t, ok := strings.CutPrefix(v, "Bearer "); ok {
			v = t
		}
		if len(v) >= 8 {
			out = append(out, Token{Value: v, Where: "header", Name: name})
		}
	}
	return out
}

// tokensInCookies finds the JWTs that cookies carry.
func tokensInCookies(cs []client.Cookie) []Token {
	var out []Token
	for _, c := range cs {
		if t, ok := JWTIn(c.Value); ok && !isCSRFName(strings.ToLower(c.Name)) {
			out = append(out, Token{Value: t, Where: "cookie", Name: c.Name, Refresh: strings.Contains(strings.ToLower(c.Name), "refresh")})
		}
	}
	return out
}

// SecretsIn returns every credential that an answer hands out.
func SecretsIn(r *client.Response) []string {
	c := Credentials{Jar: client.NewJar(client.SetCookies(r)...), Tokens: slices.Concat(tokensInBody(r.Body), tokensInHeader(r.Header)), CSRF: CSRFTokens(r)}
	return c.Secrets()
}

// OnlyHandsOut reports whether an answer is a JWT and what belongs to it, such
// as its type and its age, and nothing else: who signs one keeps nothing.
func OnlyHandsOut(r *client.Response) bool {
	v, _ := r.JSON()
	members, _ := v.(map[string]any)
	tokens := 0
	for name, v := range members {
		text, _ := v.(string)
		name = strings.ToLower(name)
		switch {
		case IsJWT(text):
			tokens++
		case !strings.Contains(name, "type") && !strings.Contains(name, "expir"):
			return false
		}
	}
	return tokens > 0
}
