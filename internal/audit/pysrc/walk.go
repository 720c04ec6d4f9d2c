package pysrc

// Inspect calls visit for n and what is below it, in the order of the source,
// and goes no deeper where visit returns false.
func Inspect(n Node, visit func(Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	x := func(e Expr) {
		if e != nil {
			Inspect(e, visit)
		}
	}
	xs := func(es []Expr) {
		for _, e := range es {
			x(e)
		}
	}
	b := func(ss []Stmt) { InspectAll(ss, visit) }
	args := func(as []Arg) {
		for _, a := range as {
			x(a.Value)
		}
	}
	params := func(ps []Param) {
		for _, q := range ps {
			x(q.Ann)
			x(q.Default)
		}
	}
	switch n := n.(type) {
	case *Attr:
		x(n.X)
	case *Call:
		x(n.Fn)
		args(n.Args)
	case *Str:
		xs(n.Parts)
	case *Seq:
		xs(n.Elts)
	case *Dict:
		for _, it := range n.Items {
			x(it.Key)
			x(it.Value)
		}
	case *Index:
		x(n.X)
		x(n.Key)
	case *Slice:
		x(n.Low)
		x(n.High)
		x(n.Step)
	case *Binary:
		x(n.L)
		x(n.R)
	case *Logic:
		xs(n.Xs)
	case *Compare:
		xs(n.Xs)
	case *Unary:
		x(n.X)
	case *Cond:
		x(n.Then)
		x(n.Test)
		x(n.Else)
	case *Lambda:
		params(n.Params)
		x(n.Body)
	case *Await:
		x(n.X)
	case *Yield:
		x(n.X)
	case *Star:
		x(n.X)
	case *Comp:
		x(n.Key)
		x(n.Elt)
		for _, c := range n.Clauses {
			x(c.Target)
			x(c.Iter)
			xs(c.Ifs)
		}
	case *Walrus:
		x(n.Target)
		x(n.X)
	case *FuncDef:
		xs(n.Decorators)
		params(n.Params)
		x(n.Returns)
		b(n.Body)
	case *ClassDef:
		xs(n.Decorators)
		args(n.Bases)
		b(n.Body)
	case *Assign:
		xs(n.Targets)
		x(n.Ann)
		x(n.Value)
	case *ExprStmt:
		x(n.X)
	case *Return:
		x(n.X)
	case *Raise:
		x(n.X)
		x(n.Cause)
	case *If:
		x(n.Test)
		b(n.Body)
		b(n.Else)
	case *For:
		x(n.Target)
		x(n.Iter)
		b(n.Body)
		b(n.Else)
	case *While:
		x(n.Test)
		b(n.Body)
		b(n.Else)
	case *Try:
		b(n.Body)
		for _, h := range n.Handlers {
			x(h.Type)
			b(h.Body)
		}
		b(n.Else)
		b(n.Finally)
	case *With:
		for _, it := range n.Items {
			x(it.Context)
			x(it.Target)
		}
		b(n.Body)
	case *Assert:
		x(n.Test)
		x(n.Message)
	case *Delete:
		xs(n.Targets)
	case *Match:
		x(n.Subject)
		for _, c := range n.Cases {
			x(c.Pattern)
			x(c.Guard)
			b(c.Body)
		}
	}
}

// Statements calls visit for the statements of a block and for those below
// them, in the order of the source, and goes no deeper where it returns false.
func Statements(body []Stmt, visit func(Stmt) bool) {
	for _, s := range body {
		if !visit(s) {
			continue
		}
		switch s := s.(type) {
		case *FuncDef:
			Statements(s.Body, visit)
		case *ClassDef:
			Statements(s.Body, visit)
		case *If:
			Statements(s.Body, visit)
			Statements(s.Else, visit)
		case *For:
			Statements(s.Body, visit)
			Statements(s.Else, visit)
		case *While:
			Statements(s.Body, visit)
			Statements(s.Else, visit)
		case *Try:
			Statements(s.Body, visit)
			for _, h := range s.Handlers {
				Statements(h.Body, visit)
			}
			Statements(s.Else, visit)
			Statements(s.Finally, visit)
		case *With:
			Statements(s.Body, visit)
		case *Match:
			for _, c := range s.Cases {
				Statements(c.Body, visit)
			}
		}
	}
}

// InspectAll is Inspect for a block.
func InspectAll(body []Stmt, visit func(Node) bool) {
	for _, s := range body {
		Inspect(s, visit)
	}
}
