package openapi

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// maxPattern bounds the patterns that are compiled and the text made of them.
const maxPattern = 2_000

// maxRepeat bounds the repetitions that are tried to make a text long enough.
const maxRepeat = 260

// patterns keeps the patterns of a document compiled. It is safe for
// concurrent use, and the zero value is empty.
type patterns struct {
	mu       sync.Mutex
	compiled map[string]*regexp.Regexp // nil where Go's syntax does not have it
}

func (c *patterns) match(pattern, s string) bool {
	if len(pattern) > maxPattern {
		return false
	}
	c.mu.Lock()
	re, known := c.compiled[pattern]
	c.mu.Unlock()
	if !known {
		re, _ = regexp.Compile(pattern) // nil matches nothing
		c.mu.Lock()
		if c.compiled == nil {
			c.compiled = map[string]*regexp.Regexp{}
		}
		if len(c.compiled) < maxNames {
			c.compiled[pattern] = re
		}
		c.mu.Unlock()
	}
	return re != nil && re.MatchString(s)
}

// text makes a text that the pattern matches and that is as long as it
// must be, as far as Go's syntax understands the pattern. Look-around, which
// it does not, mostly says what a password must have, so texts that have some
// of everything are tried there.
func (c *patterns) text(pattern string, serial, low, high int, bounded bool) (string, bool) {
	if len(pattern) > maxPattern {
		return "", false
	}
	fits := func(s string) bool {
		n := len([]rune(s))
		return n >= low && (!bounded || n <= high)
	}
	bare := withoutLookaround(pattern)
	if bare != pattern {
		for _, s := range []string{Password, "Probe9271x", "probe9271"} {
			if c.match(bare, s) && fits(s) && c.ahead(pattern, s) {
				return s, true
			}
		}
	}
	re, err := syntax.Parse(bare, syntax.Perl)
	if err != nil {
		return "", false
	}
	// Longer repetitions until the text is long enough.
	for i := range maxRepeat {
		w := &writing{serial: serial, more: i}
		if i < 2 {
			w.more = 1 - i // one repetition reads better than none
		}
		w.write(re, 0)
		if s := w.b.String(); len(s) <= maxPattern && fits(s) && c.match(bare, s) {
			return s, true
		}
	}
	return "", false
}

var (
	lookaround = regexp.MustCompile(`\(\?(?:[=!]|<[=!])[^()]*(?:\([^()]*\)[^()]*)*\)`)
	lookahead  = regexp.MustCompile(`\(\?=([^()]*(?:\([^()]*\)[^()]*)*)\)`)
)

func withoutLookaround(p string) string { return lookaround.ReplaceAllString(p, "") }

// ahead checks the look-aheads of a pattern, each for itself.
func (c *patterns) ahead(pattern, s string) bool {
	for _, m := range lookahead.FindAllStringSubmatch(pattern, 32) {
		if !c.match(m[1], s) {
			return false
		}
	}
	return true
}

type writing struct {
	b      strings.Builder
	serial int
	more   int // repetitions beyond the least
}

func (w *writing) write(re *syntax.Regexp, level int) {
	if w.b.Len() > maxPattern || level > maxDepth {
		return
	}
	times := func(n int) {
		for range min(n, maxPattern) {
			w.write(re.Sub[0], level+1)
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		w.b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		w.b.WriteRune(pickRune(re.Rune, mixed(w.serial, w.b.Len())))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.b.WriteByte('a')
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			w.write(sub, level+1)
		}
	case syntax.OpAlternate:
		w.write(re.Sub[0], level+1)
	case syntax.OpStar:
		times(w.more)
	case syntax.OpPlus:
		times(1 + w.more)
	case syntax.OpQuest:
		times(min(w.more, 1))
	case syntax.OpRepeat:
		n := re.Min + w.more
		if re.Max >= 0 {
			n = min(n, re.Max)
		}
		times(n)
	}
}

// mixed makes a number of a serial and a place, so that the texts of two
// serials differ in most places: where few digits would do, two texts of one
// scan would soon be the same.
func mixed(serial, place int) int {
	x := uint64(serial)*0x9e3779b97f4a7c15 + uint64(place)*0xbf58476d1ce4e5b9
	x = (x ^ x>>30) * 0x94d049bb133111eb // the last steps of splitmix64
	return int((x ^ x>>31) >> 33)
}

// pickRune chooses a character of a class, letters and digits before others.
func pickRune(ranges []rune, n int) rune {
	var good []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], '0'); r <= min(ranges[i+1], 'z'); r++ {
			if r >= 'a' || r >= 'A' && r <= 'Z' || r <= '9' {
				good = append(good, r)
			}
		}
	}
	if len(good) > 0 {
		return good[n%len(good)]
	}
	if len(ranges) == 0 {
		return 'a'
	}
	return ranges[0]
}
