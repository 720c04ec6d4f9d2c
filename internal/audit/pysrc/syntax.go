// Package pysrc reads Python source: it finds the files of a tree, decodes
// them, and parses them into a small syntax that tolerates errors and newer
// grammar. It never runs anything.
//
// The parser is this package's own. Lowering a tree-sitter tree costs a call
// into C for every step from node to node, which alone is slower than the
// whole audit may be; a tree-sitter grammar serves as the oracle of the tests.
package pysrc

// A Span is a range of bytes [Start, End) of a file's decoded text.
type Span struct{ Start, End int32 }

// Range returns the span itself; it makes every node a Node.
func (s Span) Range() Span { return s }

// A Node is a piece of syntax.
type Node interface{ Range() Span }

// An Expr is an expression.
type Expr interface {
	Node
	expr()
}

// A Stmt is a statement.
type Stmt interface {
	Node
	stmt()
}

type (
	// Name is an identifier.
	Name struct {
		Span
		ID string
	}
	// Attr is X.Name.
	Attr struct {
		Span
		X    Expr
		Name string
	}
	// Call is Fn(Args).
	Call struct {
		Span
		Fn   Expr
		Args []Arg
	}
	// Str is a string or bytes literal, adjacent literals joined.
	Str struct {
		Span
		Value  string // with escapes undone; for f-strings the literal text
		Bytes  bool
		Format bool   // an f-string or template string
		Number int32  // among the file's literals; 0 has none
		Parts  []Expr // of an f-string in order: Str for text, anything else for fields
	}
	// Num is a number, as written.
	Num struct {
		Span
		Text   string
		Number int32 // as of Str
	}
	// Const is True, False, None or Ellipsis.
	Const struct {
		Span
		Kind   ConstKind
		Number int32 // as of Str
	}
	// Seq is a list, tuple or set display.
	Seq struct {
		Span
		Kind SeqKind
		Elts []Expr
	}
	// Dict is a dict display.
	Dict struct {
		Span
		Items []DictItem
	}
	// Index is X[Key].
	Index struct {
		Span
		X, Key Expr
	}
	// Slice is Low:High:Step inside an Index; each may be nil.
	Slice struct {
		Span
		Low, High, Step Expr
	}
	// Binary is an arithmetic or bitwise operation.
	Binary struct {
		Span
		Op   string
		L, R Expr
	}
	// Logic is a chain of "and" or "or".
	Logic struct {
		Span
		Or bool
		Xs []Expr
	}
	// Compare is a chain of comparisons; Ops[i] stands before Xs[i+1]. "not in"
	// and "is not" are one operator each.
	Compare struct {
		Span
		Ops []string
		Xs  []Expr
	}
	// Unary is "not", "-", "+" or "~".
	Unary struct {
		Span
		Op string
		X  Expr
	}
	// Cond is Then if Test else Else.
	Cond struct {
		Span
		Test, Then, Else Expr
	}
	// Lambda is an anonymous function.
	Lambda struct {
		Span
		Params []Param
		Body   Expr
	}
	// Await is await X.
	Await struct {
		Span
		X Expr
	}
	// Yield is yield X or yield from X; X may be nil.
	Yield struct {
		Span
		X    Expr
		From bool
	}
	// Star is *X (or **X, Double) where no argument list holds it.
	Star struct {
		Span
		X      Expr
		Double bool
	}
	// Comp is a comprehension or generator.
	Comp struct {
		Span
		Kind     SeqKind
		Key, Elt Expr // Key only in a dict comprehension
		Clauses  []Clause
	}
	// Walrus is Target := X.
	Walrus struct {
		Span
		Target *Name
		X      Expr
	}
	// Bad is what could not be parsed.
	Bad struct{ Span }
)

// ConstKind tells the constants apart.
type ConstKind uint8

const (
	None ConstKind = iota
	True
	False
	Ellipsis
)

// SeqKind tells displays and comprehensions apart.
type SeqKind uint8

const (
	List SeqKind = iota
	Tuple
	Set
	Mapping
	Generator
)

// An Arg is one argument of a call or one base of a class.
type Arg struct {
	Span
	Name  string // of a keyword argument
	Star  int    // 1 for *Value, 2 for **Value
	Value Expr
}

// A DictItem is Key: Value, or **Value where Key is nil.
type DictItem struct{ Key, Value Expr }

// A Clause is one "for … in … if …" of a comprehension.
type Clause struct {
	Target, Iter Expr
	Ifs          []Expr
}

