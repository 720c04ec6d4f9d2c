package http1

import (
	"strings"

	"github.com/d710e0ae/countersign/guard/internal/ascii"
)

// What a byte may be part of.
const (
	token   = 1 << iota // of a name or a method (RFC 9110, section 5.6.2)
	text                // of a field's value (RFC 9110, section 5.5)
	visible             // of a request target: neither space nor control character
	plain               // of a path, standing for itself in any spelling
	inHost              // of a Host header (RFC 3986, section 3.2.2)
)

// class tells what each byte may be part of.
var class = func() (t [256]uint8) {
	for i := range t {
		c := byte(i)
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if alnum || c != 0 && strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0 {
			t[i] |= token
		}
		if c >= ' ' && c != 0x7F || c == '\t' {
			t[i] |= text
		}
		if c > ' ' && c < 0x7F {
			t[i] |= visible
		}
		if alnum || c != 0 && strings.IndexByte("/-._~", c) >= 0 {
			t[i] |= plain
		}
		if alnum || c != 0 && strings.IndexByte("-._~!$&'()*+,;=%:[]", c) >= 0 {
			t[i] |= inHost
		}
	}
	return t
}()

// consists reports whether every byte of s may be part of what.
func consists(s string, what uint8) bool {
	for i := range len(s) {
		if class[s[i]]&what == 0 {
			return false
		}
	}
	return true
}

// options reports whether a list such as Connection's has the option, which
// is in lower case.
func options(lines []string, option string) bool {
	for _, line := range lines {
		for v := range strings.SplitSeq(line, ",") {
			if ascii.EqualFold(strings.Trim(v, " \t"), option) {
				return true
			}
		}
	}
	return false
}
