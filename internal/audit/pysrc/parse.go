package pysrc

import "strings"

// maxDepth bounds how deep expressions and blocks nest; what lies deeper is
// Bad. CPython refuses nesting beyond 200 brackets.
const maxDepth = 200

// A File is one parsed file.
type File struct {
	Path     string // as the tree names it, with forward slashes
	Body     []Stmt
	Comments []Comment // those that speak to this tool
	Errors   int       // statements that could not be parsed
	Literals int32     // how many numbers literals have, which begin at 1
	Plain    bool      // a text that is no Python, such as settings
	src      string
	lines    []int32 // where each line begins; made on first use by index
}

// Parse parses decoded text. It never fails: what is no Python becomes Bad
// nodes. Names and plain strings of the syntax are parts of one copy of the
// text, and take no memory of their own.
func Parse(path string, text []byte) *File {
	src := string(text)
	l := lexer{src: src, tokens: make([]token, 0, len(src)/4+8), steps: fieldSteps(len(src))}
	l.run()
	steps := fieldSteps(len(src))
	f := &File{Path: path, Comments: l.comments, src: src}
	p := parser{src: src, toks: l.tokens, steps: &steps, literals: &f.Literals}
	for p.tok().kind != tEOF {
		p.stmts = p.statement(p.stmts)
	}
	f.Body = exact(&p.stmts, 0)
	f.Errors = p.errors
	f.index()
	return f
}

// ParseExpr parses a text that is one expression, whose literals have no
// numbers; it returns nil where it is none.
func ParseExpr(text string) Expr {
	l := lexer{src: text, steps: fieldSteps(len(text))}
	l.run()
	steps := fieldSteps(len(text))
	p := parser{src: text, toks: l.tokens, steps: &steps}
	var body []Stmt
	for p.tok().kind != tEOF {
		body = p.statement(body)
	}
	if len(body) != 1 {
		return nil
	}
	e, ok := body[0].(*ExprStmt)
	if !ok {
		return nil
	}
	return e.X
}

// Forget takes away the syntax of the file. Of a function or class that someone
// holds on to, the name and the places stay, and those of parameters.
func (f *File) Forget() {
	Statements(f.Body, forget)
	f.Body = nil
}

func forget(s Stmt) bool {
	switch s := s.(type) {
	case *FuncDef:
		Statements(s.Body, forget)
		s.Body, s.Decorators, s.Returns = nil, nil, nil
		for i := range s.Params {
			s.Params[i].Ann, s.Params[i].Default = nil, nil
		}
	case *ClassDef:
		Statements(s.Body, forget)
		s.Body, s.Decorators, s.Bases = nil, nil, nil
	}
	return true
}

type parser struct {
	src      string
	toks     []token
	i        int
	depth    int
	errors   int
	nested   int    // how many f-strings this one stands in
	steps    *int   // left for looking for the ends of fields, see fieldSteps
	literals *int32 // numbers given to literals; nil where they get none
	bad      bool   // the current statement holds something that is no Python

	// What is open of lists whose length is not yet known.
	stmts      []Stmt
	exprs      []Expr
	args       []Arg
	items      []DictItem
	parameters []Param
}

// exact takes what stands on a stack from a mark on into a list of its own,
// without room for more: what lists have to spare was a tenth of all syntax.
func exact[T any](stack *[]T, mark int) []T {
	top := (*stack)[mark:]
	*stack = (*stack)[:mark]
	if len(top) == 0 {
		return nil
	}
	out := make([]T, len(top))
	copy(out, top)
	clear(top)
	return out
}

func (p *parser) tok() token { return p.toks[p.i] }

func (p *parser) next() token {
	t := p.toks[p.i]
	if p.i < len(p.toks)-1 {
		p.i++
	}
	return t
}

func (p *parser) text(t token) string { return p.src[t.start:t.end] }

// is reports whether the current token is that operator or word.
func (p *parser) is(s string) bool { return p.isAt(p.i, s) }

func (p *parser) isAt(i int, s string) bool {
	if i >= len(p.toks) {
		return false
	}
	t := p.toks[i]
	if t.kind != tOp && t.kind != tName || int(t.end-t.start) != len(s) {
		return false
	}
	return p.src[t.start:t.end] == s
}

func (p *parser) accept(s string) bool {
	if p.is(s) {
		p.next()
		return true
	}
	return false
}

func (p *parser) expect(s string) {
	if !p.accept(s) {
		p.bad = true
	}
}

// prevEnd is where the last consumed token ended.
func (p *parser) prevEnd() int32 {
	if p.i == 0 {
		return 0
	}
	return p.toks[p.i-1].end
}

