package pysrc

// maxDepth bounds how deep expressions and blocks nest; what lies deeper is
// Bad. CPython refuses nesting beyond 200 brackets.
const maxDepth = 200

// A parser turns the tokens of a text into statements.
type parser struct {
	src      string
	toks     []token
	i        int
	depth    int
	errors   int
	failed   int32  // where the first of them begins
	begun    int32  // where the current statement does
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

// fail counts a statement that could not be parsed.
func (p *parser) fail() {
	if p.errors == 0 {
		p.failed = p.begun
	}
	p.errors++
}

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
	p.begun = start
	p.bad = false
	if p.depth >= maxDepth {
		p.fail()
		p.skipLine()
		return append(out, &BadStmt{p.from(start)})
	}
	if s := p.compound(); s != nil {
		return append(out, s)
	}
	for {
		s := p.simple()
		if p.bad {
			p.fail()
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
		p.fail()
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
		p.fail()
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
