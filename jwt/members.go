package jwt

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxDepth bounds the nesting of headers and claims, the outer object
	// counted. Claims in use nest two or three deep.
	maxDepth = 16
	// fewMembers is up to how many names are compared with one another.
	fewMembers = 32
)

// members calls visit with the name and the raw value of every member of the
// one JSON object that text is, and reports whether text is that: UTF-8 with
// no byte order mark, no duplicate name, nothing before or behind it, at most
// maxDepth deep (RFC 7493, RFC 8259, RFC 7519 §4), and visit never false. Start
// is the value's offset in text. What visit is given must not be changed.
//
// Members that are plain, as nearly all are, are read here, for speed: names
// and texts in ASCII without escapes, whole numbers, and words. All others
// are cut out and left to jsontext. FuzzMembers holds the two to agree.
func members(text []byte, visit func(name, value []byte, start int) bool) bool {
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return false // encoders write no white space around it
	}
	var names [fewMembers][]byte
	known, seen, checked := 0, uint64(0), false
	at := skipSpace(text, 1)
	if peek(text, at) == '}' {
		return at == len(text)-1
	}
	for {
		end, plain := stringEnd(text, at)
		if end < 0 {
			return false
		}
		name := text[at+1 : end-1]
		if !plain {
			var err error
			if name, err = jsontext.AppendUnquote(nil, text[at:end]); err != nil {
				return false
			}
		}
		switch {
		case checked:
		case known == fewMembers:
			if checked = jsontext.Value(text).IsValid(); !checked {
				return false
			}
		case seen&mark(name) != 0 && contains(names[:known], name):
			return false
		default:
			names[known] = name
			known, seen = known+1, seen|mark(name)
		}
		if at = skipSpace(text, end); peek(text, at) != ':' {
			return false
		}
		at = skipSpace(text, at+1)
		if end = valueEnd(text, at); end < 0 || !visit(name, text[at:end], at) {
			return false
		}
		switch at = skipSpace(text, end); peek(text, at) {
		case ',':
			at = skipSpace(text, at+1)
		case '}':
			return at == len(text)-1
		default:
			return false
		}
	}
}

// mark returns one of 64 bits: names of different bits are different, so that
// few need comparing. The factors part nearly all names that claims in use have.
func mark(name []byte) uint64 {
	if len(name) == 0 {
		return 1
	}
	return 1 << ((4*int(name[0]) + 19*int(name[len(name)-1]) + 10*len(name)) & 63)
}

func contains(names [][]byte, name []byte) bool {
	for _, n := range names {
		if string(n) == string(name) {
			return true
		}
	}
	return false
}

// skipSpace returns the offset of the first byte from at that is no white
// space, which may be the end of text.
func skipSpace(text []byte, at int) int {
	for at < len(text) && text[at] <= ' ' && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r') {
		at++
	}
	return at
}

// peek returns the byte at offset at, or zero, which JSON does not have, at
// the end of text.
func peek(text []byte, at int) byte {
	if at < len(text) {
		return text[at]
	}
	return 0
}

// stringEnd returns where the text in quotes at offset at ends, or -1, and
// whether its inside is its own value. What is not plain is not yet valid.
//
// Bytes that are plain are passed over eight at a time: reading texts byte by
// byte took longer than all else in members.
func stringEnd(text []byte, at int) (end int, plain bool) {
	if peek(text, at) != '"' {
		return -1, false
	}
	plain = true
	for at++; at+8 <= len(text); at += 8 {
		if odd := oddBytes(binary.LittleEndian.Uint64(text[at:])); odd != 0 {
			at += bits.TrailingZeros64(odd) / 8
			break
		}
	}
	for ; at < len(text); at++ {
		switch c := text[at]; {
		case c == '"':
			return at + 1, plain
		case c == '\\':
			plain = false
			at++
		case c < ' ' || c > '~':
			plain = false
		}
	}
	return -1, false
}

// oddBytes marks, by its highest bit, the lowest of eight bytes that is a quote,
// a backslash, or not printable ASCII. Bytes above it may be marked wrongly.
func oddBytes(x uint64) uint64 {
	const each = 0x0101010101010101
	quote, backslash := x^each*'"', x^each*'\\'
	return ((quote-each)&^quote | (backslash-each)&^backslash | (x-each*' ')&^x | (x + each) | x) & (each << 7)
}

// numberEnd returns where what may be a number ends.
func numberEnd(text []byte, at int) int {
	for ; at < len(text); at++ {
		switch text[at] {
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '-', '.', 'e', 'E':
		default:
			return at
		}
	}
	return at
}

// valueEnd returns where the valid value at offset at ends, or -1.
func valueEnd(text []byte, at int) int {
	end, simple := -1, false
	switch c := peek(text, at); {
	case c == '"':
		end, simple = stringEnd(text, at)
	case c == '0' || c == '-':
		end = numberEnd(text, at)
		simple = c == '0' && end == at+1
	case c >= '1' && c <= '9':
		for end = at + 1; end < len(text) && text[end] >= '0' && text[end] <= '9'; {
			end++
		}
		if last := numberEnd(text, end); last > end {
			end = last
		} else {
			simple = true
		}
	case c == '[':
		if end = plainListEnd(text, at); end >= 0 {
			return end
		}
		end = bracketEnd(text, at)
	case c == '{':
		end = bracketEnd(text, at)
	default:
		for _, word := range []string{"true", "false", "null"} {
			if bytes.HasPrefix(text[at:], []byte(word)) {
				return at + len(word)
			}
		}
		return -1
	}
	if end < 0 || !simple && !jsontext.Value(text[at:end]).IsValid() {
		return -1
	}
	return end
}

// plainListEnd returns where the list of plain texts at offset at ends, such as
// an audience or roles, or -1 where it is another list or none.
func plainListEnd(text []byte, at int) int {
	for at = skipSpace(text, at+1); ; at = skipSpace(text, at+1) {
		end, plain := stringEnd(text, at)
		if !plain || end < 0 {
			return -1
		}
		switch at = skipSpace(text, end); peek(text, at) {
		case ',':
		case ']':
			return at + 1
		default:
			return -1
		}
	}
}

// bracketEnd returns where the bracket at offset at is closed, or -1 if it is
// not, or nests deeper than a member of the outer object may.
func bracketEnd(text []byte, at int) int {
	depth, inString := 1, false
	for ; at < len(text); at++ {
		switch c := text[at]; {
		case inString && c == '\\':
			at++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return -1
			}
		case c == '}' || c == ']':
			if depth--; depth == 1 {
				return at + 1
			}
		}
	}
	return -1
}
