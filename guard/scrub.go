package guard

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxSearchDepth bounds the nesting of an answer that is searched.
const maxSearchDepth = 64

// maxLoginAnswer bounds the answers that are searched, in bytes.
const maxLoginAnswer = 256 << 10

// found is what a login's answer held.
type found struct {
	access, refresh, csrf string
	// sure says that a name stood for it: access_token and its spellings.
	sure bool
}

// A role is what the name of a member says of its value.
type role int

const (
	roleNone    role = iota
	roleCSRF         // of the API's own check
	roleGeneric      // may be a token; so is a JWT
	roleRefresh      // of refresh tokens; so is a JWT
	roleAccess       // of access tokens; so is a JWT
	roleOpaqueRefresh
	roleOpaqueAccess // whatever it looks like
)

// roles are the names under which APIs give tokens, in lower case and without
// "-" and "_".
var roles = map[string]role{
	"accesstoken": roleOpaqueAccess, "refreshtoken": roleOpaqueRefresh, "access": roleAccess, "refresh": roleRefresh,
	"token": roleGeneric, "jwt": roleGeneric, "idtoken": roleGeneric, "authtoken": roleGeneric, "bearer": roleGeneric,
	"jwttoken": roleGeneric, "bearertoken": roleGeneric, "sessiontoken": roleGeneric, "authorization": roleGeneric,
	"csrftoken": roleCSRF,
}

var plainName = strings.NewReplacer("-", "", "_", "")

func roleOf(name string) role { return roles[strings.ToLower(plainName.Replace(name))] }

// within is the role of a member inside of one of role outer, as in
// {"access_token": {"value": "…"}}.
func (r role) within(outer role) role {
	switch outer {
	case roleOpaqueAccess:
		outer = roleAccess
	case roleOpaqueRefresh:
		outer = roleRefresh
	case roleCSRF:
		outer = roleNone
	}
	return max(r, outer)
}

// errNoObject says that the answer is not one JSON value with each name once.
var errNoObject = errors.New("the answer is no JSON object")

// errDeep says that the answer nests deeper than is searched.
var errDeep = errors.New("the answer is nested too deep")

// A scrubber copies a login's answer without its tokens.
type scrubber struct {
	found
	in  *jsontext.Decoder
	out bytes.Buffer
	// every says that a JWT is the login's whatever it is called.
	every bool
	// leave puts the placeholder where a token was that had a token's name.
	leave bool
}

// placeholder stands for a token that the guard keeps, where login.placeholder
// asks for it. A page that bears it bears none.
const placeholder = "kept-by-countersign"

// scrub searches a login's answer for tokens and returns the answer without
// them. All else in it stays as it was, in its order. Where nothing was found
// the answer returned is nil. Every says that the answer is surely a login's,
// so that a JWT of any name is its token; leave, that the placeholder takes the
// place of tokens that a page looks for.
func scrub(body []byte, every, leave bool) ([]byte, found, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))) // RFC 8259, section 8.1
	if len(body) == 0 || strings.IndexByte(`{["`, body[0]) < 0 {
		return nil, found{}, errNoObject
	}
	s := &scrubber{in: jsontext.NewDecoder(bytes.NewReader(body)), every: every, leave: leave}
	role := roleNone
	if body[0] == '"' {
		role = roleGeneric // an API whose login answers with nothing but the token
	}
	kept, err := s.value(role, 1)
	if err != nil {
		return nil, found{}, err
	}
	if _, err := s.in.ReadToken(); err != io.EOF {
		return nil, found{}, errNoObject
	}
	if s.access == "" && s.refresh == "" && s.csrf == "" {
		return nil, s.found, nil
	}
	if !kept {
		return []byte("{}"), s.found, nil
	}
	return s.out.Bytes(), s.found, nil
}

// value copies one value, unless it is a token, and reports whether it did.
func (s *scrubber) value(r role, depth int) (bool, error) {
	switch kind := s.in.PeekKind(); kind {
	case '{', '[':
		if depth > maxSearchDepth {
			return false, errDeep
		}
		if kind == '{' {
			return true, s.object(r, depth)
		}
		return true, s.array(r, depth)
	default:
		v, err := s.in.ReadValue()
		if err != nil {
			return false, err
		}
		if kind == '"' && s.take(r, v, depth) {
			if !s.leave || r == roleNone || r == roleCSRF {
				return false, nil
			}
			v = jsontext.Value(`"` + placeholder + `"`)
		}
		s.out.Write(v)
		return true, nil
	}
}

func (s *scrubber) object(outer role, depth int) error {
	if _, err := s.in.ReadToken(); err != nil {
		return err
	}
	s.out.WriteByte('{')
	first := true
	for s.in.PeekKind() != '}' {
		name, err := s.in.ReadValue()
		if err != nil {
			return err
		}
		plain, err := jsontext.AppendUnquote(nil, name)
		if err != nil {
			return err
		}
		mark := s.out.Len()
		if !first {
			s.out.WriteByte(',')
		}
		s.out.Write(name)
		s.out.WriteByte(':')
		kept, err := s.value(roleOf(string(plain)).within(outer), depth+1)
		if err != nil {
			return err
		}
		if kept {
			first = false
		} else {
			s.out.Truncate(mark)
		}
	}
	_, err := s.in.ReadToken()
	s.out.WriteByte('}')
	return err
}

func (s *scrubber) array(outer role, depth int) error {
	if _, err := s.in.ReadToken(); err != nil {
		return err
	}
	s.out.WriteByte('[')
	first := true
	for s.in.PeekKind() != ']' {
		mark := s.out.Len()
		if !first {
			s.out.WriteByte(',')
		}
		kept, err := s.value(roleNone.within(outer), depth+1)
		if err != nil {
			return err
		}
		if kept {
			first = false
		} else {
			s.out.Truncate(mark)
		}
	}
	_, err := s.in.ReadToken()
	s.out.WriteByte(']')
	return err
}

// take keeps a text if it is a token, and reports whether it was one.
func (s *scrubber) take(r role, value jsontext.Value, depth int) bool {
	v, err := jsontext.AppendUnquote(nil, value)
	if err != nil || len(v) == 0 {
		return false
	}
	text := string(v)
	bare := bearerIn(text)
	token := isJWT(bare)
	switch {
	case r == roleCSRF && depth == 2 && visible(text): // a member of the whole
		s.csrf = text
		return true
	case r == roleOpaqueAccess || token && r == roleAccess:
		if s.access == "" || !s.sure {
			s.access, s.sure = bare, true
		}
		return true
	case r == roleOpaqueRefresh || token && r == roleRefresh:
		if s.refresh == "" {
			s.refresh = bare
		}
		return true
	case token && (r == roleGeneric || s.every):
		if s.access == "" {
			s.access = bare
		}
		return true
	}
	// No JWT of a login's answer reaches a page, whatever it is called and
	// whatever stands around it.
	amid := findJWT(text)
	if s.every && s.access == "" {
		s.access = amid
	}
	return amid != ""
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
	t := mediaType(contentType)
	return t == "application/json" || t == "text/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json")
}

// mayBeText reports whether a page could read a token in an answer of that
// type. An event stream has no end to be waited for.
func mayBeText(contentType string) bool {
	switch t := mediaType(contentType); t {
	case "", "application/x-www-form-urlencoded", "application/xml", "application/javascript", "application/x-ndjson", "application/jwt", "application/jose":
		return true
	case "text/event-stream":
		return false
	default:
		return strings.HasPrefix(t, "text/") || isJSON(t)
	}
}

func mediaType(contentType string) string {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}
