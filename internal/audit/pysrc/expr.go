package pysrc

// enter counts a level of nesting; where there is no more, the rest of the
// statement is given up.
func (p *parser) enter() bool {
	if p.depth >= maxDepth {
		p.bad = true
		return false
	}
	p.depth++
	return true
}

func (p *parser) giveUp() Expr {
	start := p.tok().start
	p.bad = true
	return &Bad{Span{start, start}}
}

// expression parses one expression: a conditional, a lambda, or a named one.
func (p *parser) expression() Expr {
	if !p.enter() {
		return p.giveUp()
	}
	defer func() { p.depth-- }()
	start := p.tok().start
	switch {
	case p.is("lambda"):
		p.next()
		l := &Lambda{Params: p.params(":")}
		p.expect(":")
		l.Body = p.expression()
		l.Span = p.from(start)
		return l
	case p.is("yield"):
		p.next()
		y := &Yield{From: p.accept("from")}
		if !p.atEnd() && !p.is(")") && !p.is("]") && !p.is("=") {
			y.X = p.tuple()
		}
		y.Span = p.from(start)
		return y
	}
	x := p.or()
	if n, ok := x.(*Name); ok && p.accept(":=") {
		v := p.expression()
		return &Walrus{p.from(start), n, v}
	}
	if p.is("if") {
		p.next()
		test := p.or()
		c := &Cond{Test: test, Then: x}
		p.expect("else")
		c.Else = p.expression()
		c.Span = p.from(start)
		return c
	}
	return x
}

func (p *parser) or() Expr  { return p.logic("or", p.and) }
func (p *parser) and() Expr { return p.logic("and", p.not) }

func (p *parser) logic(word string, operand func() Expr) Expr {
	start := p.tok().start
	x := operand()
	if !p.is(word) {
		return x
	}
	l := &Logic{Or: word == "or", Xs: []Expr{x}}
	for p.accept(word) {
		l.Xs = append(l.Xs, operand())
	}
	l.Span = p.from(start)
	return l
}

func (p *parser) not() Expr {
	if p.is("not") {
		if !p.enter() {
			return p.giveUp()
		}
		defer func() { p.depth-- }()
		t := p.next()
		x := p.not()
		return &Unary{p.from(t.start), "not", x}
	}
	return p.comparison()
}

func (p *parser) comparison() Expr {
	start := p.tok().start
	x := p.binary0()
	op := p.comparator()
	if op == "" {
		return x
	}
	c := &Compare{Xs: []Expr{x}}
	for op != "" {
		c.Ops = append(c.Ops, op)
		c.Xs = append(c.Xs, p.binary0())
		op = p.comparator()
	}
	c.Span = p.from(start)
	return c
}

// comparator consumes a comparison operator, or returns "".
func (p *parser) comparator() string {
	t := p.tok()
	switch t.kind {
	case tOp:
		switch s := p.text(t); s {
		case "==", "!=", "<", ">", "<=", ">=", "<>":
			p.next()
			return s
		}
	case tName:
		switch p.text(t) {
		case "in":
			p.next()
			return "in"
		case "is":
			p.next()
			if p.accept("not") {
				return "is not"
			}
			return "is"
		case "not":
			if p.isAt(p.i+1, "in") {
				p.next()
				p.next()
				return "not in"
			}
		}
	}
	return ""
}

func precedence(op string) int {
	switch op {
	case "|":
		return 1
	case "^":
		return 2
	case "&":
		return 3
	case "<<", ">>":
		return 4
	case "+", "-":
		return 5
	case "*", "/", "//", "%", "@":
		return 6
	}
	return 0
}

func (p *parser) binary0() Expr { return p.binary(1) }

func (p *parser) binary(least int) Expr {
	start := p.tok().start
	x := p.unary()
	for p.tok().kind == tOp {
		op := p.text(p.tok())
		n := precedence(op)
		if n < least || n == 0 {
			return x
		}
		p.next()
		r := p.binary(n + 1)
		x = &Binary{p.from(start), op, x, r}
	}
	return x
}

