package pysrc

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tEOF tokenKind = iota
	tNewline
	tIndent
	tDedent
	tName
	tNumber
	tString
	tOp
)

type token struct {
	kind       tokenKind
	start, end int32
}

// A Comment is a comment line or the comment at a line's end, without "#".
type Comment struct {
	Span
	Text string
}

// maxIndents bounds how deep blocks may nest; CPython's own limit is 100.
const maxIndents = 100

// A lexer splits decoded text into tokens. It never fails: what Python would
// refuse becomes tokens that the parser skips.
type lexer struct {
	src      string
	pos      int
	tokens   []token
	comments []Comment
	indents  []int
	depth    int // of open brackets
	steps    int // left for looking for the ends of fields, see fieldSteps
}

func (l *lexer) emit(k tokenKind, start, end int) {
	l.tokens = append(l.tokens, token{k, int32(start), int32(end)})
}

func (l *lexer) run() {
	l.indents = append(l.indents[:0], 0)
	for {
		if !l.beginLine() {
			break
		}
		l.line()
	}
	if n := len(l.tokens); n > 0 && l.tokens[n-1].kind != tNewline {
		l.emit(tNewline, l.pos, l.pos)
	}
	for len(l.indents) > 1 {
		l.indents = l.indents[:len(l.indents)-1]
		l.emit(tDedent, l.pos, l.pos)
	}
	l.emit(tEOF, l.pos, l.pos)
}

// beginLine measures the indentation of the next line that says something,
// and reports whether there is one.
func (l *lexer) beginLine() bool {
	for l.pos < len(l.src) {
		col, p := 0, l.pos
	measure:
		for p < len(l.src) {
			switch l.src[p] {
			case ' ':
				col++
			case '\t':
				col = col/8*8 + 8
			case '\f':
				col = 0
			default:
				break measure
			}
			p++
		}
		l.pos = p
		if p >= len(l.src) {
			return false
		}
		switch c := l.src[p]; {
		case c == '\n' || c == '\r':
			l.pos++
			continue
		case c == '#':
			l.comment()
			continue
		}
		top := l.indents[len(l.indents)-1]
		if col > top && len(l.indents) < maxIndents {
			l.indents = append(l.indents, col)
			l.emit(tIndent, p, p)
		}
		for col < l.indents[len(l.indents)-1] {
			l.indents = l.indents[:len(l.indents)-1]
			l.emit(tDedent, p, p)
		}
		return true
	}
	return false
}

func (l *lexer) comment() {
	start := l.pos
	end := len(l.src)
	if i := strings.IndexByte(l.src[start:], '\n'); i >= 0 {
		end = start + i
	}
	l.pos = end
	if text := l.src[start:end]; strings.Contains(text, "countersign:") || strings.Contains(text, "want:") {
		l.comments = append(l.comments, Comment{Span{int32(start), int32(end)}, strings.TrimSpace(text[1:])})
	}
}

// line reads the tokens of one logical line.
func (l *lexer) line() {
	l.depth = 0
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == ' ' || c == '\t' || c == '\f' || c == '\r':
			l.pos++
		case c == '\n':
			if l.depth == 0 {
				l.emit(tNewline, l.pos, l.pos+1)
				l.pos++
				return
			}
			l.pos++
			if startsStatement(l.src[l.pos:]) {
				// A bracket was never closed: the statement that follows
				// is worth more than the one that is broken.
				l.emit(tNewline, l.pos, l.pos)
				return
			}
		case c == '#':
			l.comment()
		case c == '\\' && l.pos+1 < len(l.src) && (l.src[l.pos+1] == '\n' || l.src[l.pos+1] == '\r'):
			l.pos += 2
			if l.pos < len(l.src) && l.src[l.pos-1] == '\r' && l.src[l.pos] == '\n' {
				l.pos++
			}
		case isIdentStart(c):
			l.nameOrString()
		case c >= '0' && c <= '9' || c == '.' && l.pos+1 < len(l.src) && isDigit(l.src[l.pos+1]):
			l.number()
		case c == '"' || c == '\'':
			l.str(l.pos, false)
		default:
			l.operator(c)
		}
	}
}

var statementWords = []string{"def", "class", "import", "return", "raise", "while", "with", "try", "async def"}

// startsStatement reports whether a line begins with a word that cannot stand
// inside brackets.
func startsStatement(rest string) bool {
	for rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
		rest = rest[1:]
	}
	for _, w := range statementWords {
		if strings.HasPrefix(rest, w) && len(rest) > len(w) && (rest[len(w)] == ' ' || rest[len(w)] == ':') {
			return true
		}
	}
	line, _, _ := strings.Cut(rest, "\n")
	return strings.HasPrefix(line, "from ") && strings.Contains(line, " import ") || decorates(rest)
}