func (p *parser) from(start int32) Span { return Span{start, max(start, p.prevEnd())} }

// skipLine moves behind the next line end, over whatever block belongs to it.
func (p *parser) skipLine() {
	for {
		switch p.tok().kind {
		case tEOF:
			return
		case tNewline:
			p.next()
			return
		}
		p.next()
	}
}

// statement parses one line or one compound statement and appends it.
func (p *parser) statement(out []Stmt) []Stmt {
	switch p.tok().kind {
	case tIndent, tDedent, tNewline:
		// An indentation that no one asked for: its lines are read as if it
		// were not there.
		p.next()
		return out
	}
	start := p.tok().start
	p.bad = false
	if p.depth >= maxDepth {
		p.errors++
		p.skipLine()
		return append(out, &BadStmt{p.from(start)})
	}
	if s := p.compound(); s != nil {
		return append(out, s)
	}
	for {
		s := p.simple()
		if p.bad {
			p.errors++
			p.bad = false
			p.skipLine()
			if s != nil {
				out = append(out, s)
			}
			return append(out, &BadStmt{p.from(start)})
		}
		out = append(out, s)
		if !p.accept(";") {
			break
		}
		if p.tok().kind == tNewline {
			break
		}
	}
	if p.tok().kind != tNewline && p.tok().kind != tEOF {
		p.errors++
		p.skipLine()
		return append(out, &BadStmt{p.from(start)})
	}
	p.next()
	return out
}

// block parses ": suite".
func (p *parser) block() []Stmt {
	if !p.accept(":") {
		// The header is broken; its block is still worth reading.
		p.errors++
		for p.tok().kind != tNewline && p.tok().kind != tEOF {
			p.next()
		}
	}
	p.bad = false
	p.depth++
	defer func() { p.depth-- }()
	if p.tok().kind != tNewline {
		return p.statement(nil)
	}
	p.next()
	if p.tok().kind != tIndent {
		return nil
	}
	p.next()
	mark := len(p.stmts)
	for p.tok().kind != tDedent && p.tok().kind != tEOF {
		p.stmts = p.statement(p.stmts)
	}
	if p.tok().kind == tDedent {
		p.next()
	}
	return exact(&p.stmts, mark)
}

// compound parses a statement that has a block, or returns nil.
func (p *parser) compound() Stmt {
	start := p.tok().start
	if p.is("@") {
		return p.decorated()
	}
	if p.tok().kind != tName {
		return nil
	}
	switch p.text(p.tok()) {
	case "def", "class":
		return p.definition(nil, start, false)
	case "async":
		switch {
		case p.isAt(p.i+1, "def"):
			p.next()
			return p.definition(nil, start, true)
		case p.isAt(p.i+1, "for"), p.isAt(p.i+1, "with"):
			p.next()
			return p.compound()
		}
	case "if":
		return p.ifStmt()
	case "for":
		p.next()
		s := &For{Target: p.targets()}
		p.expect("in")
		s.Iter = p.tuple()
		s.Body = p.block()
		if p.accept("else") {
			s.Else = p.block()
		}
		s.Span = p.from(start)
		return s
	case "while":
		p.next()
		s := &While{Test: p.expression()}
		s.Body = p.block()
		if p.accept("else") {
			s.Else = p.block()
		}
		s.Span = p.from(start)
		return s
	case "try":
		return p.try()
	case "with":
		return p.with()
	case "match":
		if p.looksLikeMatch() {
			return p.match()
		}
	}
	return nil
}

func (p *parser) decorated() Stmt {
	start := p.tok().start
	var decorators []Expr
	for p.accept("@") {
		decorators = append(decorators, p.expression())
		if p.tok().kind != tNewline {
			p.errors++
			p.skipLine()
		} else {
			p.next()
		}
		p.bad = false
		for p.tok().kind == tIndent || p.tok().kind == tDedent {
			p.next()
		}
	}
	async := p.is("async") && p.isAt(p.i+1, "def")
	if async {
		p.next()
	}
	if p.is("def") || p.is("class") {
		return p.definition(decorators, start, async)
	}
	p.errors++
	return &BadStmt{p.from(start)}
}

