// Package fastapi reads a FastAPI program out of its syntax: it follows
// values through modules, settings, dependencies and helpers, without running
// anything, and says for each route what it does with a request.
//
// It works as an interpreter over what is known: every function is entered
// with the values of its call, both branches of a condition are taken unless
// the condition is decided, loops run once or over what is known, and what a
// library does is a Call with its arguments.
package fastapi

import (
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/d710e0ae/countersign/internal/audit/libraries"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// A Module is one Python file.
type Module struct {
	File     *pysrc.File
	Path     string
	Package  bool     // an __init__.py
	number   int      // among the program\'s
	imports  []string // names of the modules that it imports, anywhere
	scope    *scope
	state    moduleState
	stars    []*Module
	literals []atomic.Pointer[Value] // by their numbers, less one
}

type moduleState uint8

const (
	unread moduleState = iota
	running
	done
)

func (m *Module) dir() string { return path.Dir(m.Path) }

// A Program is everything that was read.
type Program struct {
	Modules []*Module
	Routes  []*Route
	Top     *Trace // what modules do when they are imported
	Rest    *Trace // what functions do that no route reaches
	// Cut says that the program was too large to be followed to the end.
	Cut bool

	env           map[string][]*Value // of .env files, by name in lower case
	deployed      map[string][]*Value // of what starts the program, likewise
	documents     map[string]Document
	documentPaths []string // sorted

	loaded, built []part   // by the numbers of modules
	admin         []*Route // of pages for administration
	rest          []*Trace // by the numbers of modules
	flat          int      // routes found so far

	byPath    map[string]*Module
	folded    map[string]*Module   // by path in lower case, for systems to which case is nothing
	inside    map[string][]*Module // by the folder of the package that they are modules of
	suffixes  map[string][]*Module
	known     map[string]bool // first names of libraries
	methods   map[string]bool // of classes, by names that tell much
	byName    once[known]     // what byMethod found, by module and name
	names     once[called]
	externals once[*Value]
	budget    int             // steps left for everything
	configs   map[*Class]Args // what objects that configure libraries were made of
	entered   map[pysrc.Node]bool
	fields    [][]map[string]*Value // what ConfigFields returns, by the number of the module
	secrets   [][]*Value            // what SecretFields returns, likewise
	witness   Witness
	parts     map[string]*Value // of every request that runs by itself
}

// Setting is a line of a settings file.
type Setting struct {
	Name, Value string
	At          Place
	// Deployed says that it is what something that starts the program hands it,
	// and not what the program loads.
	Deployed bool
}

// A Witness looks at what one thing did, as soon as it has run: a route, or,
// with no route, a module or a function that no route reaches. What is not
// taken out of the trace is kept to the end. It is called from several
// goroutines at once, and again where a route must run again.
type Witness func(r *Route, t *Trace)

// Load reads a program from its parsed files, the lines of its .env files, and
// the settings files that it may open, by their path.
func Load(files []*pysrc.File, settings []Setting, documents map[string]Document, libraries map[string]bool, witness Witness) *Program {
	p := newProgram(files, settings, documents, libraries, witness)
	p.run()
	return p
}

func newProgram(files []*pysrc.File, settings []Setting, documents map[string]Document, libraries map[string]bool, witness Witness) *Program {
	p := &Program{
		Top: &Trace{}, Rest: &Trace{}, env: map[string][]*Value{}, deployed: map[string][]*Value{}, documents: documents, byPath: map[string]*Module{}, folded: map[string]*Module{}, inside: map[string][]*Module{},
		suffixes: map[string][]*Module{}, known: libraries, entered: map[pysrc.Node]bool{}, parts: newRequestParts(), configs: map[*Class]Args{}, methods: map[string]bool{},
		budget: stepsAll + stepsFile*len(files), witness: witness,
	}
	for _, s := range settings {
		k := strings.ToLower(s.Name)
		v := &Value{Kind: Str, Text: s.Value, At: s.At, Env: s.Name}
		if s.Deployed {
			p.deployed[k] = append(p.deployed[k], v)
			continue
		}
		p.env[k] = append(p.env[k], v)
	}
	for name := range documents {
		p.documentPaths = append(p.documentPaths, name)
	}
	sortStrings(p.documentPaths)
	for _, f := range files {
		m := &Module{number: len(p.Modules), File: f, Path: f.Path, Package: path.Base(f.Path) == "__init__.py"}
		m.scope = newModuleScope(m)
		m.literals = make([]atomic.Pointer[Value], f.Literals)
		p.Modules = append(p.Modules, m)
		p.noteMethods(f)
		p.byPath[f.Path] = m
		p.folded[strings.ToLower(f.Path)] = m
		folder := m.dir()
		if m.Package {
			folder = path.Dir(folder)
		}
		p.inside[folder] = append(p.inside[folder], m)
		dotted := strings.Split(strings.TrimSuffix(strings.TrimSuffix(f.Path, ".py"), "/__init__"), "/")
		for i := max(0, len(dotted)-6); i+1 < len(dotted); i++ {
			k := strings.Join(dotted[i:], "/")
			p.suffixes[k] = append(p.suffixes[k], m)
		}
	}
	return p
}

// find returns the module of a dotted name as seen from m, or nil where the
// program holds none.
func (p *Program) find(m *Module, dotted string, level int) *Module {
	rel := strings.ReplaceAll(dotted, ".", "/")
	if level > 0 {
		base := m.dir()
		for range level - 1 {
			base = path.Dir(base)
		}
		return p.at(below(base, rel))
	}
	if rel == "" {
		return nil
	}
	first, _, _ := strings.Cut(dotted, ".")
	lib := p.known[first]
	if framework[first] {
		// Also where the program is the framework's own repository: what it
		// does is known here, and not worth following.
		return nil
	}
	// The folders of Python's path are, as a rule, those above the importing
	// file that are no packages themselves.
	for base := m.dir(); ; base = path.Dir(base) {
		if _, pkg := p.byPath[below(base, "__init__.py")]; !pkg || !lib {
			if found := p.at(below(base, rel)); found != nil && found != m && !(lib && base != "." && p.packaged(base)) {
				return found
			}
		}
		if base == "." || base == "/" {
			break
		}
	}
	if lib {
		return nil
	}
	if found := p.at(below("src", rel)); found != nil {
		return found
	}
	if c := p.suffixes[rel]; len(c) > 0 {
		best, score := c[0], -1
		for _, x := range c {
			if n := commonPrefix(x.Path, m.Path); n > score {
				best, score = x, n
			}
		}
		return best
	}
	return nil
}

// misspelt returns the module of a dotted name as seen from m where only the
// case of its file differs, which some file systems let pass; or nil.
func (p *Program) misspelt(m *Module, dotted string, level int) *Module {
	if dotted == "" || level == 0 && (p.known[first(dotted)] || framework[first(dotted)]) {
		return nil
	}
	rel := strings.ReplaceAll(dotted, ".", "/")
	base := m.dir()
	for range level - 1 {
		base = path.Dir(base)
	}
	for ; ; base = path.Dir(base) {
		name := below(base, rel)
		for _, file := range []string{name + ".py", below(name, "__init__.py")} {
			if found := p.folded[strings.ToLower(file)]; found != nil && found.Path != file {
				return found
			}
		}
		if level > 0 || base == "." || base == "/" {
			return nil
		}
	}
}

var framework = map[string]bool{"fastapi": true, "starlette": true, "pydantic": true}

func (p *Program) packaged(dir string) bool {
	_, ok := p.byPath[below(dir, "__init__.py")]
	return ok
}

func (p *Program) at(rel string) *Module {
	if m := p.byPath[rel+".py"]; m != nil {
		return m
	}
	return p.byPath[below(rel, "__init__.py")]
}

// below is path.Join of two names that are clean, in which either may be
// empty or a dot.
func below(dir, name string) string {
	switch {
	case dir == "." || dir == "":
		return name
	case name == "":
		return dir
	case dir == "/":
		return dir + name
	}
	return dir + "/" + name
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// Settings returns what each .env file says of an environment variable, and
// what starts the program.
func (p *Program) Settings(name string) []*Value {
	k := strings.ToLower(name)
	return slices.Concat(p.env[k], p.deployed[k])
}

// ConfigFields returns, for each class and object whose fields are set in the
// source, the values of its fields by name: what libraries are configured by.
func (p *Program) ConfigFields() []map[string]*Value { return slices.Concat(p.fields...) }

// configFields returns those that a module holds.
func (in *interp) configFields(m *Module) []map[string]*Value {
	var out []map[string]*Value
	in.steps = stepsTop
	in.request = in.newRequest("", "")
	in.stack = []*frame{{scope: m.scope}}
	for _, v := range sortedValues(m.scope.all()) {
		switch {
		case v.Kind == ClassKind && v.Class.Module == m && (v.Class.extends("BaseModel", "BaseSettings") || v.Class.configures()):
			fields := map[string]*Value{}
			for k := range v.Class.scope.all() {
				if f := in.setting(v.Class, k); f != nil {
					fields[k] = f
				}
			}
			maps.Copy(fields, in.prog.configs[v.Class].Kw)
			out = append(out, fields)
		case v.Kind == ObjectKind && v.Object.Class == nil && tail(v.Object.Qual) == "AuthXConfig":
			fields := map[string]*Value{}
			maps.Copy(fields, v.Object.Args.Kw)
			maps.Copy(fields, v.Object.Attrs)
			out = append(out, fields)
		}
	}
	return out
}

// configures reports whether the class has fields by which a library keeps
// tokens.
func (c *Class) configures() bool {
	for _, l := range libraries.All() {
		if l.Config == nil {
			continue
		}
		for _, name := range []string{l.Config.Location, l.Config.Secret} {
			if _, ok := c.scope.vars[name]; ok || c.annotates(name) {
				return true
			}
		}
	}
	return false
}
