package pysrc_test

import (
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
	sitter "github.com/tree-sitter/go-tree-sitter"
	python "github.com/tree-sitter/tree-sitter-python/bindings/go"
)

var sources = []string{
	"x = 1\n",
	"def f(a, /, b: int = 2, *args, c=3, **kw) -> None:\n    return a + b\n",
	"@app.get('/x', dependencies=[Depends(f)])\nasync def g(r: Request):\n    async with a as b, c:\n        await r.json()\n",
	"with (open('a') as f, open('b')):\n    pass\n",
	"if (n := len(a)) > 10: print(n)\nelif x: y()\nelse: z()\n",
	"d = {'a': 1, **b, 'c': [x for x in y if x if z]}\n",
	"f'{a.b(c)!r:>{w}} {{x}} {\"q\"}' 'tail'\n",
	"match p:\n    case {'a': [x, *_]} if x > f(1):\n        g(x)\n    case 1 | None:\n        pass\n    case _:\n        h()\n",
	"try:\n    f()\nexcept (A, B) as e:\n    raise C from e\nelse:\n    g()\nfinally:\n    h()\n",
	"x = lambda a, *b, c=f(1): a(b)(c)\nfor i, (j, k) in m(): yield_(i)\n",
	"class A(B, metaclass=M):\n    x: int = f()\n    def g(self): return self.x[1:2, ::3] if a else b\n",
	"a = b if c else d; e = not f in g; h = -i ** j\n",
	"def g():\n\ty = yield x\n\tz = yield from f()\n\tdel a[0], b.c\n\tglobal q\n",
	"async def f():\n    return [await g(x) async for x in h()]\n",
	"x = (\n    a\n    .b(c) # note\n    .d(e)\n)\n",
	"s = 'a\\\n b'\nr = rb'\\d' + b\"x\" + '''three\nlines'''\n",
	"assert a(b), c(d)\n",
	"print(*a, **b, sep=f(x for x in y))\n",
	"type X[T] = list[T]\ndef f[T: int](x: T) -> T: ...\n",
}

func count(f *pysrc.File) (calls, funcs, classes, attrs int) {
	pysrc.InspectAll(f.Body, func(n pysrc.Node) bool {
		switch n.(type) {
		case *pysrc.Call:
			calls++
		case *pysrc.FuncDef:
			funcs++
		case *pysrc.ClassDef:
			classes++
		case *pysrc.Attr:
			attrs++
		}
		return true
	})
	return
}

// TestAgreesWithTreeSitter compares what was parsed with an independent
// grammar of Python.
func TestAgreesWithTreeSitter(t *testing.T) {
	p := sitter.NewParser()
	defer p.Close()
	if err := p.SetLanguage(sitter.NewLanguage(python.Language())); err != nil {
		t.Fatal(err)
	}
	for _, src := range sources {
		tree := p.Parse([]byte(src), nil)
		var calls, funcs, classes int
		var visit func(n *sitter.Node)
		visit = func(n *sitter.Node) {
			switch n.Kind() {
			case "call":
				calls++
			case "function_definition":
				funcs++
			case "class_definition":
				classes++
			}
			for i := range n.NamedChildCount() {
				visit(n.NamedChild(i))
			}
		}
		visit(tree.RootNode())
		tree.Close()
		f := pysrc.Parse("x.py", []byte(src))
		if f.Errors != 0 {
			t.Errorf("%q: %d errors", src, f.Errors)
		}
		c, fn, cl, _ := count(f)
		if c != calls || fn != funcs || cl != classes {
			t.Errorf("%q: calls, functions, classes %d %d %d; tree-sitter %d %d %d", src, c, fn, cl, calls, funcs, classes)
		}
	}
}

func TestNewerGrammar(t *testing.T) {
	for _, src := range []string{
		"try:\n    f()\nexcept A, B:\n    g()\n",         // PEP 758
		"x = f'{a['b']}{f\"{c!r}\"}'\n",                  // PEP 701
		"x = f'a{\n    g(\n        b)}c{d:#x}'\ny = 1\n", // PEP 701
		"x = f'a{  # it is b's\n    b}'\ny = 1\n",        // PEP 701
		"x = t'{a}'\n",                                         // PEP 750
		"class A[T](B[T]):\n    pass\n",                        // PEP 695
		"try:\n    f()\nexcept* E as e:\n    g()\n",            // PEP 654
		"def f(x: int | None = None) -> list[int]:\n    ...\n", // PEP 604
	} {
		if f := pysrc.Parse("x.py", []byte(src)); f.Errors != 0 {
			t.Errorf("%q: %d errors", src, f.Errors)
		}
	}
}

