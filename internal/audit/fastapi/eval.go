package fastapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

func sortStrings(s []string) { slices.Sort(s) }

// eval returns what is known of an expression's value.
func (in *interp) eval(x pysrc.Expr) *Value {
	in.steps--
	if in.steps < 0 {
		return unknown
	}
	switch x := x.(type) {
	case *pysrc.Str:
		return in.evalStr(x)
	case *pysrc.Num:
		if v := in.literal(x.Number, x.Span); v != nil {
			return v
		}
		t := strings.ReplaceAll(x.Text, "_", "")
		n, err := strconv.ParseFloat(t, 64)
		if err != nil {
			i, err := strconv.ParseInt(t, 0, 64)
			if err != nil {
				return unknown
			}
			n = float64(i)
		}
		return in.share(x.Number, &Value{Kind: Num, Num: n, At: in.place(x)})
	case *pysrc.Const:
		if v := in.literal(x.Number, x.Span); v != nil {
			return v
		}
		switch x.Kind {
		case pysrc.True, pysrc.False:
			return in.share(x.Number, &Value{Kind: Bool, Bool: x.Kind == pysrc.True, At: in.place(x)})
		case pysrc.None:
			return in.share(x.Number, &Value{Kind: None, At: in.place(x)})
		}
		return in.share(x.Number, &Value{At: in.place(x), Method: "..."})
	case *pysrc.Name:
		return in.name(x)
	case *pysrc.Attr:
		return in.attr(in.eval(x.X), x.Name, x)
	case *pysrc.Call:
		return in.call(x)
	case *pysrc.Await:
		return in.eval(x.X)
	case *pysrc.Seq:
		v := &Value{Kind: List, At: in.place(x)}
		for _, e := range x.Elts {
			if s, ok := e.(*pysrc.Star); ok {
				inner := in.eval(s.X)
				if inner.Kind == List {
					v.Elems = append(v.Elems, inner.Elems...)
				} else {
					v.Elems = append(v.Elems, unknown.with(sourcesOf(inner)))
				}
				continue
			}
			v.Elems = append(v.Elems, in.eval(e))
		}
		return v
	case *pysrc.Dict:
		v := &Value{Kind: Dict, At: in.place(x)}
		for _, it := range x.Items {
			if it.Key == nil {
				if inner := in.eval(it.Value); inner.Kind == Dict {
					v.Keys, v.Elems = append(v.Keys, inner.Keys...), append(v.Elems, inner.Elems...)
				} else {
					v.Keys, v.Elems = append(v.Keys, unknown), append(v.Elems, inner)
				}
				continue
			}
			v.Keys, v.Elems = append(v.Keys, in.eval(it.Key)), append(v.Elems, in.eval(it.Value))
		}
		return v
	case *pysrc.Index:
		return in.index(x)
	case *pysrc.Logic:
		return in.logic(x)
	case *pysrc.Compare:
		return in.compare(x)
	case *pysrc.Unary:
		v := in.eval(x.X)
		if x.Op == "not" {
			if t, known := v.Truth(); known {
				return &Value{Kind: Bool, Bool: !t, Sources: sourcesOf(v), Env: v.Env, At: in.place(x)}
			}
			if t, known := v.Usual(); known {
				return &Value{Default: boolean(!t), Env: v.Env, Sources: v.Sources, At: in.place(x)}
			}
			return unknown.with(sourcesOf(v))
		}
		if v.Kind == Num && x.Op == "-" {
			return &Value{Kind: Num, Num: -v.Num, At: in.place(x)}
		}
		return unknown.with(v.Sources)
	case *pysrc.Binary:
		return in.binary(x.Op, in.eval(x.L), in.eval(x.R))
	case *pysrc.Cond:
		t := in.eval(x.Test)
		if truth, known := t.Truth(); known && len(t.Sources) == 0 {
			if truth {
				return in.eval(x.Then)
			}
			return in.eval(x.Else)
		}
		then, els := in.eval(x.Then), in.eval(x.Else)
		v := join(then, els)
		if truth, known := t.Usual(); known && len(t.Sources) == 0 && v.Kind == Union {
			u := *v
			u.Default, u.Env = els, t.Env
			if truth {
				u.Default = then
			}
			v = &u
		}
		return v
	case *pysrc.Lambda:
		f := in.frame()
		return &Value{Kind: Func, Fn: &Function{Lambda: x, Module: f.scope.module, scope: f.scope}, At: in.place(x)}
	case *pysrc.Walrus:
		v := in.eval(x.X)
		in.bind(x.Target, v)
		return v
	case *pysrc.Comp:
		return in.comprehension(x)
	case *pysrc.Yield:
		v := noneValue
		if x.X != nil {
			v = in.eval(x.X)
		}
		in.frame().result = join(in.frame().result, v)
		return unknown
	case *pysrc.Star:
		return in.eval(x.X)
	case *pysrc.Slice:
		for _, e := range []pysrc.Expr{x.Low, x.High, x.Step} {
			if e != nil {
				in.eval(e)
			}
		}
	}
	return unknown
}

