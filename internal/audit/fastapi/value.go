package fastapi

import (
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// A Place is a stretch of a file: of Python source, or of settings (.env).
type Place struct {
	File *pysrc.File
	Span pysrc.Span
}

// IsZero reports whether the place is unknown.
func (p Place) IsZero() bool { return p.File == nil }

// InSettings reports whether the place stands in a file of settings.
func (p Place) InSettings() bool { return p.File != nil && p.File.Plain }

// FileName returns the file's path within its tree.
func (p Place) FileName() string {
	if p.File == nil {
		return ""
	}
	return p.File.Path
}

// Start returns line and column of the first character.
func (p Place) Start() pysrc.Position {
	if p.File == nil {
		return pysrc.Position{Column: 1}
	}
	return p.File.Position(p.Span.Start)
}

// EndLine returns the line of the last character.
func (p Place) EndLine() int {
	if p.File == nil {
		return 0
	}
	return p.File.Position(max(p.Span.Start, p.Span.End-1)).Line
}

// Kind is the sort of a Value.
type Kind uint8

const (
	Unknown Kind = iota
	Str
	Num
	Bool
	None
	List // also tuples and sets
	Dict
	Func
	ClassKind
	ObjectKind
	External // something that a library defines, by its dotted name
	ModuleKind
	Random // made at run time, so that no one can know it beforehand
	Union  // one of Alts
)

// A Value is what is known of a Python value without running anything.
// Values are shared and never changed once made, except the attributes of an
// Object.
type Value struct {
	Kind   Kind
	Bool   bool
	Text   string // of Str; dotted name of External
	Num    float64
	Elems  []*Value // of List, values of Dict
	Keys   []*Value // of Dict, beside Elems
	Alts   []*Value // of Union
	Fn     *Function
	Class  *Class
	Object *Object
	Module *Module

	At      Place     // where a literal stands
	Sources []*Source // what of the request it was made of
	Env     string    // the environment variable that may replace it
	// Default is what the source says where .env says otherwise; of a value
	// that the environment decides, what it is where nothing is set.
	Default *Value
	Method  string // of an unknown or external receiver: see Recv
	Recv    *Value
	Call    *Call  // that it is the result of
	Of      *Value // what it was taken out of by index
}

// SourceKind is where in a request something comes from.
type SourceKind uint8

const (
	FromCookie SourceKind = iota
	FromHeader
	FromBearer // the Authorization header, through a security class
	FromQuery
	FromForm
	FromBody
	FromPath
	FromSession // Starlette's signed session cookie
)

// A Source is one read of a part of the request.
type Source struct {
	Kind     SourceKind
	Name     string // lower case for headers; "" where it is not known
	Required bool   // the request is refused without it
	At       Place
	Chain    []Place // the calls that led there, the outermost first
	Aside    bool    // read where Call.Aside is true
	Presence bool    // only whether it is there is asked
}

// A Function is a function or lambda with where it was defined.
type Function struct {
	Decl   *pysrc.FuncDef
	Lambda *pysrc.Lambda
	Module *Module
	scope  *scope
	Self   *Value // of a bound method
	Class  *Class // that defines it
	Bound  []bound
	// Wraps are what decorators of the program put in the function's place, the
	// innermost first.
	Wraps []*Function
	// Required says that Starlette's requires refuses whom no backend knows.
	Required Place
}

// bound is an argument that functools.partial fixed.
type bound struct {
	name  string
	value *Value
}

// Name returns the function's name.
func (f *Function) Name() string {
	if f.Decl != nil {
		return f.Decl.Name
	}
	return "lambda"
}

// A Class is a class of the program.
type Class struct {
	Decl   *pysrc.ClassDef
	Module *Module
	Bases  []*Value
	scope  *scope
	mro    atomic.Pointer[[]*Class]
}

// An Object is an instance, of a Class or of what a library defines.
type Object struct {
	Class *Class
	Qual  string // the library's dotted name, "" for a plain instance of Class
	Attrs map[string]*Value
	Args  Args // of its construction
	At    Place
	route *Router
	run   *run // that made it; nil for what loading made
	// elsewhere says that nothing here made it, so that its constructor has not
	// yet run.
	elsewhere bool
}

// Args are the evaluated arguments of a call.
type Args struct {
	Pos []*Value
	Kw  map[string]*Value
	// Open says that * or ** handed on what is not known.
	Open bool
}

// Get returns an argument by name, or by position where that is not negative.
func (a Args) Get(name string, pos int) *Value {
	if v, ok := a.Kw[name]; ok {
		return v
	}
	if pos >= 0 && pos < len(a.Pos) {
		return a.Pos[pos]
	}
	return nil
}

var (
	unknown   = &Value{}
	noneValue = &Value{Kind: None}
	random    = &Value{Kind: Random}
)

func str(s string, at Place) *Value { return &Value{Kind: Str, Text: s, At: at} }
func boolean(b bool) *Value         { return &Value{Kind: Bool, Bool: b} }

// plain reports whether nothing is known of a value but what it was made of.
func (v *Value) plain() bool {
	return v.Kind == Unknown && v.Env == "" && v.Method == "" && v.Recv == nil && v.Call == nil && v.Of == nil && v.Default == nil && len(v.Elems) == 0
}

// maxSources bounds how many sources one value remembers.
const maxSources = 12

// with returns v as made of those sources too.
func (v *Value) with(srcs []*Source) *Value {
	if len(srcs) == 0 {
		return v
	}
	out := *v
	out.Sources = mergeSources(v.Sources, srcs)
	if len(out.Sources) == len(v.Sources) {
		return v
	}
	return &out
}

func mergeSources(a, b []*Source) []*Source {
	if len(a) == 0 {
		return b
	}
	out := a[:len(a):len(a)]
next:
	for _, s := range b {
		for _, t := range out {
			if s == t || s.Kind == t.Kind && s.Name == t.Name && s.At == t.At {
				continue next
			}
		}
		if len(out) >= maxSources {
			break
		}
		out = append(out, s)
	}
	return out
}

// sourcesOf collects what values are made of, looking into displays.
func sourcesOf(vs ...*Value) []*Source {
	var out []*Source
	for _, v := range vs {
		out = deepSources(out, v, 0)
	}
	return out
}

func deepSources(out []*Source, v *Value, depth int) []*Source {
	if v == nil || depth > 3 {
		return out
	}
	out = mergeSources(out, v.Sources)
	for _, list := range [][]*Value{v.Elems, v.Alts} {
		for i, e := range list {
			if i == 32 {
				break
			}
			out = deepSources(out, e, depth+1)
		}
	}
	return out
}

// AllSources returns what the value is made of, looking into displays.
func (v *Value) AllSources() []*Source { return sourcesOf(v) }

// maxAlts bounds the alternatives of a union.
const maxAlts = 6

// join returns a value that is one of both.
func join(a, b *Value) *Value {
	switch {
	case a == nil || a == b:
		return b
	case b == nil:
		return a
	}
	var alts []*Value
	for _, v := range []*Value{a, b} {
		if v.Kind == Union {
			for _, x := range v.Alts {
				alts = addAlt(alts, x)
			}
		} else {
			alts = addAlt(alts, v)
		}
	}
	srcs := mergeSources(a.Sources, b.Sources)
	if len(alts) == 1 {
		return alts[0].with(srcs)
	}
	return &Value{Kind: Union, Alts: alts, Sources: srcs}
}

func addAlt(alts []*Value, v *Value) []*Value {
	for _, x := range alts {
		if x == v || sameConst(x, v) {
			return alts
		}
	}
	if len(alts) >= maxAlts {
		return alts
	}
	return append(alts, v)
}

func sameConst(a, b *Value) bool {
	if a.Kind != b.Kind || a.Env != b.Env || len(a.Sources)+len(b.Sources) > 0 {
		return false
	}
	switch a.Kind {
	case Str, External:
		return a.Text == b.Text && a.At == b.At
	case Num:
		return a.Num == b.Num
	case Bool:
		return a.Bool == b.Bool
	case None, Random:
		return true
	case ObjectKind:
		return a.Object == b.Object
	case Unknown:
		return a.Method == "" && b.Method == ""
	}
	return false
}

// Each calls visit for the value, or for each of its alternatives.
func (v *Value) Each(visit func(*Value)) {
	if v == nil {
		return
	}
	if v.Kind != Union {
		visit(v)
		return
	}
	for _, a := range v.Alts {
		a.Each(visit)
	}
}

// Truth returns whether the value is true, and whether that is known. A
// setting that the environment may replace is taken by its default.
func (v *Value) Truth() (truth, known bool) {
	switch v.Kind {
	case Str:
		return v.Text != "", true
	case Num:
		return v.Num != 0, true
	case Bool:
		return v.Bool, true
	case None:
		return false, true
	case Func, ClassKind, ModuleKind:
		return true, true
	}
	return false, false
}

// Usual returns whether the value is true where the environment says nothing
// else, and whether that is known.
func (v *Value) Usual() (truth, known bool) {
	if t, known := v.Truth(); known {
		return t, true
	}
	if v.Default != nil {
		return v.Default.Truth()
	}
	return false, false
}

// usually returns what the value is where the environment says nothing.
func (v *Value) usually() *Value {
	if v.Kind == Unknown && v.Default != nil {
		return v.Default
	}
	return v
}

// Lookup returns the value of a key of a Dict, or nil.
func (v *Value) Lookup(key string) *Value {
	if v == nil || v.Kind != Dict {
		return nil
	}
	for i := len(v.Keys) - 1; i >= 0; i-- {
		if k := v.Keys[i]; k != nil && k.Kind == Str && k.Text == key {
			return v.Elems[i]
		}
	}
	return nil
}

// Is reports whether the value is, or may be, what a library calls one of the
// dotted names, or an instance of it.
func (v *Value) Is(quals ...string) bool {
	found := false
	v.Each(func(x *Value) {
		q := x.Text
		switch {
		case x.Kind == External:
		case x.Kind == ObjectKind:
			q = x.Object.Qual
		default:
			return
		}
		for _, w := range quals {
			if q == w {
				found = true
			}
		}
	})
	return found
}

// String describes a value for messages; secrets never go through it.
func (v *Value) String() string {
	switch v.Kind {
	case Str:
		return strconv.Quote(v.Text)
	case Num:
		return strconv.FormatFloat(v.Num, 'g', -1, 64)
	case Bool:
		if v.Bool {
			return "True"
		}
		return "False"
	case None:
		return "None"
	case External:
		return v.Text
	case List:
		var parts []string
		for _, e := range v.Elems {
			parts = append(parts, e.String())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return "…"
}
