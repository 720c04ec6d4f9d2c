package pysrc

// This file parses expressions parted by commas, and targets of assignments.

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