// literal returns the value that was made of a literal before, whoever met it,
// or nil. Routes share dependencies, and meet the same literals again and again.
func (in *interp) literal(number int32, at pysrc.Span) *Value {
	if list := in.frame().scope.module.literals; number > 0 && int(number) <= len(list) {
		if v := list[number-1].Load(); v != nil && v.At.Span == at {
			return v
		}
	}
	return nil
}

// share keeps the value of a literal for literal to return.
func (in *interp) share(number int32, v *Value) *Value {
	if list := in.frame().scope.module.literals; number > 0 && int(number) <= len(list) {
		list[number-1].Store(v)
	}
	return v
}

func (in *interp) evalStr(x *pysrc.Str) *Value {
	if !x.Format {
		if v := in.literal(x.Number, x.Span); v != nil {
			return v
		}
		return in.share(x.Number, &Value{Kind: Str, Text: x.Value, At: in.place(x)})
	}
	var b strings.Builder
	known := true
	var srcs []*Source
	env := ""
	var parts []*Value
	for _, p := range x.Parts {
		if s, ok := p.(*pysrc.Str); ok && !s.Format {
			b.WriteString(s.Value)
			parts = append(parts, str(s.Value, in.place(s)))
			continue
		}
		v := in.eval(p)
		parts = append(parts, v)
		srcs = mergeSources(srcs, sourcesOf(v))
		switch {
		case v.Kind == Str:
			b.WriteString(v.Text)
			env = v.Env
		case v.Kind == Num:
			b.WriteString(v.String())
		default:
			known = false
		}
	}
	if known && len(srcs) == 0 {
		return &Value{Kind: Str, Text: b.String(), At: in.place(x), Env: env}
	}
	// The literal text at the front is worth keeping: f"…?token={t}".
	return &Value{Method: "f", Text: x.Value, Elems: parts, Sources: srcs, At: in.place(x)}
}

func (in *interp) name(x *pysrc.Name) *Value {
	if v := in.lookup(in.frame().scope, x.ID); v != nil {
		return settle(v)
	}
	m := in.frame().scope.module
	for _, s := range m.stars {
		if v, ok := in.get(s.scope, x.ID); ok {
			return v
		}
	}
	return in.prog.external("builtins." + x.ID)
}

func (in *interp) binary(op string, l, r *Value) *Value {
	if l.Kind == Str && r.Kind == Str && op == "+" {
		return &Value{Kind: Str, Text: l.Text + r.Text, At: l.At, Env: l.Env + r.Env, Sources: mergeSources(l.Sources, r.Sources)}
	}
	if l.Kind == Num && r.Kind == Num {
		v := &Value{Kind: Num, At: l.At, Env: l.Env + r.Env}
		switch op {
		case "+":
			v.Num = l.Num + r.Num
		case "-":
			v.Num = l.Num - r.Num
		case "*":
			v.Num = l.Num * r.Num
		case "/":
			v.Num = l.Num / r.Num
		case "**":
			return unknown
		default:
			return unknown
		}
		return v
	}
	if l.Kind == List && r.Kind == List && (op == "+" || op == "|") {
		return &Value{Kind: List, Elems: append(slices.Clone(l.Elems), r.Elems...), At: l.At}
	}
	if l.Kind == Dict && r.Kind == Dict && op == "|" {
		return &Value{Kind: Dict, Keys: append(slices.Clone(l.Keys), r.Keys...), Elems: append(slices.Clone(l.Elems), r.Elems...), At: l.At}
	}
	v := &Value{Method: "op" + op, Recv: nil, Sources: mergeSources(sourcesOf(l), sourcesOf(r))}
	if op == "+" || op == "/" {
		v.Elems = []*Value{l, r}
	}
	if l.Kind == Str {
		v.Text = l.Text
	}
	return v
}

