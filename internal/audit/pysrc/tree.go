package pysrc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Limits of a tree. A file or folder beyond them is left out, and told.
const (
	MaxFileBytes = 2 << 20
	maxFiles     = 100_000
	maxTreeDepth = 40
)

// Kind is the sort of a file.
type Kind uint8

const (
	Python   Kind = iota
	EnvFile       // .env and its kin
	EnvForm       // .env.example and its kin, which count where something loads them
	YAMLFile      // settings, where plain
	Frontend      // js, ts, jsx, tsx, vue, svelte, html
	Pins          // requirements and locks, which say what versions are installed
)

// An Entry is a file of the tree.
type Entry struct {
	Path    string // relative to the root, with forward slashes
	Abs     string
	Kind    Kind
	Size    int64
	ModTime int64 // nanoseconds since 1970
	Ignored bool  // .gitignore names it; only .env files are listed then
}

// A Tree is what was found under one path.
type Tree struct {
	Files    []Entry
	Excluded int      // Python files left out by default: tests, docs, migrations
	Skipped  []string // what was left out for another reason, and why
}

// Walk lists the files under root, which may be a file. Symbolic links are
// followed only where root itself is one: what they point to inside the tree
// is listed at its own place, and what lies outside is not ours to read. With
// all set, tests, docs and migrations are listed too. An error means that
// root cannot be read at all.
func Walk(root string, all bool) (*Tree, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	t := &Tree{}
	if !info.IsDir() {
		kind, ok := kindOf(filepath.Base(root))
		if !ok {
			return nil, fmt.Errorf("%s: neither a folder nor a file that audit reads (.py, .env, .yaml, or a frontend's)", root)
		}
		t.add(Entry{Path: filepath.Base(root), Abs: root, Kind: kind, Size: info.Size(), ModTime: info.ModTime().UnixNano()})
		return t, nil
	}
	if _, err := os.ReadDir(root); err != nil {
		return nil, err
	}
	t.folder(root, "", nil, all, 0)
	slices.SortFunc(t.Files, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return t, nil
}

func (t *Tree) skip(p, why string) { t.Skipped = append(t.Skipped, p+": "+why) }

func (t *Tree) add(e Entry) {
	if e.Size > MaxFileBytes {
		if e.Kind == Python {
			t.skip(e.Path, fmt.Sprintf("%d bytes, more than the %d that audit reads", e.Size, MaxFileBytes))
		}
		return
	}
	t.Files = append(t.Files, e)
}

func (t *Tree) folder(abs, rel string, ig *ignorer, all bool, depth int) {
	if depth > maxTreeDepth {
		t.skip(rel, "nested too deep")
		return
	}
	entries, err := os.ReadDir(abs)
	if err != nil {
		t.skip(rel, reason(err))
		return
	}
	for _, e := range entries {
		if e.Name() == ".gitignore" && e.Type().IsRegular() {
			if text, err := readBounded(filepath.Join(abs, e.Name())); err == nil {
				ig = parseIgnore(ig, rel, text)
			}
		}
		if e.Name() == "pyvenv.cfg" && rel != "" {
			return // a virtual environment, whatever its name
		}
	}
	for _, e := range entries {
		name := e.Name()
		p := path.Join(rel, name)
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			continue
		case e.IsDir():
			if neverFolder[name] || strings.HasSuffix(name, ".egg-info") || ig.ignored(p, true) {
				continue
			}
			if !all && defaultFolder(name, rel) {
				t.Excluded += countPython(filepath.Join(abs, name), 0)
				continue
			}
			t.folder(filepath.Join(abs, name), p, ig, all, depth+1)
		case e.Type().IsRegular():
			if strings.HasSuffix(name, ".ipynb") {
				t.skip(p, "a notebook, which audit does not read")
				continue
			}
			kind, ok := kindOf(name)
			if !ok {
				continue
			}
			ignored := ig.ignored(p, false)
			if ignored && kind != EnvFile {
				continue
			}
			if !all && kind == Python && testFile(name) {
				t.Excluded++
				continue
			}
			if len(t.Files) >= maxFiles {
				t.skip(p, "more files than audit reads")
				return
			}
			info, err := e.Info()
			if err != nil {
				t.skip(p, reason(err))
				continue
			}
			t.add(Entry{p, filepath.Join(abs, name), kind, info.Size(), info.ModTime().UnixNano(), ignored})
		}
	}
}