func (p *parser) unary() Expr {
	t := p.tok()
	if t.kind == tOp && t.end-t.start == 1 {
		switch c := p.src[t.start]; c {
		case '-', '+', '~':
			if !p.enter() {
				return p.giveUp()
			}
			defer func() { p.depth-- }()
			p.next()
			x := p.unary()
			return &Unary{p.from(t.start), string(c), x}
		}
	}
	x := p.power()
	return x
}

func (p *parser) power() Expr {
	start := p.tok().start
	x := p.await()
	if p.is("**") {
		if !p.enter() {
			return p.giveUp()
		}
		defer func() { p.depth-- }()
		p.next()
		r := p.unary()
		return &Binary{p.from(start), "**", x, r}
	}
	return x
}

func (p *parser) await() Expr {
	if p.is("await") {
		t := p.next()
		x := p.postfix()
		return &Await{p.from(t.start), x}
	}
	return p.postfix()
}

func (p *parser) postfix() Expr {
	start := p.tok().start
	x := p.atom()
	for {
		switch {
		case p.is("."):
			p.next()
			n := p.ident()
			x = &Attr{p.from(start), x, n.ID}
			if p.bad {
				return x
			}
		case p.is("("):
			p.next()
			args := p.arguments()
			x = &Call{p.from(start), x, args}
		case p.is("["):
			p.next()
			key := p.subscript()
			p.expect("]")
			x = &Index{p.from(start), x, key}
		default:
			return x
		}
		if p.bad {
			return x
		}
	}
}

// subscript parses what stands in square brackets after a value.
func (p *parser) subscript() Expr {
	start := p.tok().start
	x := p.slice()
	if !p.is(",") {
		return x
	}
	seq := &Seq{Kind: Tuple, Elts: []Expr{x}}
	for !p.bad && p.accept(",") && !p.is("]") {
		seq.Elts = append(seq.Elts, p.slice())
	}
	seq.Span = p.from(start)
	return seq
}

func (p *parser) slice() Expr {
	start := p.tok().start
	var low Expr
	if !p.is(":") {
		low = p.starOr(p.expression)
		if !p.is(":") {
			return low
		}
	}
	s := &Slice{Low: low}
	p.next()
	bound := func() Expr {
		if p.is(":") || p.is("]") || p.is(",") {
			return nil
		}
		return p.expression()
	}
	s.High = bound()
	if p.accept(":") {
		s.Step = bound()
	}
	s.Span = p.from(start)
	return s
}

// arguments parses up to and with the closing bracket.
func (p *parser) arguments() []Arg {
	if !p.enter() {
		p.giveUp()
		return nil
	}
	defer func() { p.depth-- }()
	mark := len(p.args)
	for !p.is(")") {
		if p.tok().kind == tNewline || p.tok().kind == tEOF || p.bad {
			p.bad = true
			return exact(&p.args, mark)
		}
		start := p.tok().start
		before := p.i
		var a Arg
		switch {
		case p.accept("**"):
			a.Star, a.Value = 2, p.expression()
		case p.accept("*"):
			a.Star, a.Value = 1, p.expression()
		case p.tok().kind == tName && p.isAt(p.i+1, "="):
			a.Name = p.text(p.next())
			p.next()
			a.Value = p.expression()
		default:
			a.Value = p.expression()
			if p.isFor() {
				c := &Comp{Kind: Generator, Elt: a.Value}
				c.Clauses = p.clauses()
				c.Span = p.from(start)
				a.Value = c
			}
		}
		a.Span = p.from(start)
		p.args = append(p.args, a)
		if !p.accept(",") && !p.is(")") || p.i == before {
			p.bad = true
			return exact(&p.args, mark)
		}
	}
	p.next()
	return exact(&p.args, mark)
}

func (p *parser) isFor() bool {
	return p.is("for") || p.is("async") && p.isAt(p.i+1, "for")
}

