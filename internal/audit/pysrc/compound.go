package pysrc

// This file parses statements that have blocks.

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
			p.fail()
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
	p.fail()
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
			p.fail()
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
