package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
)

// NotADocument says that data is no document of an API, and what it is.
type NotADocument struct{ Reason string }

func (e *NotADocument) Error() string { return "no OpenAPI document: " + e.Reason }

// maxDepth bounds the nesting of documents and of generated values.
const maxDepth = 200

func decode(data []byte) (map[string]any, error) {
	if len(data) > MaxDocument {
		return nil, &NotADocument{fmt.Sprintf("it is larger than %d MiB", MaxDocument>>20)}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(trimmed) == 0:
		return nil, &NotADocument{"it is empty"}
	case !utf8.Valid(data):
		return nil, &NotADocument{"it is not UTF-8"}
	case trimmed[0] == '<':
		return nil, &NotADocument{"it is " + looksLike(trimmed)}
	}
	var v any
	if trimmed[0] == '{' || trimmed[0] == '[' {
		if depth(trimmed) > maxDepth {
			return nil, &NotADocument{fmt.Sprintf("it is nested deeper than %d", maxDepth)}
		}
		if err := json.Unmarshal(trimmed, &v); err != nil {
			return nil, &NotADocument{"it is broken JSON: " + err.Error()}
		}
	} else if err := yaml.Unmarshal(trimmed, &v); err != nil {
		return nil, &NotADocument{"it is neither JSON nor YAML: " + firstLine(err.Error())}
	}
	root, ok := plain(v, 0).(map[string]any)
	if !ok {
		return nil, &NotADocument{"it is " + looksLike(trimmed) + ", not an object"}
	}
	return root, nil
}

// depth is how deep the brackets of JSON nest, strings left out.
func depth(data []byte) int {
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
	start := strings.ToLower(string(bytes.TrimSpace(data)[:min(64, len(bytes.TrimSpace(data)))]))
	switch {
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"):
		return "an HTML page"
	case strings.HasPrefix(start, "<"):
		return "XML"
	case strings.HasPrefix(start, "{"), strings.HasPrefix(start, "["):
		return "JSON"
	}
	return "text"
}

// plain makes what YAML gives like what JSON gives: string keys, float64.
func plain(v any, level int) any {
	if level > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = plain(e, level+1)
		}
		return v
	case map[any]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[fmt.Sprint(k)] = plain(e, level+1)
		}
		return m
	case []any:
		for i, e := range v {
			v[i] = plain(e, level+1)
		}
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	}
	return v
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case File:
		return string(v)
	case float64:
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