func (p *parser) definition(decorators []Expr, start int32, async bool) Stmt {
	word := p.next()
	name := p.ident()
	nameSpan := p.from(name.Start)
	p.typeParams()
	if p.text(word) == "class" {
		c := &ClassDef{Name: name.ID, Decorators: decorators}
		if p.accept("(") {
			c.Bases = p.arguments()
		}
		c.Body = p.block()
		c.Span = p.from(start)
		return c
	}
	f := &FuncDef{Name: name.ID, NameSpan: nameSpan, Decorators: decorators, Async: async}
	p.expect("(")
	f.Params = p.params(")")
	p.expect(")")
	if p.accept("->") {
		f.Returns = p.expression()
	}
	f.Body = p.block()
	f.Span = p.from(start)
	return f
}

// typeParams skips PEP 695's [T: bound].
func (p *parser) typeParams() {
	if !p.is("[") {
		return
	}
	open := 0
	for p.tok().kind != tNewline && p.tok().kind != tEOF {
		if p.is("[") {
			open++
		} else if p.is("]") {
			open--
			if open == 0 {
				p.next()
				return
			}
		}
		p.next()
	}
}

func (p *parser) ident() *Name {
	t := p.tok()
	if t.kind != tName {
		p.bad = true
		return &Name{Span{t.start, t.start}, ""}
	}
	p.next()
	return &Name{Span{t.start, t.end}, p.text(t)}
}

func (p *parser) params(end string) []Param {
	mark := len(p.parameters)
	kwOnly := false
	for !p.is(end) && p.tok().kind != tNewline && p.tok().kind != tEOF {
		start := p.tok().start
		if p.accept("/") {
			p.accept(",")
			continue
		}
		q := Param{KwOnly: kwOnly}
		switch {
		case p.accept("**"):
			q.Star = 2
		case p.accept("*"):
			kwOnly = true
			if p.accept(",") {
				continue
			}
			if p.is(end) {
				continue
			}
			q.Star = 1
		}
		before := p.i
		q.Name = p.ident().ID
		if end == ")" && p.accept(":") {
			q.Ann = p.expression()
		}
		if p.accept("=") {
			q.Default = p.expression()
		}
		q.Span = p.from(start)
		p.parameters = append(p.parameters, q)
		if !p.accept(",") {
			if !p.is(end) {
				p.bad = true
				return exact(&p.parameters, mark)
			}
		}
		if p.i == before {
			p.bad = true
			return exact(&p.parameters, mark)
		}
	}
	return exact(&p.parameters, mark)
}

func (p *parser) ifStmt() Stmt {
	start := p.next().start
	s := &If{Test: p.expression()}
	s.Body = p.block()
	switch {
	case p.is("elif"):
		if p.depth >= maxDepth {
			p.errors++
			p.skipLine()
			break
		}
		p.depth++
		s.Else = []Stmt{p.ifStmt()}
		p.depth--
	case p.accept("else"):
		s.Else = p.block()
	}
	s.Span = p.from(start)
	return s
}

func (p *parser) try() Stmt {
	start := p.next().start
	s := &Try{Body: p.block()}
	for p.is("except") {
		p.next()
		p.accept("*")
		var h Handler
		if !p.is(":") {
			// Python 3.14 lets the parentheses of several types go.
			h.Type = p.tuple()
			if p.accept("as") {
				h.Name = p.ident().ID
			}
		}
		h.Body = p.block()
		s.Handlers = append(s.Handlers, h)
	}
	if p.accept("else") {
		s.Else = p.block()
	}
	if p.accept("finally") {
		s.Finally = p.block()
	}
	s.Span = p.from(start)
	return s
}

func (p *parser) with() Stmt {
	start := p.next().start
	s := &With{}
	// "with (a as b, c as d):" reads like a tuple until the first "as".
	paren := p.is("(") && p.parenthesizedWith()
	if paren {
		p.next()
	}
	for {
		before := p.i
		var item WithItem
		item.Context = p.expression()
		if p.accept("as") {
			item.Target = p.target()
		}
		s.Items = append(s.Items, item)
		if !p.accept(",") || p.i == before || paren && p.is(")") {
			break
		}
	}
	if paren {
		p.expect(")")
	}
	s.Body = p.block()
	s.Span = p.from(start)
	return s
}

// parenthesizedWith reports whether the bracket at hand closes right before
// the colon and holds an "as" of its own.
func (p *parser) parenthesizedWith() bool {
	open, as := 0, false
	for i := p.i; i < len(p.toks); i++ {
		t := p.toks[i]
		if t.kind == tNewline || t.kind == tEOF {
			return false
		}
		if t.kind == tName && open == 1 && p.isAt(i, "as") {
			as = true
		}
		if t.kind != tOp {
			continue
		}
		switch p.src[t.start] {
		case '(', '[', '{':
			open++
		case ')', ']', '}':
			open--
			if open == 0 {
				return as && p.isAt(i+1, ":")
			}
		}
	}
	return false
}