// A Param is one parameter of a function.
type Param struct {
	Span
	Name    string
	Ann     Expr // may be nil
	Default Expr // may be nil
	Star    int  // 1 for *args, 2 for **kwargs
	KwOnly  bool
}

type (
	// FuncDef is a function or method.
	FuncDef struct {
		Span
		Name       string
		NameSpan   Span
		Params     []Param
		Returns    Expr
		Body       []Stmt
		Decorators []Expr
		Async      bool
	}
	// ClassDef is a class.
	ClassDef struct {
		Span
		Name       string
		Bases      []Arg
		Body       []Stmt
		Decorators []Expr
	}
	// Assign is Targets = Value, Target: Ann = Value (Value may be nil then)
	// or Target Op= Value.
	Assign struct {
		Span
		Targets []Expr
		Ann     Expr
		Op      string // "" or "+", "-", "|" …
		Value   Expr
	}
	// ExprStmt is an expression as a statement.
	ExprStmt struct {
		Span
		X Expr
	}
	// Return is return X; X may be nil.
	Return struct {
		Span
		X Expr
	}
	// Raise is raise X from Cause; both may be nil.
	Raise struct {
		Span
		X, Cause Expr
	}
	// If is if Test: Body else: Else; elif is an If in Else.
	If struct {
		Span
		Test       Expr
		Body, Else []Stmt
	}
	// For is for Target in Iter.
	For struct {
		Span
		Target, Iter Expr
		Body, Else   []Stmt
	}
	// While is a while loop.
	While struct {
		Span
		Test       Expr
		Body, Else []Stmt
	}
	// Try is a try statement.
	Try struct {
		Span
		Body     []Stmt
		Handlers []Handler
		Else     []Stmt
		Finally  []Stmt
	}
	// With is a with statement.
	With struct {
		Span
		Items []WithItem
		Body  []Stmt
	}
	// Import is import A.B as C, ….
	Import struct {
		Span
		Names []Alias
	}
	// FromImport is from ..Module import Names; Level counts the dots.
	FromImport struct {
		Span
		Module string
		Level  int
		Names  []Alias
	}
	// Assert is assert Test, Message; Message may be nil.
	Assert struct {
		Span
		Test, Message Expr
	}
	// Delete is del Targets.
	Delete struct {
		Span
		Targets []Expr
	}
	// Global is global or nonlocal.
	Global struct {
		Span
		Names []string
	}
	// Match is a match statement.
	Match struct {
		Span
		Subject Expr
		Cases   []Case
	}
	// Simple is pass, break or continue.
	Simple struct {
		Span
		Word string
	}
	// BadStmt is a line that could not be parsed.
	BadStmt struct{ Span }
)

// A Handler is one except clause.
type Handler struct {
	Type Expr // may be nil
	Name string
	Body []Stmt
}

// A WithItem is Context as Target.
type WithItem struct{ Context, Target Expr }

// An Alias is Name as As; As is "" where there is none.
type Alias struct {
	Span
	Name, As string
}

// A Case is one case of a match; its pattern is kept as an expression.
type Case struct {
	Pattern, Guard Expr
	Body           []Stmt
}

func (*Name) expr()    {}
func (*Attr) expr()    {}
func (*Call) expr()    {}
func (*Str) expr()     {}
func (*Num) expr()     {}
func (*Const) expr()   {}
func (*Seq) expr()     {}
func (*Dict) expr()    {}
func (*Index) expr()   {}
func (*Slice) expr()   {}
func (*Binary) expr()  {}
func (*Logic) expr()   {}
func (*Compare) expr() {}
func (*Unary) expr()   {}
func (*Cond) expr()    {}
func (*Lambda) expr()  {}
func (*Await) expr()   {}
func (*Yield) expr()   {}
func (*Star) expr()    {}
func (*Comp) expr()    {}
func (*Walrus) expr()  {}
func (*Bad) expr()     {}

func (*FuncDef) stmt()    {}
func (*ClassDef) stmt()   {}
func (*Assign) stmt()     {}
func (*ExprStmt) stmt()   {}
func (*Return) stmt()     {}
func (*Raise) stmt()      {}
func (*If) stmt()         {}
func (*For) stmt()        {}
func (*While) stmt()      {}
func (*Try) stmt()        {}
func (*With) stmt()       {}
func (*Import) stmt()     {}
func (*FromImport) stmt() {}
func (*Assert) stmt()     {}
func (*Delete) stmt()     {}
func (*Global) stmt()     {}
func (*Match) stmt()      {}
func (*Simple) stmt()     {}
func (*BadStmt) stmt()    {}
