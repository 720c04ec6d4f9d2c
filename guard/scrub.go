package guard

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A login's answer is searched to this depth: {"data": {"tokens": {…}}}.
const maxSearchDepth = 3

// maxLoginAnswer bounds the answers that are searched, in bytes.
const maxLoginAnswer = 256 << 10

// found is what a login's answer held.
type found struct {
	access, refresh, csrf string
	// sure says that a name stood for it: access_token and its spellings.
	sure bool
}

// The names under which APIs give tokens. Of the generic ones only a value
// that is a JWT counts.
var (
	accessNames  = headerSet("access_token", "accessToken", "access")
	refreshNames = headerSet("refresh_token", "refreshToken", "refresh")
	genericNames = headerSet("token", "jwt", "id_token", "idToken", "auth_token", "authToken", "bearer", "jwt_token", "jwtToken")
	csrfNames    = headerSet("csrf_token", "csrfToken")
)

// errNoObject says that the answer is not one JSON object with each name once.
var errNoObject = errors.New("the answer is no JSON object")

// scrub searches a login's answer for tokens and returns the answer without
// them. All else in it stays as it was, in its order. Where nothing was found
// the answer returned is nil.
func scrub(body []byte) ([]byte, found, error) {
	var f found
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' {
		return nil, f, errNoObject
	}
	var out bytes.Buffer
	d := jsontext.NewDecoder(bytes.NewReader(body))
	if err := f.object(d, &out, 1); err != nil {
		return nil, found{}, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, found{}, errNoObject
	}
	if f.access == "" && f.refresh == "" {
		return nil, f, nil
	}
	return out.Bytes(), f, nil
}

// object copies an object without the tokens in it.
func (f *found) object(d *jsontext.Decoder, out *bytes.Buffer, depth int) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	out.WriteByte('{')
	first := true
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		name = name.Clone()
		kind := d.PeekKind()
		mark := out.Len()
		if !first {
			out.WriteByte(',')
		}
		out.Write(name)
		out.WriteByte(':')
		if kind == '{' && depth < maxSearchDepth {
			if err := f.object(d, out, depth+1); err != nil {
				return err
			}
			first = false
			continue
		}
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if kind == '"' && f.take(name, value, depth) {
			out.Truncate(mark)
			continue
		}
		out.Write(value)
		first = false
	}
	_, err := d.ReadToken()
	out.WriteByte('}')
	return err
}

// take keeps a value if it is a token, and reports whether it was one.
func (f *found) take(name, value jsontext.Value, depth int) bool {
	n, err := jsontext.AppendUnquote(nil, name)
	if err != nil {
		return false
	}
	v, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return false
	}
	text := string(v)
	bare := bearerIn(text)
	switch key := string(n); {
	case text == "":
		return false
	case accessNames[key] && (key != "access" || isJWT(bare)):
		if f.access == "" || !f.sure {
			f.access, f.sure = bare, true
		}
		return true
	case refreshNames[key] && (key != "refresh" || isJWT(bare)):
		if f.refresh == "" {
			f.refresh = bare
		}
		return true
	case genericNames[key] && isJWT(bare):
		if f.access == "" {
			f.access = bare
		}
		return true
	case csrfNames[key] && depth == 1:
		f.csrf = text
		return true
	}
	// No JWT of a login's answer reaches a page, whatever it is called.
	return isJWT(bare)
}

// withMember returns a JSON object with one more member at its end.
func withMember(object []byte, name, value string) ([]byte, error) {
	n, err := jsontext.AppendQuote(nil, name)
	if err != nil {
		return nil, err
	}
	v, err := jsontext.AppendQuote(nil, value)
	if err != nil {
		return nil, err
	}
	out := append([]byte(nil), object[:len(object)-1]...)
	if len(bytes.TrimSpace(out)) > 1 {
		out = append(out, ',')
	}
	out = append(append(append(out, n...), ':'), v...)
	return append(out, '}'), nil
}

// isJSON accepts application/json and its relatives.
func isJSON(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	t = strings.ToLower(strings.TrimSpace(t))
	return t == "application/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json")
}