// TestErrorsStayLocal asks that a broken line costs no more than itself.
func TestErrorsStayLocal(t *testing.T) {
	for _, src := range []string{
		"x = = 1\ndef f():\n    g()\n",
		"x = (1,\ndef f():\n    g()\n",
		"print 'a'\ndef f():\n    g()\n",
		"if x\n    y\ndef f():\n    g()\n",
		"a b c\n    indented\ndef f():\n    g()\n",
		"s = 'open\ndef f():\n    g()\n",
		"s = f'open {\ndef f():\n    g()\n",
		"s = f'open { and more'\ndef f():\n    g()\n",
		"x = (1,\nfrom a import b\ndef f():\n    g()\n",
		"x = [a,\n@router.get\ndef f():\n    g()\n",
		"<<<<<<< HEAD\ndef f():\n    g()\n=======\n>>>>>>> x\n",
	} {
		f := pysrc.Parse("x.py", []byte(src))
		calls, funcs, _, _ := count(f)
		if funcs != 1 || calls != 1 {
			t.Errorf("%q: %d functions, %d calls", src, funcs, calls)
		}
	}
}

func TestDecoratorsSurviveAnOpenBracket(t *testing.T) {
	for src, want := range map[string]int{
		"x = (1,\n@a.b\n@c\nasync def f():\n    pass\n": 2,
		"x = (m\n@n)\ndef f():\n    pass\n":             0, // two matrices
	} {
		got := 0
		pysrc.InspectAll(pysrc.Parse("x.py", []byte(src)).Body, func(n pysrc.Node) bool {
			if f, ok := n.(*pysrc.FuncDef); ok {
				got += len(f.Decorators)
			}
			return true
		})
		if got != want {
			t.Errorf("%q: %d decorators, want %d", src, got, want)
		}
	}
}

func TestFailedIsTheFirstLineThatIsNoPython(t *testing.T) {
	for src, want := range map[string]int{
		"a = 1\n":                             0,
		"a = 1\nb = = 2\nc = = 3\n":           2,
		"def f():\n    pass\n\n\nprint 'a'\n": 5,
		"x = (1,\ndef f():\n    pass\n":       1,
	} {
		if got := pysrc.Parse("x.py", []byte(src)).Failed; got != want {
			t.Errorf("%q: line %d, want %d", src, got, want)
		}
	}
}

func TestPositionsCountCharacters(t *testing.T) {
	f := pysrc.Parse("x.py", []byte("a = 'é'; f()\n\tg()\n"))
	var got []pysrc.Position
	pysrc.InspectAll(f.Body, func(n pysrc.Node) bool {
		if c, ok := n.(*pysrc.Call); ok {
			got = append(got, f.Position(c.Start))
		}
		return true
	})
	if len(got) != 2 || got[0] != (pysrc.Position{Line: 1, Column: 10}) || got[1] != (pysrc.Position{Line: 2, Column: 2}) {
		t.Errorf("positions %v", got)
	}
}

// TestNestingIsBounded reads files so large that work which grows faster than
// they do would outlast the test run.
func TestNestingIsBounded(t *testing.T) {
	const n = 100_000
	for _, src := range []string{
		strings.Repeat("(", n) + strings.Repeat(")", n),
		strings.Repeat("[", n),
		strings.Repeat("not ", n) + "x",
		strings.Repeat("-", n) + "x",
		strings.Repeat("a.", n) + "x",
		strings.Repeat("lambda: ", n) + "x",
		strings.Repeat("f'{", n),
		strings.Repeat("f'''{", n),
		strings.Repeat("f\"{f'{", n),
		strings.Repeat("f'{x}' ", n),
		"f'''" + strings.Repeat("{x}", n) + "'''",
		"f'''" + strings.Repeat("{", n+1),
		"f'''" + strings.Repeat("{'", n),
		"if a: pass\n" + strings.Repeat("elif b: pass\n", n),
		strings.Repeat("x if y else ", n),
		strings.Repeat("2**", n),
	} {
		f := pysrc.Parse("x.py", []byte(src+"\ndef last(): pass\n"))
		if len(f.Body) == 0 {
			t.Errorf("%.20q…: nothing was read", src)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"\xef\xbb\xbfx = 'é'", "x = 'é'"},
		{"# -*- coding: latin-1 -*-\nx = '\xe9'", "# -*- coding: latin-1 -*-\nx = 'é'"},
		{"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'", "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '€'"},
		{"# coding: koi8_r\nx = '\xc1'", "# coding: koi8_r\nx = 'а'"},
		{"x = '\xff'\r\ny\r", "x = '\uFFFD'\ny\n"},
	} {
		got, err := pysrc.Decode([]byte(c.raw))
		if err != nil || string(got) != c.want {
			t.Errorf("%q: %q, %v", c.raw, got, err)
		}
	}
	for _, raw := range []string{"\x7fELF\x00", "# coding: nonsense\n"} {
		if _, err := pysrc.Decode([]byte(raw)); err == nil {
			t.Errorf("%q: no error", raw)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range sources {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		text, err := pysrc.Decode(src)
		if err != nil {
			return
		}
		file := pysrc.Parse("x.py", text)
		pysrc.InspectAll(file.Body, func(n pysrc.Node) bool {
			if r := n.Range(); r.Start < 0 || int(r.End) > len(text) || r.Start > r.End {
				t.Fatalf("%T: span %v of %d bytes", n, r, len(text))
			}
			return true
		})
	})
}
