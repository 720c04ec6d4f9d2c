package guard

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	yamlerrors "github.com/goccy/go-yaml"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// maxConfig bounds a configuration file, in bytes.
const maxConfig = 1 << 20

// LoadConfig reads a configuration file. Every mistake in it is reported at
// once, in the order of its lines, as cfgerrors with file, line and column.
// Relative file names in it start from its folder.
func LoadConfig(path string) (*Config, error) {
	c, errs := readConfig(path)
	if c != nil {
		errs.Join("", c.check())
	}
	if err := inOrder(errs.Err()); err != nil {
		return nil, err
	}
	return c, nil
}

// inOrder sorts mistakes as a reader meets them.
func inOrder(err error) error {
	if err == nil {
		return nil
	}
	list := slices.Collect(cfgerrors.All(err))
	slices.SortStableFunc(list, func(a, b *cfgerrors.Error) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Column - b.Pos.Column
	})
	var out cfgerrors.List
	for _, e := range list {
		out.Add(e)
	}
	return out.Err()
}

func readConfig(path string) (*Config, *cfgerrors.List) {
	l := &loader{file: path, errs: &cfgerrors.List{}}
	text, err := readBounded(path, maxConfig)
	if err != nil {
		l.errs.Add(&cfgerrors.Error{Key: "configuration", Code: cfgerrors.Unavailable, Problem: err.Error(), Instead: "name a file that can be read", Pos: cfgerrors.Position{File: path, Line: 1, Column: 1}})
		return nil, l.errs
	}
	c := DefaultConfig()
	c.dir = filepath.Dir(path)
	c.pos[""] = cfgerrors.Position{File: path, Line: 1, Column: 1} // of what is missing
	l.into = c
	if !l.parse(text) {
		return nil, l.errs
	}
	return c, l.errs
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s is longer than %v", path, Size(limit))
	}
	return b, nil
}

// A loader walks the syntax of a file and gathers what is wrong with it.
type loader struct {
	file string
	into *Config
	errs *cfgerrors.List
}

func (l *loader) at(n ast.Node) cfgerrors.Position {
	p := cfgerrors.Position{File: l.file}
	if t := n.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}

func (l *loader) wrong(key string, n ast.Node, code cfgerrors.Code, value, problem, instead string) {
	l.errs.Add(&cfgerrors.Error{Key: key, Code: code, Value: value, Problem: problem, Instead: instead, Pos: l.at(n)})
}

// parse reports whether the file could be read as YAML at all.
func (l *loader) parse(text []byte) bool {
	// The parser's own duplicate error would end the reading at the first.
	text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")) // some editors write a byte order mark
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		e := &cfgerrors.Error{Key: "configuration", Code: cfgerrors.Malformed, Problem: "is not YAML", Instead: "write settings as key: value, and sections below their name", Pos: cfgerrors.Position{File: l.file, Line: 1, Column: 1}}
		var syntax *yamlerrors.SyntaxError
		if errors.As(err, &syntax) {
			e.Problem += ": " + syntax.Message
			if syntax.Token != nil && syntax.Token.Position != nil {
				e.Pos.Line, e.Pos.Column = syntax.Token.Position.Line, syntax.Token.Position.Column
			}
		}
		l.errs.Add(e)
		return false
	}
	var docs []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.NullType && d.Body.Type() != ast.CommentType {
			docs = append(docs, d.Body)
		}
	}
	if len(docs) > 1 {
		l.wrong("configuration", docs[1], cfgerrors.Duplicate, "", "is a second document in the file", "write one")
	}
	if len(docs) > 0 {
		l.section("", docs[0])
	}
	return true
}

func (l *loader) section(prefix string, n ast.Node) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	case *ast.NullNode:
		return
	default:
		key := prefix
		if key == "" {
			key = "configuration"
		}
		l.wrong(key, n, cfgerrors.Malformed, "", "is not a mapping of settings", "write its settings below it, each as key: value")
		return
	}
	seen := map[string]bool{}
	for _, v := range values {
		l.entry(prefix, v, seen)
	}
}

func (l *loader) entry(prefix string, v *ast.MappingValueNode, seen map[string]bool) {
	name, ok := v.Key.(*ast.StringNode)
	if !ok {
		l.wrong(v.Key.String(), v.Key, cfgerrors.Malformed, "", "is not a plain key", "write out each setting; anchors, aliases and merges are not read")
		return
	}
	key := name.Value
	if strings.Contains(key, ".") {
		section, rest, _ := strings.Cut(key, ".")
		l.wrong(key, v.Key, cfgerrors.Unknown, "", "there is no such setting", "write "+rest+" below "+section)
		return
	}
	if prefix != "" {
		key = prefix + "." + key
	}
	if seen[key] {
		l.wrong(key, v.Key, cfgerrors.Duplicate, "", "stands twice", "keep one of the two")
		return
	}
	seen[key] = true
	s, section := lookup(key)
	switch {
	case section:
		l.into.pos[key] = l.at(v.Key)
		l.section(key, v.Value)
	case s == nil:
		l.wrong(key, v.Key, cfgerrors.Unknown, "", "there is no such setting", suggest(prefix, key))
	case s.isList():
		l.into.pos[key] = l.at(v.Value)
		l.list(s, v.Value)
	default:
		l.into.pos[key] = l.at(v.Value)
		l.scalar(s, v.Value)
	}
}