func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

func kindOf(name string) (Kind, bool) {
	lower := strings.ToLower(name)
	switch path.Ext(lower) {
	case ".py", ".pyw":
		return Python, true
	case ".yml", ".yaml":
		return YAMLFile, true
	case ".js", ".ts", ".jsx", ".tsx", ".vue", ".svelte", ".html", ".htm", ".mjs":
		if strings.HasSuffix(lower, ".min.js") || strings.HasSuffix(lower, ".d.ts") || strings.Contains(lower, ".test.") || strings.Contains(lower, ".spec.") {
			return 0, false
		}
		return Frontend, true
	case ".txt":
		return Pins, strings.Contains(lower, "requirements")
	case ".toml", ".lock":
		switch lower {
		case "pyproject.toml", "poetry.lock", "uv.lock", "pdm.lock":
			return Pins, true
		}
		return 0, false
	}
	if lower == "pipfile" {
		return Pins, true
	}
	return envKind(lower)
}

// envKind tells the files that hold settings in force, as .env and
// .env.production do, from .env.example and its like, which are forms to fill in.
func envKind(lower string) (Kind, bool) {
	if lower != ".env" && !strings.HasPrefix(lower, ".env.") && !strings.HasSuffix(lower, ".env") {
		return 0, false
	}
	for _, w := range []string{"example", "sample", "template", "dist", "default", "test", "tpl", "tmpl"} {
		if strings.Contains(lower, w) {
			return EnvForm, true
		}
	}
	if slices.Contains(strings.FieldsFunc(lower, func(r rune) bool { return strings.ContainsRune(".-_", r) }), "ex") {
		return EnvForm, true
	}
	return EnvFile, true
}

// neverFolder holds what belongs to tools and other people's code.
var neverFolder = map[string]bool{
	".git": true, ".hg": true, ".svn": true, "node_modules": true, "site-packages": true, "__pycache__": true,
	".venv": true, "venv": true, ".tox": true, ".nox": true, ".mypy_cache": true, ".pytest_cache": true,
	".ruff_cache": true, ".eggs": true, "bower_components": true, ".next": true, ".nuxt": true, ".svelte-kit": true,
	".idea": true, ".vscode": true, "__pypackages__": true, "virtualenv": true, ".cache": true, "htmlcov": true,
}

// defaultFolder reports whether a folder is left out unless all is asked for.
func defaultFolder(name, rel string) bool {
	switch strings.ToLower(name) {
	case "tests", "test", "testing", "docs", "doc", "docs_src", "migrations", "alembic", "__tests__", "e2e", "cypress", "vendor", "third_party", "dist":
		return true
	}
	return strings.EqualFold(name, "versions") && strings.Contains(strings.ToLower(rel), "migration")
}

func testFile(name string) bool {
	return strings.HasPrefix(name, "test_") || strings.HasSuffix(name, "_test.py") || strings.HasSuffix(name, "_tests.py") || name == "conftest.py" || name == "tests.py"
}

func countPython(dir string, depth int) int {
	entries, err := os.ReadDir(dir)
	if err != nil || depth > maxTreeDepth {
		return 0
	}
	n := 0
	for _, e := range entries {
		switch {
		case e.IsDir() && !neverFolder[e.Name()]:
			n += countPython(filepath.Join(dir, e.Name()), depth+1)
		case e.Type().IsRegular() && strings.HasSuffix(e.Name(), ".py"):
			n++
		}
	}
	return n
}

// Read returns a file's bytes. It refuses what grew beyond MaxFileBytes since
// it was listed.
func (e Entry) Read() ([]byte, error) { return readBounded(e.Abs) }

func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Grow(int(min(info.Size(), MaxFileBytes)) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(f, MaxFileBytes+1)); err != nil {
		return nil, err
	}
	if b.Len() > MaxFileBytes {
		return nil, fmt.Errorf("more than %d bytes", MaxFileBytes)
	}
	return b.Bytes(), nil
}
