package rules

import "strings"

// topics are what a route is about, by its path and the name of its handler.
// Many rules ask for them.
type topics struct{ login, logout, refresh, entry, oneTime bool }

func (r *route) topics() topics {
	n := strings.ToLower(r.name())
	return topics{
		login: loginWord.in(n), logout: logoutWord.in(n), refresh: refreshWord.in(n),
		entry: entryWord.in(n), oneTime: oneTimeWord.in(n),
	}
}

// A wordList is what names are searched for. A regular expression that tells no
// capitals from small letters takes twenty times as long, which was an eighth
// of an audit.
type wordList struct {
	anywhere []string
	atEnd    []string
}

// wordsOf reads words in small letters, parted by spaces: "log~in" is "login",
// "log-in" and "log_in", and "/token$" stands at the end of a name.
func wordsOf(list string) wordList {
	var w wordList
	for _, word := range strings.Fields(list) {
		end := strings.HasSuffix(word, "$")
		spelt := []string{strings.TrimSuffix(word, "$")}
		if a, b, ok := strings.Cut(spelt[0], "~"); ok {
			spelt = []string{a + b, a + "-" + b, a + "_" + b}
		}
		if end {
			w.atEnd = append(w.atEnd, spelt...)
		} else {
			w.anywhere = append(w.anywhere, spelt...)
		}
	}
	return w
}

// MatchString reports whether a text has one of the words in it, in whatever
// letters.
func (w wordList) MatchString(text string) bool { return w.in(strings.ToLower(text)) }

// in is MatchString of a text in small letters.
func (w wordList) in(lower string) bool {
	for _, word := range w.anywhere {
		if strings.Contains(lower, word) {
			return true
		}
	}
	for _, word := range w.atEnd {
		if strings.HasSuffix(lower, word) {
			return true
		}
	}
	return false
}
