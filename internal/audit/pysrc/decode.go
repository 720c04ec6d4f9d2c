package pysrc

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// ErrBinary says that a file is no text, whatever its name.
var ErrBinary = errors.New("holds NUL bytes: not Python text")

// codingLine is the declaration of PEP 263.
var codingLine = regexp.MustCompile(`^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)`)

// Decode returns the UTF-8 text of a Python file, by its byte order mark, its
// PEP 263 declaration, or else UTF-8, and with line ends as "\n". Bytes that
// are wrong in that encoding become U+FFFD, since the rest is worth reading.
func Decode(raw []byte) ([]byte, error) {
	if bytes.IndexByte(raw, 0) >= 0 {
		return nil, ErrBinary
	}
	if rest, ok := bytes.CutPrefix(raw, []byte("\xef\xbb\xbf")); ok {
		return lineEnds(valid(rest)), nil
	}
	name := declared(raw)
	enc, err := lookup(name)
	if err != nil {
		return nil, err
	}
	if enc == nil {
		return lineEnds(valid(raw)), nil
	}
	out, err := enc.NewDecoder().Bytes(raw)
	if err != nil {
		return nil, fmt.Errorf("declared as %s: %w", name, err)
	}
	return lineEnds(out), nil
}

// declared returns the encoding that the first two lines name, or "".
func declared(raw []byte) string {
	for range 2 {
		line, rest, _ := bytes.Cut(raw, []byte{'\n'})
		if m := codingLine.FindSubmatch(line); m != nil {
			return string(m[1])
		}
		if t := bytes.TrimSpace(line); len(t) > 0 && t[0] != '#' {
			return ""
		}
		raw = rest
	}
	return ""
}

// lookup returns the encoding of a Python name; nil is UTF-8.
func lookup(name string) (encoding.Encoding, error) {
	n := strings.ReplaceAll(strings.ToLower(name), "_", "-")
	switch {
	case n == "" || strings.HasPrefix(n, "utf-8") || n == "utf8" || n == "ascii" || n == "us-ascii":
		return nil, nil
	case n == "latin-1" || n == "iso-8859-1" || n == "latin1" || n == "iso-latin-1":
		return charmap.ISO8859_1, nil
	}
	if rest, ok := strings.CutPrefix(n, "cp"); ok {
		n = "windows-" + rest
		if rest == "866" || rest == "949" || rest == "932" || rest == "936" {
			n = map[string]string{"866": "ibm866", "949": "euc-kr", "932": "shift_jis", "936": "gbk"}[rest]
		}
	}
	enc, err := htmlindex.Get(strings.ReplaceAll(n, "shift-jis", "shift_jis"))
	if err != nil {
		return nil, fmt.Errorf("declares the encoding %q, which is not known here", name)
	}
	return enc, nil
}

func valid(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return bytes.ToValidUTF8(b, []byte("\uFFFD"))
}

func lineEnds(b []byte) []byte {
	if bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte{'\n'})
	return bytes.ReplaceAll(b, []byte{'\r'}, []byte{'\n'})
}
