// Package ascii compares the words of protocols.
package ascii

import "strings"

// EqualFold reports whether s is word, which is in ASCII, in any case of its
// letters. strings.EqualFold alone also takes the Kelvin sign for a k and the
// long s for an s: to it "chun\u212Aed" is a transfer coding, and to nobody else
// on the way.
func EqualFold(s, word string) bool {
	// As many bytes as letters leave no room for any other letter.
	return len(s) == len(word) && strings.EqualFold(s, word)
}
