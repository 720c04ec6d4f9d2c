package guard

import (
	"encoding/binary"
	"strings"
)

// tokens is what the guard keeps of a login, as the session's data.
type tokens struct {
	access  string
	refresh string
	// csrf is a token of the API's own check, which the guard satisfies.
	csrf string
	// cookies are those by which the API authenticates.
	cookies []tokenCookie
	// renewing is since when a request to renew the tokens is under way, in
	// milliseconds since 1970, or 0.
	renewing int64
}

type tokenCookie struct{ name, value, path string }

// maxTokenCookies bounds the cookies of one session.
const maxTokenCookies = 16

// renewable reports whether there is a refresh token, which must not be used
// twice.
func (t *tokens) renewable() bool {
	if t.refresh != "" {
		return true
	}
	for _, c := range t.cookies {
		if isRefresh(c.name) {
			return true
		}
	}
	return false
}

func (t *tokens) empty() bool { return t.access == "" && len(t.cookies) == 0 }

// encode writes each text after its length.
func (t *tokens) encode() []byte {
	b := []byte{1} // the version of this encoding
	if t.renewing > 0 {
		b = binary.AppendUvarint([]byte{2}, uint64(t.renewing))
	}
	put := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	put(t.access)
	put(t.refresh)
	put(t.csrf)
	for _, c := range t.cookies {
		put(c.name)
		put(c.value)
		put(c.path)
	}
	return b
}

// decode is decodeTokens for session.Config: nil where it fails. Nobody changes
// a tokens in place.
func decode(data []byte) any {
	t, ok := decodeTokens(data)
	if !ok {
		return nil
	}
	return &t
}

// decodeTokens reports whether data is what encode wrote.
func decodeTokens(data []byte) (t tokens, ok bool) {
	if len(data) == 0 || data[0] != 1 && data[0] != 2 {
		return t, false
	}
	if data[0] == 2 {
		since, size := binary.Uvarint(data[1:])
		if size <= 0 {
			return t, false
		}
		t.renewing, data = int64(since), data[size:]
	}
	// One text for all: the parts are cut out of it.
	rest := string(data[1:])
	next := func() (s string) {
		n, size := binary.Uvarint([]byte(rest[:min(len(rest), binary.MaxVarintLen64)]))
		if size <= 0 || n > uint64(len(rest)-size) {
			ok = false
			return ""
		}
		s, rest = rest[size:size+int(n)], rest[size+int(n):]
		return s
	}
	ok = true
	t.access, t.refresh, t.csrf = next(), next(), next()
	for ok && rest != "" && len(t.cookies) <= maxTokenCookies {
		t.cookies = append(t.cookies, tokenCookie{next(), next(), next()})
	}
	return t, ok
}

// set adds or replaces a cookie, or removes it where the value is empty. It
// reports whether anything changed.
func (t *tokens) set(c tokenCookie) bool {
	for i, old := range t.cookies {
		if old.name != c.name || old.path != c.path {
			continue
		}
		if old.value == c.value {
			return false
		}
		cookies := append([]tokenCookie(nil), t.cookies...)
		if c.value == "" {
			t.cookies = append(cookies[:i], cookies[i+1:]...)
		} else {
			cookies[i] = c
			t.cookies = cookies
		}
		return true
	}
	if c.value == "" || len(t.cookies) >= maxTokenCookies {
		return false
	}
	t.cookies = append(t.cookies[:len(t.cookies):len(t.cookies)], c)
	return true
}

func (t *tokens) has(name string) bool {
	for _, c := range t.cookies {
		if c.name == name {
			return true
		}
	}
	return false
}

// sentTo is RFC 6265bis, section 5.1.4: whether a cookie of that path goes
// with a request for path.
func (c tokenCookie) sentTo(path string) bool {
	if c.path == "" || c.path == "/" || c.path == path {
		return true
	}
	rest, ok := strings.CutPrefix(path, c.path)
	return ok && (strings.HasSuffix(c.path, "/") || strings.HasPrefix(rest, "/"))
}
