package session

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

const (
	idBytes   = 32 // 256 bits
	idLetters = 43 // of base64url without padding
	// maxCookieBytes bounds all Cookie headers of a request together. Browsers
	// send some 180 cookies of 4 KiB at most to one host; applications use a
	// few. CVE-2025-58186 was a parser that took any number.
	maxCookieBytes = 16 << 10
)

type id [idBytes]byte

var strict64 = base64.RawURLEncoding.Strict()

func (i id) text() string { return strict64.EncodeToString(i[:]) }

// parseID reads an identifier as it was issued, in its one spelling.
func parseID(s string) (i id, ok bool) {
	if len(s) != idLetters || strings.ContainsAny(s, "\r\n") {
		return i, false
	}
	b, err := strict64.DecodeString(s)
	if err != nil || len(b) != idBytes {
		return i, false
	}
	return id(b), true
}

// readCookie returns the value of the one cookie of that name. It reads the
// header as browsers write it (RFC 6265bis §5.8.3: pairs joined by "; ") and
// knows no quoted strings, which is how other parsers come to see other
// cookies.
func readCookie(h http.Header, name string) (string, error) {
	size := 0
	for _, line := range h["Cookie"] {
		size += len(line)
	}
	if size > maxCookieBytes {
		return "", fmt.Errorf("%w: the cookies have %d bytes, %d are allowed", ErrMalformed, size, maxCookieBytes)
	}
	var value string
	found, legacy := false, false
	for _, line := range h["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			n, v, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
			switch {
			case ok && n == name && found:
				// Which of two wins differs from parser to parser.
				return "", fmt.Errorf("%w: it is there twice", ErrMalformed)
			case ok && n == name:
				value, found = v, true
			case strings.HasPrefix(n, "$"):
				legacy = true
			case disguised(n, name):
				return "", fmt.Errorf("%w: another cookie takes its name in disguise", ErrMalformed)
			}
		}
	}
	switch {
	case !found:
		return "", ErrNone
	case legacy:
		// $Version switches some parsers to RFC 2109, in which a quoted value
		// swallows the cookies behind it ("cookie sandwich").
		return "", fmt.Errorf("%w: $-cookies of RFC 2109 stand beside it", ErrMalformed)
	}
	return value, nil
}

// disguised reports whether a lax parser would take the cookie n for the one
// of that name: in other case, behind white space of Unicode or control
// characters, percent-encoded, or quoted. Browsers guard the prefix __Host-
// only in its plain spelling.
func disguised(n, name string) bool {
	if len(n) < len(name) {
		return false
	}
	n = strings.TrimFunc(n, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '"' || r == '\'' || r == unicode.ReplacementChar
	})
	if u, err := url.PathUnescape(n); err == nil {
		n = u
	}
	return strings.EqualFold(strings.TrimFunc(n, unicode.IsSpace), name)
}
