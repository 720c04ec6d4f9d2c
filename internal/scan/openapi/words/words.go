// Package words knows what people call the parts of a login, in many
// languages: names of fields and of operations, folded to plain letters. The
// words are data, in words.txt.
package words

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed words.txt
var table string

// A Meaning is what a word may stand for. Several are told by their union.
type Meaning uint8

const (
	Secret   Meaning = 1 << iota // a field for a password
	Name                         // a field for an account's name
	Login                        // an operation that opens a session
	Logout                       // an operation that ends one
	Renew                        // an operation that prolongs one
	Register                     // an operation that opens an account
	Other                        // an operation that does another thing with an account
)

// named are the meanings as the table has them.
var named = map[string]Meaning{"secret": Secret, "name": Name, "login": Login, "logout": Logout, "renew": Renew, "register": Register, "other": Other}

// compound is the length from which a word is found within a longer one:
// shorter ones stand in too many that mean something else, as "accesso" does
// in "accessories".
const compound = 8

// A lexicon is the table, made ready to be asked of many names at once.
type lexicon struct {
	whole   map[string]Meaning  // words, which stand as words of their own
	longest int                 // bytes of the longest of them
	within  map[string][]string // words that are found in longer ones, by their first two bytes
}

// head is by how many bytes a lexicon finds a word: no letter that is not
// ASCII has fewer.
const head = 2

var known = sync.OnceValue(func() *lexicon {
	l := &lexicon{whole: map[string]Meaning{}, within: map[string][]string{}}
	for line := range strings.Lines(table) {
		meaning, list, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(list) {
			w = strings.Join(Split(w), "")
			if within(w) && l.whole[w] == 0 {
				l.within[w[:head]] = append(l.within[w[:head]], w)
			}
			l.whole[w] |= named[meaning]
			l.longest = max(l.longest, len(w))
		}
	}
	return l
})

// Of reports whether a text, such as a field's name or an operation's path,
// has a word of one of those meanings in it: as one of its own words, as
// several that follow each other ("loggain" in "logga", "in"), or within a
// longer one.
func Of(m Meaning, text string) bool {
	var room [16]string
	parts := split(room[:0], text)
	joined, l := strings.Join(parts, ""), known()
	start := 0
	for i, p := range parts {
		end := start
		for _, q := range parts[i:] {
			if end += len(q); end-start > l.longest {
				break
			}
			if l.whole[joined[start:end]]&m != 0 {
				return true
			}
		}
		start += len(p)
	}
	for i := range len(joined) - head + 1 {
		for _, w := range l.within[joined[i:i+head]] {
			if strings.HasPrefix(joined[i:], w) && l.whole[w]&m != 0 {
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
func Split(text string) []string { return split(nil, text) }

// split appends the words of a text to out.
func split(out []string, text string) []string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return splitForeign(out, text)
		}
	}
	start, lower := 0, false // of the word; the letter before was a small one
	end := func(i int) {
		if start < i {
			out = append(out, strings.ToLower(text[start:i]))
		}
	}
	for i := range len(text) {
		c := text[i]
		upper := 'A' <= c && c <= 'Z'
		switch {
		case upper && lower:
			end(i)
			start = i
		case !upper && (c < 'a' || 'z' < c) && (c < '0' || '9' < c):
			end(i)
			start = i + 1
		}
		lower = 'a' <= c && c <= 'z'
	}
	end(len(text))
	return out
}

func splitForeign(out []string, text string) []string {
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