func (in *interp) logic(x *pysrc.Logic) *Value {
	var out *Value
	var srcs []*Source
	var vs []*Value
	for i, e := range x.Xs {
		v := in.eval(e)
		vs = append(vs, v)
		srcs = mergeSources(srcs, v.Sources)
		last := i == len(x.Xs)-1
		if x.Or && i == 1 && last && vs[0].Kind == Unknown && vs[0].Env != "" && (v.Kind == Str || v.Kind == Num || v.Kind == Bool) {
			return in.environ(vs[0].Env, v, v.At).with(srcs) // os.getenv("X") or "default"
		}
		truth, known := v.Truth()
		if known && len(v.Sources) == 0 {
			if truth == x.Or {
				if out == nil {
					return v
				}
				return join(out, v).with(srcs)
			}
			if !last {
				continue
			}
			if out == nil {
				return v
			}
			// "a or None": None is what is left where a is nothing.
		}
		out = join(out, v)
	}
	if out == nil {
		return unknown
	}
	if usual, known := in.usually(x, vs); known && out.Default == nil {
		o := *out
		o.Default = boolean(usual)
		out = &o
	}
	return out.with(srcs)
}

// usually returns what a chain of "and" or "or" comes to where the environment
// says nothing else.
func (in *interp) usually(x *pysrc.Logic, vs []*Value) (truth, known bool) {
	known = true
	for _, v := range vs {
		t, ok := v.Usual()
		if ok && t == x.Or {
			return t, true
		}
		known = known && ok
	}
	return !x.Or, known
}

// truthWords are the texts that settings write for yes and no.
var truthWords = map[string]bool{"true": true, "false": true, "1": true, "0": true, "yes": true, "no": true, "on": true, "off": true, "t": true, "y": true, "f": true, "n": true}

func (in *interp) compare(x *pysrc.Compare) *Value {
	var vs []*Value
	for _, e := range x.Xs {
		vs = append(vs, in.eval(e))
	}
	srcs := sourcesOf(vs...)
	if len(vs) != 2 {
		return unknown.with(srcs)
	}
	l, r := vs[0], vs[1]
	if op := x.Ops[0]; (op == "in" || op == "not in") && l.Kind == Str && r.Kind == ObjectKind {
		if kind, ok := partKinds[r.Object.Qual]; ok { // "user" in request.session
			v := in.read(kind, l.Text, in.place(x))
			v.Sources[0].Presence = true
			srcs = mergeSources(srcs, v.Sources)
		}
	}
	env := l.Env
	if env == "" {
		env = r.Env
	}
	truth, known := compareConst(x.Ops[0], l, r)
	if op := x.Ops[0]; op == "is" || op == "is not" {
		truth, known = compareConst(op, l.usually(), r.usually())
	}
	if env != "" {
		// Which deployment this is, no one can tell from here; whether a
		// switch is on by default, one can.
		word := l
		if l.Env != "" {
			word = r
		}
		ok := word.Kind == Bool || word.Kind == Str && truthWords[strings.ToLower(word.Text)]
		if word.Kind == List && len(word.Elems) > 0 {
			ok = true
			for _, e := range word.Elems {
				ok = ok && e.Kind == Str && truthWords[strings.ToLower(e.Text)]
			}
		}
		if !ok {
			if !known {
				return unknown.with(srcs)
			}
			return &Value{Default: boolean(truth), Env: env, Sources: srcs}
		}
	}
	if known && len(srcs) == 0 {
		return &Value{Kind: Bool, Bool: truth, Env: env}
	}
	return unknown.with(srcs)
}

func compareConst(op string, l, r *Value) (truth, known bool) {
	switch op {
	case "==", "!=", "is", "is not":
		eq, known := equal(l, r)
		return eq == (op == "==" || op == "is"), known
	case "in", "not in":
		if l.Kind != Str {
			return false, false
		}
		switch r.Kind {
		case List, Dict:
			all := r.Elems
			if r.Kind == Dict {
				all = r.Keys
			}
			for _, e := range all {
				eq, known := equal(l, e)
				if !known {
					return false, false
				}
				if eq {
					return op == "in", true
				}
			}
			return op != "in", true
		case Str:
			return strings.Contains(r.Text, l.Text) == (op == "in"), true
		}
	}
	return false, false
}

