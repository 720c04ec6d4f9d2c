package pysrc

import "strings"

// A File is one parsed file.
type File struct {
	Path     string // as the tree names it, with forward slashes
	Body     []Stmt
	Comments []Comment // those that speak to this tool
	Errors   int       // statements that could not be parsed
	Failed   int       // the line of the first of them; 0 where there is none
	Literals int32     // how many numbers literals have, which begin at 1
	Plain    bool      // a text that is no Python, such as settings
	src      string
	lines    []int32 // where each line begins; made on first use by index
}

// Parse parses decoded text. It never fails: what is no Python becomes Bad
// nodes. Names and plain strings of the syntax are parts of one copy of the
// text, and take no memory of their own.
func Parse(path string, text []byte) *File {
	src := string(text)
	l := lexer{src: src, tokens: make([]token, 0, len(src)/4+8), steps: fieldSteps(len(src))}
	l.run()
	steps := fieldSteps(len(src))
	f := &File{Path: path, Comments: l.comments, src: src}
	p := parser{src: src, toks: l.tokens, steps: &steps, literals: &f.Literals}
	for p.tok().kind != tEOF {
		p.stmts = p.statement(p.stmts)
	}
	f.Body = exact(&p.stmts, 0)
	f.Errors = p.errors
	f.index()
	if f.Errors > 0 {
		f.Failed = f.Position(p.failed).Line
	}
	return f
}

// ParseExpr parses a text that is one expression, whose literals have no
// numbers; it returns nil where it is none.
func ParseExpr(text string) Expr {
	l := lexer{src: text, steps: fieldSteps(len(text))}
	l.run()
	steps := fieldSteps(len(text))
	p := parser{src: text, toks: l.tokens, steps: &steps}
	var body []Stmt
	for p.tok().kind != tEOF {
		body = p.statement(body)
	}
	if len(body) != 1 {
		return nil
	}
	e, ok := body[0].(*ExprStmt)
	if !ok {
		return nil
	}
	return e.X
}

// Forget takes away the syntax of the file. Of a function or class that someone
// holds on to, the name and the places stay, and those of parameters.
func (f *File) Forget() {
	Statements(f.Body, forget)
	f.Body = nil
}

func forget(s Stmt) bool {
	switch s := s.(type) {
	case *FuncDef:
		Statements(s.Body, forget)
		s.Body, s.Decorators, s.Returns = nil, nil, nil
		for i := range s.Params {
			s.Params[i].Ann, s.Params[i].Default = nil, nil
		}
	case *ClassDef:
		Statements(s.Body, forget)
		s.Body, s.Decorators, s.Bases = nil, nil, nil
	}
	return true
}

// Text returns the source between two places.
func (f *File) Text(s Span) string {
	if s.Start < 0 || int(s.End) > len(f.src) || s.Start > s.End {
		return ""
	}
	return f.src[s.Start:s.End]
}

// Source returns the decoded text.
func (f *File) Source() string { return f.src }

func (f *File) index() {
	f.lines = append(make([]int32, 0, strings.Count(f.src, "\n")+1), 0)
	for from := 0; ; {
		i := strings.IndexByte(f.src[from:], '\n')
		if i < 0 {
			return
		}
		from += i + 1
		f.lines = append(f.lines, int32(from))
	}
}

// NewPlain returns a file that is no Python, and has no syntax.
func NewPlain(path, text string) *File {
	f := &File{Path: path, Plain: true, src: text}
	f.index()
	return f
}

// LineSpan returns where a line stands; lines count from 1.
func (f *File) LineSpan(line int) Span {
	i := min(max(line, 1), len(f.lines)) - 1
	end := len(f.src)
	if i+1 < len(f.lines) {
		end = int(f.lines[i+1]) - 1
	}
	return Span{f.lines[i], int32(end)}
}

// LineText returns a line without its end; lines count from 1.
func (f *File) LineText(line int) string {
	if line < 1 || line > len(f.lines) {
		return ""
	}
	rest := f.src[f.lines[line-1]:]
	if i := strings.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	return strings.TrimRight(rest, "\r")
}
