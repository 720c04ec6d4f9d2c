package audit

import (
	"strings"
	"sync"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/d710e0ae/countersign/internal/audit/fastapi"
	"github.com/d710e0ae/countersign/internal/audit/pysrc"
)

// Limits of a YAML file that is read as settings.
const (
	maxYAMLBytes  = 256 << 10
	maxYAMLValues = 5000
	maxYAMLDepth  = 12
)

// A document is a YAML file of the tree, read when the program asks for it.
type document struct {
	entry pysrc.Entry
	once  sync.Once
	text  string
	root  *fastapi.Value
}

func (d *document) load() {
	d.once.Do(func() {
		raw, err := d.entry.Read()
		if err != nil {
			return
		}
		d.text = string(raw)
		d.root = yamlValue(d.entry.Path, raw)
	})
}

// Value returns what the file holds, or nil where it is no plain mapping.
func (d *document) Value() *fastapi.Value {
	d.load()
	return d.root
}

// yamlValue reads the first document of a YAML file. Anchors, merges and tags
// make what is below them unknown.
func yamlValue(path string, raw []byte) *fastapi.Value {
	if len(raw) > maxYAMLBytes {
		return nil
	}
	f, err := parser.ParseBytes(raw, 0)
	if err != nil || len(f.Docs) == 0 || f.Docs[0].Body == nil {
		return nil
	}
	y := yamlReader{file: pysrc.NewPlain(path, string(raw)), left: maxYAMLValues}
	if v := y.value(f.Docs[0].Body, 0); v.Kind == fastapi.Dict {
		return v
	}
	return nil
}

type yamlReader struct {
	file *pysrc.File
	left int
}

func (y *yamlReader) value(n ast.Node, depth int) *fastapi.Value {
	v := &fastapi.Value{}
	if n == nil || depth > maxYAMLDepth || y.left <= 0 {
		return v
	}
	y.left--
	if t := n.GetToken(); t != nil && t.Position != nil {
		v.At = fastapi.Place{File: y.file, Span: y.file.LineSpan(t.Position.Line)}
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		v.Kind = fastapi.Dict
		for _, e := range n.Values {
			y.member(v, e, depth)
		}
	case *ast.MappingValueNode:
		v.Kind = fastapi.Dict
		y.member(v, n, depth)
	case *ast.SequenceNode:
		v.Kind = fastapi.List
		for _, e := range n.Values {
			v.Elems = append(v.Elems, y.value(e, depth+1))
		}
	case *ast.StringNode:
		// ${NAME} is filled in from the environment by whoever reads the file.
		if !strings.Contains(n.Value, "${") {
			v.Kind, v.Text = fastapi.Str, n.Value
		}
	case *ast.LiteralNode:
		v.Kind, v.Text = fastapi.Str, n.Value.Value
	case *ast.BoolNode:
		v.Kind, v.Bool = fastapi.Bool, n.Value
	case *ast.NullNode:
		v.Kind = fastapi.None
	case *ast.FloatNode:
		v.Kind, v.Num = fastapi.Num, n.Value
	case *ast.IntegerNode:
		switch i := n.Value.(type) {
		case int64:
			v.Kind, v.Num = fastapi.Num, float64(i)
		case uint64:
			v.Kind, v.Num = fastapi.Num, float64(i)
		}
	}
	return v
}

func (y *yamlReader) member(dict *fastapi.Value, e *ast.MappingValueNode, depth int) {
	key, ok := e.Key.(*ast.StringNode)
	if !ok {
		return
	}
	dict.Keys = append(dict.Keys, &fastapi.Value{Kind: fastapi.Str, Text: key.Value})
	dict.Elems = append(dict.Elems, y.value(e.Value, depth+1))
}