func equal(l, r *Value) (eq, known bool) {
	konst := func(v *Value) bool { return v.Kind == Str || v.Kind == Num || v.Kind == Bool || v.Kind == None }
	if !konst(l) || !konst(r) {
		return false, false
	}
	if l.Kind != r.Kind {
		return false, true
	}
	switch l.Kind {
	case Str:
		return l.Text == r.Text, true
	case Num:
		return l.Num == r.Num, true
	case Bool:
		return l.Bool == r.Bool, true
	}
	return true, true
}

func (in *interp) comprehension(x *pysrc.Comp) *Value {
	f := in.frame()
	inner := &scope{vars: map[string]*Value{}, parent: f.scope, module: f.scope.module, run: in.run}
	in.stack = append(in.stack, &frame{fn: f.fn, scope: inner, at: f.at})
	defer func() { in.stack = in.stack[:len(in.stack)-1] }()
	c := x.Clauses[0]
	iter := in.eval(c.Iter)
	items := elements(iter)
	if len(x.Clauses) == 1 && items != nil && len(items) <= maxLoop && x.Kind != pysrc.Mapping {
		out := &Value{Kind: List, At: in.place(x)}
		for _, it := range items {
			in.bind(c.Target, it)
			keep := true
			for _, t := range c.Ifs {
				tv := in.eval(t)
				if truth, known := tv.Truth(); known && len(tv.Sources) == 0 && !truth {
					keep = false
				}
			}
			if keep {
				out.Elems = append(out.Elems, in.eval(x.Elt))
			}
		}
		return out
	}
	if x.Kind == pysrc.Mapping && isHeaders(iter) && len(x.Clauses) == 1 && len(c.Ifs) == 0 {
		return iter // the scope's headers, decoded
	}
	srcs := sourcesOf(iter)
	in.bind(c.Target, unknown.with(srcs))
	for _, c := range x.Clauses[1:] {
		in.bind(c.Target, unknown.with(sourcesOf(in.eval(c.Iter))))
	}
	for _, c := range x.Clauses {
		for _, t := range c.Ifs {
			srcs = mergeSources(srcs, sourcesOf(in.eval(t)))
		}
	}
	if x.Key != nil {
		in.eval(x.Key)
	}
	srcs = mergeSources(srcs, sourcesOf(in.eval(x.Elt)))
	out := &Value{Sources: srcs}
	if iter.Env != "" || iter.Method == "split" {
		out.Env, out.Method, out.Recv = iter.Env, iter.Method, iter.Recv
	}
	return out
}

func (in *interp) index(x *pysrc.Index) *Value {
	recv := in.eval(x.X)
	key := in.eval(x.Key)
	if recv.Kind == Union {
		var out *Value
		for _, a := range recv.Alts {
			out = join(out, in.item(a, key, x))
		}
		return out.with(recv.Sources)
	}
	return in.item(recv, key, x)
}

func (in *interp) item(recv, key *Value, x *pysrc.Index) *Value {
	switch recv.Kind {
	case List:
		if key.Kind == Num && int(key.Num) >= 0 && int(key.Num) < len(recv.Elems) {
			return recv.Elems[int(key.Num)].with(recv.Sources)
		}
	case Dict:
		if key.Kind == Str {
			if in.isScope(recv) {
				in.look(key.Text)
			}
			if v := recv.Lookup(key.Text); v != nil {
				return v.with(recv.Sources)
			}
		}
		if v := statusOf(recv, key, nil); v != nil {
			return v.with(mergeSources(recv.Sources, key.Sources))
		}
	case External:
		if recv.Text == "os.environ" && key.Kind == Str {
			return in.environ(key.Text, nil, in.place(x))
		}
		if t := tail(recv.Text); strings.HasPrefix(recv.Text, "typing") || strings.HasPrefix(recv.Text, "builtins.") || t != "" && t[0] >= 'A' && t[0] <= 'Z' {
			return recv // a generic type, of whatever
		}
	case ObjectKind:
		if v, ok := in.requestItem(recv, key, in.place(x)); ok {
			return v
		}
	}
	v := &Value{Sources: mergeSources(sourcesOf(recv), sourcesOf(key)), Method: recv.Method, Recv: recv.Recv, Of: recv}
	if key.Kind == Str {
		v.Text = key.Text
	}
	return v
}
