package guard

import "bytes"

// tokenless reports whether an answer surely has nothing that scrub looks for,
// by bytes alone: most answers have not, and reading them as JSON was a tenth
// of what a POST cost. It is wrong in one direction only.
//
// A token is a JWT, which begins with the encoding of `{"` and has a dot
// behind its first segment, or the value of a member whose name spells
// "…token" in any case and with any "-" and "_" between. What JSON or Unicode
// could spell in another way is left to scrub.
func tokenless(body []byte) bool {
	inJWT := false // within a run of letters that has "ey"
	for i, c := range body {
		switch {
		case c == '\\' || c >= 0x80:
			return false
		case c == '.':
			if inJWT {
				return false
			}
		case c|0x20 == 'k' && spellsEnd(body[i+1:]):
			return false
		case c == 'y' && i > 0 && body[i-1] == 'e':
			inJWT = true
		case !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'):
			inJWT = false
		}
	}
	return true
}

// spellsEnd reports whether what follows a "k" goes on to spell "ken".
func spellsEnd(rest []byte) bool {
	rest = bytes.TrimLeft(rest, "-_")
	if len(rest) == 0 || rest[0]|0x20 != 'e' {
		return false
	}
	rest = bytes.TrimLeft(rest[1:], "-_")
	return len(rest) > 0 && rest[0]|0x20 == 'n'
}
