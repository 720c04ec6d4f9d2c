package pysrc

// This file parses statements of one line.

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
