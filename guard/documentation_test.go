package guard

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/csrf"
)

// TestDocumentation holds docs/guard.md to the settings and to the codes that
// this package and those below it can answer with.
func TestDocumentation(t *testing.T) {
	const page = "../docs/guard.md"
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := string(raw)
	for name, table := range map[string]string{"settings": settingsTable(), "codes": codesTable(t)} {
		begin, end := strings.Index(want, "<!-- "+name+":"), strings.Index(want, "<!-- end of "+name+" -->")
		if begin < 0 || end < begin {
			t.Fatalf("%s has no place for its %s", page, name)
		}
		begin += strings.IndexByte(want[begin:], '\n') + 1
		want = want[:begin] + table + want[end:]
	}
	if want == string(raw) {
		return
	}
	if flag.Lookup("update").Value.String() != "true" { // of the package's other tests
		t.Fatalf("%s is out of date; run go test ./guard -run TestDocumentation -update", page)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func settingsTable() string {
	var b strings.Builder
	b.WriteString("| key | default | what it says |\n|---|---|---|\n")
	for _, s := range table {
		otherwise := ""
		if s.otherwise != "" {
			otherwise = "`" + s.otherwise + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.key, otherwise, s.doc)
	}
	return b.String()
}

// An answer is one way in which a request is refused.
type answer struct {
	status       int
	code, detail string
}

func codesTable(t *testing.T) string {
	var all []answer
	for _, r := range csrf.Refusals() {
		all = append(all, answer{http.StatusForbidden, r.Code, r.Reason})
	}
	all = append(all, answersOf(t, ".")...)
	all = append(all, answersOf(t, "internal/http1")...)
	all = append(all, answersOf(t, "../idempotency")...)
	if len(all) < 40 {
		t.Fatalf("only %d refusals were found in the source", len(all))
	}
	slices.SortStableFunc(all, func(a, b answer) int {
		return cmp.Or(cmp.Compare(a.status, b.status), cmp.Compare(a.code, b.code), cmp.Compare(a.detail, b.detail))
	})
	var b strings.Builder
	b.WriteString("| status | code | what happened |\n|---|---|---|")
	last := answer{}
	for _, a := range all {
		detail := strings.TrimSuffix(a.detail, ".")
		if a.status != last.status || a.code != last.code {
			fmt.Fprintf(&b, " |\n| %d | `%s` | %s", a.status, a.code, detail)
		} else if a.detail != last.detail {
			b.WriteString("; or: " + detail)
		}
		last = a
	}
	return strings.Replace(b.String(), "| |", "|", 1) + " |\n"
}

// answersOf reads the refusals out of a package's source: the calls of refusal
// and badToken, and the literals of problem and Error.
func answersOf(t *testing.T, dir string) []answer {
	t.Helper()
	files := token.NewFileSet()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []answer
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, dir+"/"+e.Name(), nil, parser.SkipObjectResolution)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				name, ok := n.Fun.(*ast.Ident)
				switch {
				case ok && name.Name == "refusal":
					out = appendAnswer(out, n.Args[0], n.Args[1], n.Args[2])
				case ok && name.Name == "badToken":
					out = appendAnswer(out, &ast.BasicLit{Kind: token.INT, Value: "401"}, n.Args[0], n.Args[1])
				}
			case *ast.CompositeLit:
				fields := map[string]ast.Expr{}
				for _, el := range n.Elts {
					if kv, ok := el.(*ast.KeyValueExpr); ok {
						if key, ok := kv.Key.(*ast.Ident); ok {
							fields[strings.ToLower(key.Name)] = kv.Value
						}
					}
				}
				if fields["status"] != nil && fields["code"] != nil && fields["detail"] != nil {
					out = appendAnswer(out, fields["status"], fields["code"], fields["detail"])
				}
			}
			return true
		})
	}
	return out
}

// appendAnswer adds what is written as constants; a code that is handed on
// stands where it was made.
func appendAnswer(out []answer, status, code, detail ast.Expr) []answer {
	text := func(x ast.Expr) string {
		if lit, ok := x.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, _ := strconv.Unquote(lit.Value)
			return s
		}
		return ""
	}
	a := answer{code: text(code), detail: text(detail)}
	switch s := status.(type) {
	case *ast.BasicLit:
		a.status, _ = strconv.Atoi(s.Value)
	case *ast.SelectorExpr:
		for n := 400; n < 600; n++ {
			if "Status"+strings.NewReplacer(" ", "", "-", "").Replace(http.StatusText(n)) == s.Sel.Name {
				a.status = n
			}
		}
	}
	if a.code == "" || a.status == 0 {
		return out
	}
	if a.detail == "" { // made at run time
		a.detail = "see its detail"
	}
	return append(out, a)
}