// looksLikeMatch tells the statement from a variable named match: its line
// ends in a colon and the block begins with case.
func (p *parser) looksLikeMatch() bool {
	for i := p.i + 1; i < len(p.toks); i++ {
		t := p.toks[i]
		if t.kind == tNewline {
			return i > p.i+2 && p.isAt(i-1, ":") && i+2 < len(p.toks) && p.toks[i+1].kind == tIndent && p.isAt(i+2, "case")
		}
		if t.kind == tEOF {
			return false
		}
	}
	return false
}

func (p *parser) match() Stmt {
	start := p.next().start
	s := &Match{Subject: p.tuple()}
	if !p.accept(":") {
		p.bad = true
	}
	p.next() // newline
	p.next() // indent
	for p.accept("case") {
		c := Case{Pattern: p.pattern()}
		if p.accept("if") {
			c.Guard = p.expression()
		}
		c.Body = p.block()
		s.Cases = append(s.Cases, c)
	}
	for p.tok().kind != tDedent && p.tok().kind != tEOF {
		p.skipLine()
		if p.tok().kind == tIndent {
			p.next()
		}
	}
	if p.tok().kind == tDedent {
		p.next()
	}
	s.Span = p.from(start)
	return s
}

// pattern reads a case's pattern with the grammar of expressions, which it
// nearly is; "as" is skipped.
func (p *parser) pattern() Expr {
	x := p.tupleOf(func() Expr {
		e := p.starOr(p.binary0)
		if p.accept("as") {
			p.ident()
		}
		return e
	})
	p.bad = false
	for !p.is("if") && !p.is(":") && p.tok().kind != tNewline && p.tok().kind != tEOF {
		p.next()
	}
	return x
}

// simple parses one simple statement.
func (p *parser) simple() Stmt {
	start := p.tok().start
	if p.tok().kind == tName {
		switch word := p.text(p.tok()); word {
		case "return":
			p.next()
			s := &Return{}
			if !p.atEnd() {
				s.X = p.tuple()
			}
			s.Span = p.from(start)
			return s
		case "raise":
			p.next()
			s := &Raise{}
			if !p.atEnd() {
				s.X = p.expression()
				if p.accept("from") {
					s.Cause = p.expression()
				}
			}
			s.Span = p.from(start)
			return s
		case "pass", "break", "continue":
			p.next()
			return &Simple{p.from(start), word}
		case "import":
			p.next()
			s := &Import{}
			for {
				s.Names = append(s.Names, p.alias(true))
				if !p.accept(",") {
					break
				}
			}
			s.Span = p.from(start)
			return s
		case "from":
			return p.fromImport()
		case "assert":
			p.next()
			s := &Assert{Test: p.expression()}
			if p.accept(",") {
				s.Message = p.expression()
			}
			s.Span = p.from(start)
			return s
		case "del":
			p.next()
			s := &Delete{}
			x := p.tuple()
			if seq, ok := x.(*Seq); ok {
				s.Targets = seq.Elts
			} else {
				s.Targets = []Expr{x}
			}
			s.Span = p.from(start)
			return s
		case "global", "nonlocal":
			p.next()
			s := &Global{}
			for {
				s.Names = append(s.Names, p.ident().ID)
				if !p.accept(",") {
					break
				}
			}
			s.Span = p.from(start)
			return s
		case "type":
			if p.toks[min(p.i+1, len(p.toks)-1)].kind == tName {
				p.next()
				name := p.ident()
				p.typeParams()
				p.expect("=")
				v := p.expression()
				return &Assign{Span: p.from(start), Targets: []Expr{name}, Value: v}
			}
		}
	}
	return p.assignment()
}

func (p *parser) atEnd() bool {
	k := p.tok().kind
	return k == tNewline || k == tEOF || p.is(";")
}

func (p *parser) alias(dotted bool) Alias {
	start := p.tok().start
	name := p.ident().ID
	if dotted {
		for p.accept(".") {
			name += "." + p.ident().ID
		}
	}
	a := Alias{Name: name}
	if p.accept("as") {
		a.As = p.ident().ID
	}
	a.Span = p.from(start)
	return a
}

