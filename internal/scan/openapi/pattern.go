package openapi

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// maxPattern bounds the patterns that are compiled and the text made of them.
const maxPattern = 2_000

func matchesPattern(pattern, s string) bool {
	if len(pattern) > maxPattern {
		return false
	}
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(s)
}

// fromPattern makes a text that the pattern matches, as far as Go's syntax
// understands it; look-around is taken out first, since most of it says only
// what must also be there.
func fromPattern(pattern string, serial int) (string, bool) {
	if len(pattern) > maxPattern {
		return "", false
	}
	for _, p := range []string{pattern, withoutLookaround(pattern)} {
		re, err := syntax.Parse(p, syntax.Perl)
		if err != nil {
			continue
		}
		var b strings.Builder
		write(&b, re.Simplify(), serial, 0)
		if s := b.String(); len(s) <= maxPattern && matchesPattern(p, s) {
			return s, true
		}
	}
	return "", false
}

var lookaround = regexp.MustCompile(`\(\?(?:[=!]|<[=!])[^()]*(?:\([^()]*\)[^()]*)*\)`)

func withoutLookaround(p string) string { return lookaround.ReplaceAllString(p, "") }

func write(b *strings.Builder, re *syntax.Regexp, serial, level int) {
	if b.Len() > maxPattern || level > maxDepth {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(pick(re.Rune, serial+b.Len()))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('a')
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			write(b, sub, serial, level+1)
		}
	case syntax.OpAlternate:
		write(b, re.Sub[0], serial, level+1)
	case syntax.OpPlus:
		for range 3 {
			write(b, re.Sub[0], serial, level+1)
		}
	case syntax.OpRepeat:
		for range max(re.Min, min(1, re.Max)) {
			write(b, re.Sub[0], serial, level+1)
		}
	}
}

// pick chooses a character of a class, letters and digits before others.
func pick(ranges []rune, n int) rune {
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
