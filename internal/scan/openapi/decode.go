package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pb33f/go-yaml"
	"github.com/pb33f/libopenapi/datamodel"
)

// NotADocument says that data is no document of an API, and what it is.
type NotADocument struct{ Reason string }

func (e *NotADocument) Error() string { return "no OpenAPI document: " + e.Reason }

const (
	// maxDepth bounds the nesting of documents and of generated values.
	maxDepth = 200
	// maxNodes bounds the nodes of a YAML document once its aliases are
	// written out: a kilobyte of nested aliases can stand for a terabyte.
	maxNodes = 4_000_000
)

// decode reads JSON or YAML. Reading is libopenapi's; what it read is walked
// here, since its models give up on an API where one schema is not valid, and
// what running APIs publish often is not.
func decode(data []byte) (root map[string]any, err error) {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	switch {
	case len(data) > MaxDocument:
		return nil, &NotADocument{fmt.Sprintf("it is larger than %d MiB", MaxDocument>>20)}
	case len(trimmed) == 0:
		return nil, &NotADocument{"it is empty"}
	case !utf8.Valid(trimmed):
		return nil, &NotADocument{"it is not UTF-8"}
	case trimmed[0] == '<':
		return nil, &NotADocument{"it is " + looksLike(trimmed)}
	case depth(trimmed) > maxDepth:
		return nil, &NotADocument{fmt.Sprintf("it is nested deeper than %d", maxDepth)}
	}
	// A parser that meets what its authors did not think of must not end a
	// scan of many operations.
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, &NotADocument{fmt.Sprintf("it cannot be read: %v", r)}
		}
	}()
	isJSON := trimmed[0] == '{' || trimmed[0] == '['
	var v any
	if isJSON {
		// Told apart here for the sake of the message: the YAML reader below
		// takes broken JSON for strange YAML.
		if err := json.Unmarshal(trimmed, &v); err != nil {
			return nil, &NotADocument{"it is broken JSON: " + err.Error()}
		}
	} else {
		info, err := datamodel.ExtractSpecInfo(trimmed)
		if info == nil || info.RootNode == nil {
			return nil, &NotADocument{"it is " + looksLike(trimmed) + ", neither JSON nor YAML of an API: " + firstLine(fmt.Sprint(err))}
		}
		w := &walk{left: maxNodes}
		if v, err = w.plain(info.RootNode, 0); err != nil {
			return nil, &NotADocument{err.Error()}
		}
	}
	root, ok := v.(map[string]any)
	if !ok {
		return nil, &NotADocument{"it is " + looksLike(trimmed) + ", not an object"}
	}
	return root, nil
}

// depth is how deep the brackets of JSON nest, strings left out. In YAML it
// is a lower bound that suffices: the walk has its own.
func depth(data []byte) int {
	if data[0] != '{' && data[0] != '[' {
		return 0
	}
	deepest, now, inString, escaped := 0, 0, false, false
	for _, c := range data {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped, inString = c == '\\', c != '"'
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// looksLike says what kind of text data looks like.
func looksLike(data []byte) string {
	data = bytes.TrimSpace(data)
	start := strings.ToLower(string(data[:min(512, len(data))]))
	switch {
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"), strings.HasPrefix(start, "<") && strings.Contains(start, "<html"):
		return "an HTML page"
	case strings.HasPrefix(start, "<"):
		return "XML"
	case strings.HasPrefix(start, "{"):
		return "JSON"
	case strings.HasPrefix(start, "["):
		return "a JSON list"
	}
	return "text"
}

// A walk turns YAML nodes into what JSON would have given.
type walk struct{ left int }

var (
	errTooDeep  = fmt.Errorf("it is nested deeper than %d", maxDepth)
	errTooLarge = fmt.Errorf("its aliases stand for more than %d values", maxNodes)
	errNoNode   = errors.New("it holds an empty alias")
)

func (w *walk) plain(n *yaml.Node, level int) (any, error) {
	if w.left--; w.left < 0 {
		return nil, errTooLarge
	}
	if level > maxDepth {
		return nil, errTooDeep
	}
	if n == nil {
		return nil, errNoNode
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 0 {
			return nil, nil
		}
		return w.plain(n.Content[0], level+1)
	case yaml.AliasNode:
		return w.plain(n.Alias, level+1)
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, e := range n.Content {
			v, err := w.plain(e, level+1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.MappingNode:
		return w.mapping(n, level)
	}
	return scalarNode(n), nil
}

func (w *walk) mapping(n *yaml.Node, level int) (any, error) {
	out := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		v, err := w.plain(n.Content[i+1], level+1)
		if err != nil {
			return nil, err
		}
		key := n.Content[i]
		if key.Tag == "!!merge" {
			m, _ := v.(map[string]any)
			for k, e := range m {
				if _, own := out[k]; !own {
					out[k] = e
				}
			}
			continue
		}
		out[key.Value] = v
	}
	return out, nil
}

func scalarNode(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return b
		}
	case "!!int", "!!float":
		var f float64
		if n.Decode(&f) == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	}
	return n.Value
}

// maxExact bounds the whole numbers that float64 tells from their neighbours.
const maxExact = 1 << 53

// text is a scalar as text, "" for what is none.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		if n := int64(v); float64(n) == v && -maxExact < n && n < maxExact && (n != 0 || !math.Signbit(v)) {
			return strconv.FormatInt(n, 10) // as most are; the other way takes ten times as long
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
