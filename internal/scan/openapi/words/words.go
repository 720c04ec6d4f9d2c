// Package words knows what people call the parts of a login, in many
// languages: names of fields and of operations, folded to plain letters. The
// words are data, in words.txt.
package words

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed words.txt
var table string

// A Meaning is what a word may stand for.
type Meaning string

const (
	Secret   Meaning = "secret"   // a field for a password
	Name     Meaning = "name"     // a field for an account's name
	Login    Meaning = "login"    // an operation that opens a session
	Logout   Meaning = "logout"   // an operation that ends one
	Renew    Meaning = "renew"    // an operation that prolongs one
	Register Meaning = "register" // an operation that opens an account
	Other    Meaning = "other"    // an operation that does another thing with an account
)

// compound is the length from which a word is found within a longer one:
// shorter ones stand in too many that mean something else, as "accesso" does
// in "accessories".
const compound = 8

// lexicon is the table, read once.
var lexicon = sync.OnceValue(func() map[Meaning][]string {
	out := map[Meaning][]string{}
	for line := range strings.Lines(table) {
		meaning, list, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(list) {
			out[Meaning(meaning)] = append(out[Meaning(meaning)], strings.Join(Split(w), ""))
		}
	}
	return out
})

// Of reports whether a text, such as a field's name or an operation's path,
// has a word of that meaning in it.
func Of(m Meaning, text string) bool {
	parts := Split(text)
	joined := strings.Join(parts, "")
	for _, w := range lexicon()[m] {
		if within(w) && strings.Contains(joined, w) || stands(w, parts) {
			return true
		}
	}
	return false
}

// stands reports whether w is one of the parts, or written in several that
// follow each other: "loggain" in "logga", "in".
func stands(w string, parts []string) bool {
	for i := range parts {
		rest := w
		for _, p := range parts[i:] {
			var ok bool
			if rest, ok = strings.CutPrefix(rest, p); !ok {
				break
			}
			if rest == "" {
				return true
			}
		}
	}
	return false
}

// within reports whether a word is found within a longer one. What is written
// without Latin letters is often written without spaces too.
func within(w string) bool {
	for _, r := range w {
		if r > unicode.MaxLatin1 {
			return true
		}
	}
	return len(w) >= compound
}

// foreign are the letters that no decomposition makes Latin.
var foreign = strings.NewReplacer("ß", "ss", "ł", "l", "ø", "o", "æ", "ae", "œ", "oe", "đ", "d", "ð", "d", "þ", "th", "ı", "i")

// Split returns the words of a name in lower case and without diacritics:
// "Přihlášení/heslo" is "prihlaseni" and "heslo", and "benutzerName" is
// "benutzer" and "name".
func Split(text string) []string {
	var out []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			out = append(out, foreign.Replace(word.String()))
			word.Reset()
		}
	}
	lower := false // the letter before was a small one
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.Is(unicode.Mn, r):
			// A letter's mark, not a letter.
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if unicode.IsUpper(r) && lower {
				end()
			}
			lower = unicode.IsLower(r)
			word.WriteRune(unicode.ToLower(r))
		default:
			end()
			lower = false
		}
	}
	end()
	return out
}

// All returns the words of a meaning, folded.
func All(m Meaning) []string { return lexicon()[m] }
