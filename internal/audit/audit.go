// Package audit reads FastAPI source and says where a request can be forged,
// where CORS is loose, and where cookies or JWT handling are weak. It runs
// nothing and dials nothing.
package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
	"github.com/d710e0ae/countersign/internal/audit/rules"
	"github.com/d710e0ae/countersign/internal/finding"
)

// A Config says what to audit. Paths must not be empty.
type Config struct {
	Paths []string // folders or files
	All   bool     // tests, docs and migrations too

	// CacheDir is a folder in which results are kept by what was read; ""
	// keeps none.
	CacheDir string

	// ChangedFiles, where not nil, are the files to speak of, relative to
	// their path or as given; the whole program is read all the same, since a
	// change in one file is seen through others.
	ChangedFiles []string

	// Alone says that the process does nothing else, and that its garbage may be
	// collected as suits an audit, from then on.
	Alone bool

	Tool   finding.Tool
	Logger *slog.Logger

	keepsAll bool // of what routes do, for tests
}

// A UsageError is a path that cannot be audited.
type UsageError struct {
	Path string
	Err  error
}

func (e *UsageError) Error() string {
	why := e.Err.Error()
	var pe *fs.PathError
	if errors.As(e.Err, &pe) {
		why = pe.Err.Error()
	}
	return fmt.Sprintf("%s: %s; give a folder or a file of Python source", e.Path, strings.TrimPrefix(why, e.Path+": "))
}

func (e *UsageError) Unwrap() error { return e.Err }

// ErrNoPaths says that there is nothing to audit.
var ErrNoPaths = errors.New("no path: say which folder or file to audit")

