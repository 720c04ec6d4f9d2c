package pysrc

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// strings parses adjacent string literals into one.
func (p *parser) strings() Expr {
	start := p.tok().start
	out := &Str{Number: p.number()}
	for i := p.i; p.toks[i].kind == tString; i++ {
		out.Format = out.Format || p.formats(p.toks[i])
	}
	for p.tok().kind == tString {
		p.literal(out, p.next())
	}
	out.Span = p.from(start)
	return out
}

// number returns the next literal's number.
func (p *parser) number() int32 {
	if p.literals == nil {
		return 0
	}
	*p.literals++
	return *p.literals
}

// formats reports whether a string is an f-string or a template string.
func (p *parser) formats(t token) bool {
	for q := t.start; q < t.end; q++ {
		switch p.src[q] {
		case '"', '\'':
			return false
		case 'f', 'F', 't', 'T':
			return true
		}
	}
	return false
}

// literal adds one token's text to s.
func (p *parser) literal(s *Str, t token) {
	q := t.start
	raw, format := false, false
	for q < t.end && p.src[q] != '"' && p.src[q] != '\'' {
		switch p.src[q] | 0x20 {
		case 'r':
			raw = true
		case 'b':
			s.Bytes = true
		case 'f', 't':
			format = true
		}
		q++
	}
	quote := p.src[q]
	width := int32(1)
	if q+2 < t.end && p.src[q+1] == quote && p.src[q+2] == quote {
		width = 3
	}
	from, to := q+width, t.end
	if to-width >= from && p.src[to-1] == quote {
		to -= width
	}
	if !format {
		v := unescape(p.src[from:to], raw)
		s.Value += v
		if s.Format {
			s.Parts = append(s.Parts, &Str{Span: Span{t.start, t.end}, Value: v})
		}
		return
	}
	p.fields(s, from, to, raw)
}

// braces undoes what f-strings double.
var braces = strings.NewReplacer("{{", "{", "}}", "}")

// fields splits an f-string's text into literal text and expressions.
func (p *parser) fields(s *Str, from, to int32, raw bool) {
	begin := from
	flush := func(end int32) {
		if end > begin {
			v := unescape(braces.Replace(p.src[begin:end]), raw)
			s.Value += v
			s.Parts = append(s.Parts, &Str{Span: Span{begin, end}, Value: v})
		}
	}
	for i := from; i < to; i++ {
		switch {
		case p.src[i] == '\\' && !raw:
			i++
		case p.src[i] == '{' && i+1 < to && p.src[i+1] == '{':
			i++
		case p.src[i] == '{':
			end, ok := skipField(p.src[:to], int(i+1), 0, true, 1, p.steps)
			if !ok {
				continue
			}
			flush(i)
			s.Parts = append(s.Parts, p.field(i+1, int32(end)-1))
			begin = int32(end)
			i = begin - 1
		}
	}
	flush(to)
}

// field parses one replacement field, without its format and conversion.
func (p *parser) field(from, to int32) Expr {
	bad := &Bad{Span{from, to}}
	if p.depth >= maxDepth || p.nested >= maxStringDepth {
		return bad
	}
	l := lexer{src: p.src[:to], pos: int(from), indents: []int{0}, steps: *p.steps}
	l.depth = 1
	for l.pos < len(l.src) {
		before := l.pos
		switch c := l.src[l.pos]; {
		case c == '\n' || c == ' ' || c == '\t' || c == '\r':
			l.pos++
		default:
			l.line()
		}
		if l.pos == before {
			break
		}
	}
	l.emit(tEOF, int(to), int(to))
	*p.steps = l.steps
	sub := parser{src: p.src, toks: l.tokens, depth: p.depth + 1, nested: p.nested + 1, steps: p.steps, literals: p.literals}
	x := sub.tuple()
	if sub.bad {
		return bad
	}
	return x
}

// unescape undoes the escapes of a literal that is not raw.
func unescape(s string, raw bool) string {
	if raw || !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case '\n':
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case '\\', '\'', '"':
			b.WriteByte(c)
		case 'x', 'u', 'U':
			n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			if i+n < len(s) {
				if v, err := strconv.ParseUint(s[i+1:i+1+n], 16, 32); err == nil && utf8.ValidRune(rune(v)) {
					b.WriteRune(rune(v))
					i += n
					continue
				}
			}
			b.WriteByte('\\')
			b.WriteByte(c)
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n := 1
			for n < 3 && i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '7' {
				n++
			}
			v, _ := strconv.ParseUint(s[i:i+n], 8, 16)
			b.WriteRune(rune(v))
			i += n - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}