func (p *parser) clauses() []Clause {
	var out []Clause
	for p.isFor() {
		p.accept("async")
		p.next()
		c := Clause{Target: p.targets()}
		p.expect("in")
		c.Iter = p.or()
		for p.accept("if") {
			c.Ifs = append(c.Ifs, p.or())
		}
		out = append(out, c)
		if p.bad {
			break
		}
	}
	return out
}

func (p *parser) atom() Expr {
	t := p.tok()
	switch t.kind {
	case tName:
		switch s := p.text(t); s {
		case "True":
			p.next()
			return &Const{Span{t.start, t.end}, True, p.number()}
		case "False":
			p.next()
			return &Const{Span{t.start, t.end}, False, p.number()}
		case "None":
			p.next()
			return &Const{Span{t.start, t.end}, None, p.number()}
		case "if", "else", "for", "in", "is", "and", "or", "not", "def", "class", "return", "import", "while", "with", "try", "except", "raise", "as":
			return p.giveUp()
		default:
			p.next()
			return &Name{Span{t.start, t.end}, s}
		}
	case tNumber:
		p.next()
		return &Num{Span{t.start, t.end}, p.text(t), p.number()}
	case tString:
		return p.strings()
	case tOp:
		switch p.text(t) {
		case "...":
			p.next()
			return &Const{Span{t.start, t.end}, Ellipsis, p.number()}
		case "(":
			return p.display(")", Tuple)
		case "[":
			return p.display("]", List)
		case "{":
			return p.display("}", Set)
		}
	}
	return p.giveUp()
}

// display parses what brackets hold: a tuple, list, set, dict, comprehension
// or one expression in parentheses.
func (p *parser) display(closer string, kind SeqKind) Expr {
	if !p.enter() {
		return p.giveUp()
	}
	defer func() { p.depth-- }()
	start := p.next().start
	if p.accept(closer) {
		if kind == Set {
			return &Dict{Span: p.from(start)}
		}
		return &Seq{Span: p.from(start), Kind: kind}
	}
	if kind == Set {
		if p.is("**") {
			return p.dict(start, nil)
		}
	}
	first := p.starOr(p.expression)
	switch {
	case kind == Set && p.is(":"):
		return p.dict(start, first)
	case p.isFor():
		c := &Comp{Kind: kind, Elt: first}
		if kind == Tuple {
			c.Kind = Generator
		}
		c.Clauses = p.clauses()
		p.expect(closer)
		c.Span = p.from(start)
		return c
	case kind == Tuple && p.is(closer):
		p.next()
		return first
	}
	s := &Seq{Kind: kind}
	mark := len(p.exprs)
	p.exprs = append(p.exprs, first)
	for !p.bad && p.accept(",") {
		if p.is(closer) {
			break
		}
		x := p.starOr(p.expression)
		p.exprs = append(p.exprs, x)
	}
	s.Elts = exact(&p.exprs, mark)
	p.expect(closer)
	s.Span = p.from(start)
	return s
}

// dict parses the rest of a dict display whose first key was read, or which
// begins with **.
func (p *parser) dict(start int32, key Expr) Expr {
	d := &Dict{}
	mark := len(p.items)
	for !p.bad {
		var item DictItem
		switch {
		case key != nil:
			item.Key, key = key, nil
		case p.is("}"):
			p.next()
			d.Items = exact(&p.items, mark)
			d.Span = p.from(start)
			return d
		case p.is("**"):
		default:
			item.Key = p.expression()
		}
		if item.Key == nil {
			p.next()
			item.Value = p.or()
		} else {
			p.expect(":")
			item.Value = p.expression()
			if p.isFor() {
				p.items = p.items[:mark]
				c := &Comp{Kind: Mapping, Key: item.Key, Elt: item.Value}
				c.Clauses = p.clauses()
				p.expect("}")
				c.Span = p.from(start)
				return c
			}
		}
		p.items = append(p.items, item)
		if !p.accept(",") && !p.is("}") {
			p.bad = true
		}
	}
	d.Items = exact(&p.items, mark)
	d.Span = p.from(start)
	return d
}
