package attacks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	function = regexp.MustCompile(`^TestAttack((?:_[0-9]{2})+)_`)
	row      = regexp.MustCompile(`^([0-9]{2}) [a-zA-Z]`)
)

// defences are the folders whose tables may be keyed by the attacks' numbers.
var defences = []string{"csrf", "cors", "jwt", "session", "idempotency", "guard"}

// Tests finds the tests of the attacks below root: functions whose names begin
// with TestAttack and a number or several, and rows of tables whose names
// begin with one, in the tests of the defences. It returns their names by
// number, such as "csrf.TestAttacks/06 none with a foreign origin".
func Tests(root string) (map[int][]string, error) {
	found := map[int][]string{}
	add := func(number, name string) {
		if n, err := strconv.Atoi(number); err == nil && !slices.Contains(found[n], name) {
			found[n] = append(found[n], name)
		}
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "bench" || strings.HasPrefix(d.Name(), ".") && path != root):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			name := filepath.ToSlash(folder) + "." + f.Name.Name
			if m := function.FindStringSubmatch(f.Name.Name); m != nil {
				for number := range strings.SplitSeq(m[1][1:], "_") {
					add(number, name)
				}
				continue
			}
			if top, _, _ := strings.Cut(filepath.ToSlash(folder), "/"); !slices.Contains(defences, top) {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						if m := row.FindStringSubmatch(text); m != nil && len(text) < 80 {
							add(m[1], name+"/"+text)
						}
					}
				}
				return true
			})
		}
		return nil
	})
	return found, err
}
