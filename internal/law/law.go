// Package law checks which package of this module imports which. Its test
// holds the whole tree to the law of ARCHITECTURE.md, which quotes it.
package law

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Law says what each package may import. Packages are named by their
// folders; "a/..." stands for a and all below it.
type Law struct {
	may       []clause // the first clause whose subject matches decides
	forbidden []clause
}

type clause struct {
	subject string
	objects []string
}

// Parse reads a law, one clause a line: "subject: objects" says that subject
// may import the objects and nothing else of the module; "subject ! objects"
// says that it must not import these packages, of the module or not. Blank
// lines and what follows # are ignored.
func Parse(text string) (*Law, error) {
	var l Law
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		at := strings.IndexAny(line, ":!")
		if at < 0 {
			return nil, fmt.Errorf("line %d: no ':' or '!' in %q", i+1, line)
		}
		for _, subject := range strings.Fields(line[:at]) {
			c := clause{subject, strings.Fields(line[at+1:])}
			if line[at] == ':' {
				l.may = append(l.may, c)
			} else {
				l.forbidden = append(l.forbidden, c)
			}
		}
	}
	return &l, nil
}

// Check returns one sentence for each import that breaks the law and for each
// package that the law does not know. Imports maps the module's packages, by
// folder, to what they import: folders for packages of the module, import
// paths for others.
func (l *Law) Check(imports map[string][]string) []string {
	var broken []string
	for _, pkg := range slices.Sorted(maps.Keys(imports)) {
		i := slices.IndexFunc(l.may, func(c clause) bool { return matches(c.subject, pkg) })
		if i < 0 {
			broken = append(broken, pkg+" has no clause in the law: say what it may import")
			continue
		}
		for _, imp := range imports[pkg] {
			_, ours := imports[imp]
			if ours && imp != pkg && !matchesAny(l.may[i].objects, imp) {
				broken = append(broken, fmt.Sprintf("%s imports %s, which the law does not allow", pkg, imp))
			}
			for _, f := range l.forbidden {
				if matches(f.subject, pkg) && matchesAny(f.objects, imp) {
					broken = append(broken, fmt.Sprintf("%s imports %s, which the law forbids it", pkg, imp))
				}
			}
		}
	}
	return broken
}

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

func matches(pattern, pkg string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	return pattern == pkg
}

// Imports reads the imports of every package of the module at root, leaving
// out tests, test data and modules nested below. Folders are relative to
// root, with slashes.
func Imports(root, module string) (map[string][]string, error) {
	imports := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			name := d.Name()
			if path != root && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || nestedModule(path)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(dir)
		if imports[pkg] == nil {
			imports[pkg] = []string{}
		}
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if rest, ok := strings.CutPrefix(imp, module+"/"); ok {
				imp = rest
			}
			if !slices.Contains(imports[pkg], imp) {
				imports[pkg] = append(imports[pkg], imp)
			}
		}
		return nil
	})
	return imports, err
}

func nestedModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