// decorates reports whether a text begins with decorators, which "@" between
// two matrices does not.
func decorates(text string) bool {
	line, rest, _ := strings.Cut(text, "\n")
	if len(line) < 2 || line[0] != '@' || !isIdentStart(line[1]) || strings.Count(line, ")") > strings.Count(line, "(") {
		return false
	}
	next := strings.TrimLeft(rest[:min(len(rest), 200)], " \t\r\n")
	for _, w := range []string{"def ", "async def ", "class ", "@"} {
		if strings.HasPrefix(next, w) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool      { return c >= '0' && c <= '9' }
func isIdentStart(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 }
func isIdent(c byte) bool      { return isIdentStart(c) || isDigit(c) }

func (l *lexer) nameOrString() {
	start := l.pos
	p := start
	for p < len(l.src) && isIdent(l.src[p]) {
		p++
	}
	if p < len(l.src) && (l.src[p] == '"' || l.src[p] == '\'') && p-start <= 2 {
		format := false
		for _, c := range l.src[start:p] {
			switch c | 0x20 {
			case 'f', 't':
				format = true
			case 'r', 'b', 'u':
			default:
				l.pos = p
				l.emit(tName, start, p)
				return
			}
		}
		l.pos = p
		l.str(start, format)
		return
	}
	l.pos = p
	l.emit(tName, start, p)
}

func (l *lexer) number() {
	start := l.pos
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		if isIdent(c) || c == '.' {
			l.pos++
			continue
		}
		if prev := l.src[l.pos-1]; (c == '+' || c == '-') && (prev == 'e' || prev == 'E') && !strings.HasPrefix(l.src[start:], "0x") {
			l.pos++
			continue
		}
		break
	}
	l.emit(tNumber, start, l.pos)
}

// str reads a string whose quotes stand at pos; its prefix began at start.
func (l *lexer) str(start int, format bool) {
	end := skipString(l.src, l.pos, format, 0, &l.steps)
	l.pos = end
	l.emit(tString, start, end)
}

// maxStringDepth bounds strings inside the fields of f-strings.
const maxStringDepth = 6

// fieldSteps is how many characters a file of n bytes may cost in looking for
// the ends of replacement fields. Fields that close are walked once at each
// depth; those that never do are walked again from every depth and by every
// literal that follows, which without a bound for the whole file is
// quadratic in its size. Past the bound, braces are text.
func fieldSteps(n int) int { return 8<<10 + 4*maxStringDepth*n }

// skipString returns the end of the string whose opening quote is at p. A
// one-line string that is not closed ends with its line.
func skipString(src string, p int, format bool, depth int, steps *int) int {
	q := src[p]
	triple := p+2 < len(src) && src[p+1] == q && src[p+2] == q
	if triple {
		p += 3
	} else {
		p++
	}
	for p < len(src) {
		if depth > 0 {
			*steps--
		}
		c := src[p]
		switch {
		case c == '\\':
			p += 2
		case c == q && !triple:
			return p + 1
		case c == q && p+2 < len(src) && src[p+1] == q && src[p+2] == q:
			return p + 3
		case c == '\n' && !triple:
			return p
		case format && c == '{' && depth < maxStringDepth:
			if p+1 < len(src) && src[p+1] == '{' {
				p += 2
				continue
			}
			if end, ok := skipField(src, p+1, q, triple, depth+1, steps); ok {
				p = end
			} else {
				format = false // the brace was none, and the rest is text
			}
		default:
			p++
		}
	}
	return len(src)
}

// skipField returns the end of an f-string's replacement field whose text
// begins at p. A field may go over several lines, whatever the quotes (PEP
// 701). It gives up (false) where it does not close before something that
// cannot be part of it, since then the brace was no field.
func skipField(src string, p int, quote byte, triple bool, depth int, steps *int) (int, bool) {
	open := 1
	for p < len(src) {
		if *steps--; *steps < 0 {
			return 0, false
		}
		switch c := src[p]; {
		case c == '{' || c == '[' || c == '(':
			open++
			p++
		case c == '}' || c == ']' || c == ')':
			open--
			p++
			if open == 0 {
				return p, true
			}
		case c == '\n':
			if p++; startsStatement(src[p:]) {
				return 0, false
			}
		case c == '#':
			// A comment, if anything follows it: "#" is a format as well.
			if line, _, more := strings.Cut(src[p:], "\n"); more && !strings.Contains(line, "}") {
				p += len(line)
			} else {
				p++
			}
		case c == '"' || c == '\'':
			if depth >= maxStringDepth {
				return 0, false
			}
			if triple && c == quote && p+2 < len(src) && src[p+1] == c && src[p+2] == c {
				return 0, false
			}
			p = skipString(src, p, p > 0 && (src[p-1]|0x20 == 'f' || src[p-1]|0x20 == 't'), depth, steps)
		default:
			p++
		}
	}
	return 0, false
}

var operators3 = []string{"**=", "//=", ">>=", "<<=", "..."}
var operators2 = []string{"**", "//", ">>", "<<", "==", "!=", "<=", ">=", "->", ":=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=", "<>"}

func (l *lexer) operator(c byte) {
	switch c {
	case '(', '[', '{':
		l.depth++
	case ')', ']', '}':
		if l.depth > 0 {
			l.depth--
		}
	}
	n := operatorLen(l.src[l.pos:])
	l.emit(tOp, l.pos, l.pos+n)
	l.pos += n
}

// operatorLen returns the length of the operator that rest begins with, or of
// its first character.
func operatorLen(rest string) int {
	if len(rest) >= 2 && strings.IndexByte("*/<>=.", rest[1]) >= 0 {
		for _, op := range operators3 {
			if strings.HasPrefix(rest, op) {
				return 3
			}
		}
		for _, op := range operators2 {
			if rest[:2] == op {
				return 2
			}
		}
	}
	_, n := utf8.DecodeRuneInString(rest)
	return n
}