func (p *parser) fromImport() Stmt {
	start := p.next().start
	s := &FromImport{}
	for {
		if p.accept(".") {
			s.Level++
		} else if p.accept("...") {
			s.Level += 3
		} else {
			break
		}
	}
	if !p.is("import") {
		s.Module = p.ident().ID
		for p.accept(".") {
			s.Module += "." + p.ident().ID
		}
	}
	p.expect("import")
	if p.accept("*") {
		s.Names = []Alias{{Span: p.from(start), Name: "*"}}
		s.Span = p.from(start)
		return s
	}
	paren := p.accept("(")
	for !p.bad && !p.atEnd() && !p.is(")") {
		s.Names = append(s.Names, p.alias(false))
		if !p.accept(",") {
			break
		}
	}
	if paren {
		p.expect(")")
	}
	s.Span = p.from(start)
	return s
}

var augmented = map[string]string{
	"+=": "+", "-=": "-", "*=": "*", "/=": "/", "//=": "//", "%=": "%", "@=": "@",
	"&=": "&", "|=": "|", "^=": "^", ">>=": ">>", "<<=": "<<", "**=": "**",
}

func (p *parser) assignment() Stmt {
	start := p.tok().start
	x := p.tuple()
	switch {
	case p.is("="):
		s := &Assign{Targets: []Expr{x}}
		for p.accept("=") {
			v := p.tuple()
			if p.is("=") {
				s.Targets = append(s.Targets, v)
			} else {
				s.Value = v
			}
		}
		s.Span = p.from(start)
		return s
	case p.accept(":"):
		s := &Assign{Targets: []Expr{x}, Ann: p.expression()}
		if p.accept("=") {
			s.Value = p.tuple()
		}
		s.Span = p.from(start)
		return s
	case p.tok().kind == tOp:
		if op, ok := augmented[p.text(p.tok())]; ok {
			p.next()
			v := p.tuple()
			return &Assign{Span: p.from(start), Targets: []Expr{x}, Op: op, Value: v}
		}
	}
	return &ExprStmt{p.from(start), x}
}

// target parses one assignment target.
func (p *parser) target() Expr { return p.starOr(p.binary0) }

// targets parses what stands between for and in.
func (p *parser) targets() Expr { return p.tupleOf(p.target) }

// tuple parses expressions parted by commas; one alone is itself.
func (p *parser) tuple() Expr {
	return p.tupleOf(func() Expr { return p.starOr(p.expression) })
}

func (p *parser) tupleOf(elem func() Expr) Expr {
	start := p.tok().start
	x := elem()
	if !p.is(",") {
		return x
	}
	seq := &Seq{Kind: Tuple, Elts: []Expr{x}}
	for p.accept(",") {
		if p.endsTuple() {
			break
		}
		before := p.i
		seq.Elts = append(seq.Elts, elem())
		if p.i == before {
			p.bad = true
			break
		}
	}
	seq.Span = p.from(start)
	return seq
}

func (p *parser) endsTuple() bool {
	if p.atEnd() {
		return true
	}
	for _, s := range []string{")", "]", "}", "=", ":", "in"} {
		if p.is(s) {
			return true
		}
	}
	return false
}

func (p *parser) starOr(elem func() Expr) Expr {
	if p.is("*") || p.is("**") {
		t := p.next()
		x := elem()
		return &Star{p.from(t.start), x, t.end-t.start == 2}
	}
	return elem()
}

// Text returns the source between two places.
func (f *File) Text(s Span) string {
	if s.Start < 0 || int(s.End) > len(f.src) || s.Start > s.End {
		return ""
	}
	return f.src[s.Start:s.End]
}

// Source returns the decoded text.
func (f *File) Source() string { return f.src }

func (f *File) index() {
	f.lines = append(make([]int32, 0, strings.Count(f.src, "\n")+1), 0)
	for from := 0; ; {
		i := strings.IndexByte(f.src[from:], '\n')
		if i < 0 {
			return
		}
		from += i + 1
		f.lines = append(f.lines, int32(from))
	}
}

// NewPlain returns a file that is no Python, and has no syntax.
func NewPlain(path, text string) *File {
	f := &File{Path: path, Plain: true, src: text}
	f.index()
	return f
}

// LineSpan returns where a line stands; lines count from 1.
func (f *File) LineSpan(line int) Span {
	i := min(max(line, 1), len(f.lines)) - 1
	end := len(f.src)
	if i+1 < len(f.lines) {
		end = int(f.lines[i+1]) - 1
	}
	return Span{f.lines[i], int32(end)}
}

// LineText returns a line without its end; lines count from 1.
func (f *File) LineText(line int) string {
	if line < 1 || line > len(f.lines) {
		return ""
	}
	rest := f.src[f.lines[line-1]:]
	if i := strings.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	return strings.TrimRight(rest, "\r")
}
