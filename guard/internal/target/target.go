// Package target gives request targets one canonical spelling, which both
// decides and is forwarded. What two routers could read differently has none.
package target

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// A Target is a canonical request target.
type Target struct {
	// Path is decoded, for comparison. It begins with "/" and has no empty
	// segment but the last, and none that is "." or "..".
	Path string
	// Escaped is Path as it is forwarded.
	Escaped string
	// Query is what follows the question mark, as it came, and HasQuery
	// whether there was one.
	Query    string
	HasQuery bool
}

// String returns the target as it is forwarded.
func (t Target) String() string {
	if t.HasQuery {
		return t.Escaped + "?" + t.Query
	}
	return t.Escaped
}

// Why a target has no canonical spelling.
var (
	ErrForm      = errors.New("the request target is no path")
	ErrCharacter = errors.New("the path has a character that must not stand in it")
	ErrEscape    = errors.New("the path has a percent sign that encodes nothing")
	ErrHidden    = errors.New("the path hides a delimiter behind percent-encoding")
	ErrDots      = errors.New("the path has a dot segment")
	ErrEmpty     = errors.New("the path has an empty segment")
	ErrUTF8      = errors.New("the path is not UTF-8")
	ErrQuery     = errors.New("the query has a character that must not stand in it")
	ErrTooMany   = errors.New("the query has too many parameters")
)

// MaxParameters bounds the parameters of a query: parsers stop at different
// numbers, and one that stops sees other values (GO-2026-4976).
const MaxParameters = 1000

// Parse reads the target of a request line in origin-form.
func Parse(raw string) (Target, error) {
	if raw == "" || raw[0] != '/' {
		return Target{}, ErrForm
	}
	path, query, has := strings.Cut(raw, "?")
	if err := checkQuery(query); err != nil {
		return Target{}, err
	}
	t := Target{Path: path, Escaped: path, Query: query, HasQuery: has}
	if !plain(path) {
		if err := t.decode(path); err != nil {
			return Target{}, err
		}
	}
	return t, segments(t.Path)
}

// plain reports whether every byte stands for itself.
func plain(path string) bool {
	for i := range len(path) {
		if c := path[i]; !unreserved(c) && c != '/' {
			return false
		}
	}
	return true
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

const hex = "0123456789ABCDEF"

// decode follows RFC 3986, section 6.2.2: escapes of unreserved characters
// are undone, the others are written in upper case.
func (t *Target) decode(path string) error {
	decoded := make([]byte, 0, len(path))
	escaped := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c != '%' {
			// Of the reserved characters, those that path segments may have
			// (RFC 3986, section 3.3), without ";", which parts parameters
			// for some routers.
			if !unreserved(c) && strings.IndexByte("/:@!$&'()*+,=", c) < 0 {
				return ErrCharacter
			}
			decoded, escaped = append(decoded, c), append(escaped, c)
			continue
		}
		if i+2 >= len(path) {
			return ErrEscape
		}
		high, low := unhex(path[i+1]), unhex(path[i+2])
		if high < 0 || low < 0 {
			return ErrEscape
		}
		c = byte(high<<4 | low)
		i += 2
		decoded = append(decoded, c)
		switch {
		case unreserved(c):
			escaped = append(escaped, c)
		case c < ' ' || c == 0x7F || strings.IndexByte("/\\;?#", c) >= 0:
			return ErrHidden
		case c == '%' && i+2 < len(path) && unhex(path[i+1]) >= 0 && unhex(path[i+2]) >= 0:
			return ErrHidden // it would be an escape to whoever decodes twice
		default:
			escaped = append(escaped, '%', hex[high], hex[low])
		}
	}
	t.Path, t.Escaped = string(decoded), string(escaped)
	if !utf8.ValidString(t.Path) {
		return ErrUTF8
	}
	return nil
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c - 'a' + 10)
	case c >= 'A' && c <= 'F':
		return int(c - 'A' + 10)
	}
	return -1
}

func segments(path string) error {
	start := 1
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		switch segment := path[start:i]; segment {
		case "":
			if i < len(path) {
				return ErrEmpty
			}
		case ".", "..":
			return ErrDots
		}
		start = i + 1
	}
	return nil
}

func checkQuery(q string) error {
	parameters := 1
	for i := range len(q) {
		switch c := q[i]; {
		case c <= ' ' || c >= 0x7F || c == '#':
			return ErrQuery
		case c == '&':
			if parameters++; parameters > MaxParameters {
				return ErrTooMany
			}
		}
	}
	return nil
}