// suggest names the setting that was probably meant, or those that there are.
func suggest(prefix, key string) string {
	best, distance := "", 3
	var all []string
	for i := range table {
		name := table[i].key
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok || prefix != "" && rest[0] != '.' {
			continue
		}
		rest = strings.TrimPrefix(rest, ".")
		rest, _, _ = strings.Cut(rest, ".")
		if slices.Contains(all, rest) {
			continue
		}
		all = append(all, rest)
		if d := editDistance(rest, key[strings.LastIndexByte(key, '.')+1:]); d < distance {
			best, distance = rest, d
		}
	}
	if best != "" {
		return "write " + best
	}
	return "there are " + strings.Join(all, ", ")
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			last, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, last+cost)
		}
	}
	return row[len(b)]
}

func (l *loader) list(s *setting, n ast.Node) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		l.wrong(s.key, n, cfgerrors.Malformed, "", "is not a list", "write it in brackets: ["+strings.TrimSpace(scalarText(n))+"]")
		return
	}
	out := make([]string, 0, len(seq.Values))
	for i, v := range seq.Values {
		key := s.key + "[" + strconv.Itoa(i) + "]"
		l.into.pos[key] = l.at(v)
		text, ok := scalar(v)
		if !ok || text == "" || !isText(v) {
			l.wrong(key, v, cfgerrors.Malformed, "", "is not a text", "write one text for each entry, in quotes where it looks like a number")
			continue
		}
		out = append(out, text)
	}
	*s.field(l.into).(*[]string) = out
}

func (l *loader) scalar(s *setting, n ast.Node) {
	text, ok := scalar(n)
	if !ok {
		if n.Type() == ast.NullType {
			l.wrong(s.key, n, cfgerrors.Missing, "", "has no value", "write one, or leave the key out")
			return
		}
		l.wrong(s.key, n, cfgerrors.Malformed, "", "is not a single value", "write it as key: value")
		return
	}
	if problem := s.mistaken(n); problem != "" {
		instead := "write it in quotes"
		switch {
		case s.otherwise == "true" || s.otherwise == "false":
			instead = "write " + s.otherwise
		case s.otherwise != "":
			instead = "write for example " + s.otherwise
		}
		l.wrong(s.key, n, cfgerrors.Malformed, text, problem, instead)
		return
	}
	if s.isSecret() {
		l.secret(s, n, text)
		return
	}
	if err := s.read(l.into, text); err != nil {
		code, problem, instead := cfgerrors.Malformed, err.Error(), ""
		var v *valueError
		if errors.As(err, &v) {
			problem, instead = v.problem, v.instead
			if v.outOfRange {
				code = cfgerrors.OutOfRange
			}
		}
		l.wrong(s.key, n, code, text, problem, instead)
		// A value that was refused must not lead to a second message.
		s.reset(l.into)
	}
}

// secret reads env:NAME. A secret that stands in the file itself ends up in
// repositories and backups.
func (l *loader) secret(s *setting, n ast.Node, text string) {
	name, ok := strings.CutPrefix(text, "env:")
	if !ok {
		l.wrong(s.key, n, cfgerrors.Dangerous, "", "a secret must not stand in the configuration file", "write env:NAME, or use "+s.key+"_file")
		return
	}
	value, ok := os.LookupEnv(name)
	if !ok || value == "" {
		l.wrong(s.key, n, cfgerrors.Unavailable, text, "the environment variable is not set", "set "+name)
		return
	}
	s.read(l.into, value)
}

func isText(n ast.Node) bool {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return true
	}
	return false
}

// mistaken says what is wrong with a value of another type than the JSON
// Schema demands: what stands in quotes is a text, and 12 is none.
func (s *setting) mistaken(n ast.Node) string {
	_, number := n.(*ast.IntegerNode)
	_, word := n.(*ast.BoolNode)
	switch s.field(&Config{}).(type) {
	case *bool:
		if !word {
			return "is neither true nor false"
		}
	case *int:
		if !number {
			return "is not a whole number"
		}
	case *Size:
		if !number && !isText(n) {
			return "is not a size in bytes, KiB, MiB or GiB"
		}
	case *time.Duration:
		if !isText(n) {
			return "is not a duration"
		}
	default:
		if !isText(n) {
			return "is no text"
		}
	}
	return ""
}

// scalar returns the text of a scalar as it stands in the file, so that
// 010 and 1_000 mean what they say to whoever reads them as text.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func scalarText(n ast.Node) string {
	if t, ok := scalar(n); ok && n.GetToken().Type != token.DoubleQuoteType {
		return t
	}
	return "…"
}
