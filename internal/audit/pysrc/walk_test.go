package pysrc_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// everyStatement holds each statement that has a block.
const everyStatement = `
import a
from b import c
class D(c):
    def f(self, x: int = 1) -> int:
        if x:
            for y in x: return y
            else: pass
        elif y:
            while x: del x
            else: raise x
        try:
            with a as b: assert b
        except E:
            global g
        else:
            x = 1
        finally:
            x += 1
        match x:
            case 1: x()
        return lambda: x
`

// statements lists the statements of a file, by either way to walk it.
func statements(f *pysrc.File) (each, inspected []pysrc.Stmt) {
	pysrc.Statements(f.Body, func(s pysrc.Stmt) bool {
		each = append(each, s)
		return true
	})
	pysrc.InspectAll(f.Body, func(n pysrc.Node) bool {
		if s, ok := n.(pysrc.Stmt); ok {
			inspected = append(inspected, s)
		}
		return true
	})
	return each, inspected
}

func TestStatements(t *testing.T) {
	files := []*pysrc.File{pysrc.Parse("every.py", []byte(everyStatement))}
	err := filepath.WalkDir(filepath.Join("..", "..", "..", "testdata", "fastapi"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".py" {
			return err
		}
		text, err := os.ReadFile(path)
		files = append(files, pysrc.Parse(path, text))
		return err
	})
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		each, inspected := statements(f)
		if len(each) < 15 && f.Path == "every.py" || len(each) != len(inspected) {
			t.Errorf("%s: %d statements, and %d where expressions are looked through too", f.Path, len(each), len(inspected))
			continue
		}
		for i := range each {
			if each[i] != inspected[i] {
				t.Errorf("%s: statement %d is another", f.Path, i)
			}
		}
	}
}

func TestForget(t *testing.T) {
	f := pysrc.Parse("every.py", []byte(everyStatement))
	class := f.Body[2].(*pysrc.ClassDef)
	def := class.Body[0].(*pysrc.FuncDef)
	place := def.Range()
	f.Forget()
	if f.Body != nil || class.Body != nil || def.Body != nil || def.Returns != nil || def.Params[1].Ann != nil || def.Params[1].Default != nil {
		t.Error("syntax is left")
	}
	if def.Name != "f" || def.Params[1].Name != "x" || def.Range() != place || f.Text(def.Params[1].Span) != "x: int = 1" {
		t.Errorf("of the function %q, what it is called and where it stands is gone", def.Name)
	}
}

func TestParseExpr(t *testing.T) {
	for text, want := range map[string]bool{"a.b(1)": true, "x and y": true, "": false, "a = 1": false, "a\nb": false, "(": false} {
		if got := pysrc.ParseExpr(text) != nil; got != want {
			t.Errorf("%q is an expression: %t, want %t", text, got, want)
		}
	}
}

func TestPlainLines(t *testing.T) {
	const text = "A=1\n\nB=2"
	f := pysrc.NewPlain(".env", text)
	for line, want := range map[int]string{1: "A=1", 2: "", 3: "B=2", 9: "B=2"} {
		s := f.LineSpan(line)
		if got := text[s.Start:s.End]; got != want {
			t.Errorf("line %d is %q, want %q", line, got, want)
		}
	}
	if f.Position(f.LineSpan(3).Start) != (pysrc.Position{Line: 3, Column: 1}) {
		t.Error("the third line stands elsewhere")
	}
}