// Run audits, tells h as it goes, and returns the report. Its error joins a
// *UsageError for every path that cannot be read; then nothing is audited.
// Where ctx ends, the report holds what was found so far and says so.
func Run(ctx context.Context, cfg Config, h finding.Handler) (*finding.Report, error) {
	if len(cfg.Paths) == 0 {
		return nil, ErrNoPaths
	}
	var trees []*pysrc.Tree
	var wrong []error
	for _, p := range cfg.Paths {
		t, err := pysrc.Walk(p, cfg.All)
		if err != nil {
			wrong = append(wrong, &UsageError{p, err})
			continue
		}
		trees = append(trees, t)
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	if cfg.Alone {
		collectSeldom(trees)
	}
	collector := finding.NewCollector(finding.Audit, cfg.Tool, strings.Join(cfg.Paths, " "), time.Now(), h)
	files := 0
	for i, t := range trees {
		n, err := auditTree(ctx, cfg, cfg.Paths[i], t, collector)
		files += n
		if err != nil {
			collector.Incomplete(err.Error())
			break
		}
	}
	collector.Cover(0, files)
	return collector.Report(time.Now()), nil
}

// auditTree audits one path and returns how many files it read.
func auditTree(ctx context.Context, cfg Config, root string, t *pysrc.Tree, c *finding.Collector) (int, error) {
	for _, s := range t.Skipped {
		c.Note("left out " + s)
	}
	if t.Excluded > 0 {
		c.Note(fmt.Sprintf("left out %d Python files of tests, docs and migrations; --all reads them too", t.Excluded))
	}
	key := ""
	if cfg.CacheDir != "" {
		key = cacheKey(cfg, root, t)
		if out, ok := loadCache(cfg.CacheDir, key); ok {
			out.tell(cfg, c)
			return out.Files, nil
		}
	}
	src, err := read(ctx, t, c)
	if err != nil {
		return len(src.python), err
	}
	out := judge(cfg, src)
	out.Files = len(t.Files)
	if err := ctx.Err(); err != nil {
		return out.Files, fmt.Errorf("interrupted: %w", err)
	}
	if cfg.CacheDir != "" {
		if err := saveCache(cfg.CacheDir, key, out); err != nil && cfg.Logger != nil {
			cfg.Logger.Warn("the cache could not be written", "dir", cfg.CacheDir, "err", err)
		}
	}
	out.tell(cfg, c)
	return out.Files, nil
}

// A result is what one tree gave, as the cache keeps it.
type result struct {
	Findings   []finding.Finding   `json:"findings"`
	Operations []finding.Operation `json:"operations"`
	Notes      []string            `json:"notes"`
	Files      int                 `json:"files"`
}

func (r result) tell(cfg Config, c *finding.Collector) {
	for _, n := range r.Notes {
		c.Note(n)
	}
	for _, o := range r.Operations {
		c.Operation(o)
	}
	for _, f := range r.Findings {
		if cfg.ChangedFiles == nil || changed(cfg.ChangedFiles, f) {
			c.Finding(f)
		}
	}
}

// changed reports whether a finding, or a place that belongs to it, stands in
// one of the files.
func changed(files []string, f finding.Finding) bool {
	match := func(name string) bool {
		return slices.ContainsFunc(files, func(c string) bool {
			c = filepath.ToSlash(c)
			return c == name || strings.HasSuffix(c, "/"+name) || strings.HasSuffix(name, "/"+c)
		})
	}
	if f.Location != nil && match(f.Location.File) {
		return true
	}
	return slices.ContainsFunc(f.Related, func(r finding.Related) bool { return match(r.File) })
}

// source is a tree that was read.
type source struct {
	python   []*pysrc.File
	pages    []rules.Page
	settings []fastapi.Setting
	ignored  map[string]bool   // settings files that .gitignore names
	texts    map[string]string // of pages and settings files

	documents map[string]*document

	lax, strict bool // what files of requirements say of FastAPI
}

// yaml returns the settings files as the program may read them.
func (s source) yaml() map[string]fastapi.Document {
	out := map[string]fastapi.Document{}
	for name, d := range s.documents {
		out[name] = d
	}
	return out
}

// read parses a tree's files, on as many processors as there are.
func read(ctx context.Context, t *pysrc.Tree, c *finding.Collector) (source, error) {
	src := source{ignored: map[string]bool{}, texts: map[string]string{}, documents: map[string]*document{}}
	parsed := make([]*pysrc.File, len(t.Files))
	texts := make([]string, len(t.Files))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				e := t.Files[i]
				if e.Kind == pysrc.YAMLFile { // read only where the program does
					continue
				}
				raw, err := e.Read()
				if err == nil && e.Kind == pysrc.Python {
					var text []byte
					if text, err = pysrc.Decode(raw); err == nil {
						parsed[i] = pysrc.Parse(e.Path, text)
					}
				} else if err == nil {
					texts[i] = string(raw)
				}
				if err != nil {
					c.Note("left out " + e.Path + ": " + plain(err))
				}
			}
		})
	}
	var stopped error
feed:
	for i := range t.Files {
		select {
		case next <- i:
		case <-ctx.Done():
			stopped = fmt.Errorf("interrupted: %w", ctx.Err())
			break feed
		}
	}
	close(next)
	wg.Wait()
	forms := map[string]string{}
	noteBroken(parsed, c)
	for i, e := range t.Files {
		switch {
		case parsed[i] != nil:
			src.python = append(src.python, parsed[i])
		case e.Kind == pysrc.YAMLFile:
			if e.Size <= maxYAMLBytes {
				src.documents[e.Path] = &document{entry: e}
			}
		case texts[i] == "":
		case e.Kind == pysrc.Frontend:
			if !vendored(texts[i]) {
				src.pages = append(src.pages, rules.Page{Path: e.Path, Text: texts[i]})
				src.texts[e.Path] = texts[i]
			}
		case e.Kind == pysrc.EnvFile:
			src.ignored[e.Path] = e.Ignored
			src.texts[e.Path] = texts[i]
			src.settings = append(src.settings, envSettings(e.Path, texts[i])...)
		case e.Kind == pysrc.EnvForm:
			forms[e.Path] = texts[i]
		case e.Kind == pysrc.Pins:
			if lax, pinned := laxPin(texts[i]); pinned {
				src.lax, src.strict = src.lax || lax, src.strict || !lax
			}
		}
	}
	src.compose(forms)
	return src, stopped
}

// maxBroken bounds the files that are named for what is no Python in them: a
// tree of Python 2 has thousands.
const maxBroken = 10

// noteBroken says what could not be parsed.
func noteBroken(files []*pysrc.File, c *finding.Collector) {
	n := 0
	for _, f := range files {
		if f == nil || f.Errors == 0 {
			continue
		}
		if n++; n > maxBroken {
			continue
		}
		what := fmt.Sprintf("a statement that is no Python 3, in line %d", f.Failed)
		if f.Errors > 1 {
			what = fmt.Sprintf("%d statements that are no Python 3, the first in line %d", f.Errors, f.Failed)
		}
		c.Note(fmt.Sprintf("left out of %s: %s", f.Path, what))
	}
	if n > maxBroken {
		c.Note(fmt.Sprintf("%d more files have statements that are no Python 3, which were left out", n-maxBroken))
	}
}

func plain(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// vendored reports whether a script looks minified: other people's code.
func vendored(text string) bool {
	lines := strings.Count(text, "\n") + 1
	return len(text) > 20_000 && len(text)/lines > 300
}

// judge runs the program's model and the rules.
func judge(cfg Config, src source) result {
	var out result
	if !usesFastAPI(src.python) {
		out.Notes = append(out.Notes, "no FastAPI was found here: nothing in these files imports it")
		return out
	}
	j := rules.NewJudge()
	if cfg.keepsAll {
		j.KeepAll()
	}
	p := fastapi.Load(src.python, src.settings, src.yaml(), libraries.Modules(), j.Hear)
	byPath := map[string]*pysrc.File{}
	for _, f := range src.python {
		byPath[f.Path] = f
	}
	lineText := func(file string, line int) string {
		if f := byPath[file]; f != nil {
			return f.LineText(line)
		}
		if d := src.documents[file]; d != nil {
			return textLine(d.text, line)
		}
		return textLine(src.texts[file], line)
	}
	judged := j.Judge(rules.Input{
		Program: p, Pages: src.pages,
		Committed: func(path string) bool { return !src.ignored[path] },
		LineText:  lineText,
		LaxBodies: src.lax && !src.strict,
	})
	out.Findings, out.Notes = suppress(judged.Findings, src)
	if p.Cut {
		out.Notes = append(out.Notes, "the program is larger than audit follows: some calls were not looked into")
	}
	for _, r := range p.Routes {
		if r.Method != "WEBSOCKET" {
			at := r.At.Start()
			out.Operations = append(out.Operations, finding.Operation{
				OperationRef: finding.OperationRef{Method: r.Method, Path: path.Clean("/" + r.Path)},
				ChangesState: r.Method != "GET" && r.Method != "HEAD" && r.Method != "OPTIONS",
				Credential:   judged.Credentials[r], Reason: "read in source, not exercised",
				Location: &finding.Location{File: r.At.FileName(), Line: at.Line, Column: at.Column, EndLine: r.At.EndLine()},
			})
		}
	}
	return out
}

// textLine returns a line of a text; lines count from 1.
func textLine(text string, line int) string {
	n := 0
	for l := range strings.SplitSeq(text, "\n") {
		if n++; n == line {
			return l
		}
	}
	return ""
}

// usesFastAPI reports whether anything imports FastAPI or Starlette.
func usesFastAPI(files []*pysrc.File) bool {
	for _, f := range files {
		found := false
		pysrc.Statements(f.Body, func(s pysrc.Stmt) bool {
			switch s := s.(type) {
			case *pysrc.FromImport:
				found = found || framework(s.Module)
			case *pysrc.Import:
				for _, a := range s.Names {
					found = found || framework(a.Name)
				}
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

func framework(module string) bool {
	first, _, _ := strings.Cut(module, ".")
	return first == "fastapi" || first == "starlette"
}
