package guard

import (
	"fmt"
	"strings"

	"github.com/d710e0ae/countersign/guard/internal/target"
)

// An operation is a method and a path, or all paths below one. It matches
// whole canonical paths only.
type operation struct {
	method string
	path   string // "" matches every path
	below  bool
}

func parseOperation(text string) (operation, error) {
	method, path, ok := strings.Cut(text, " ")
	if !ok || !isToken(method) || method != strings.ToUpper(method) {
		return operation{}, fmt.Errorf("is not a method and a path")
	}
	if path == "*" || path == "/*" {
		return operation{method: method}, nil
	}
	base, below := strings.CutSuffix(path, "/*")
	t, err := target.Parse(base)
	if err != nil || t.String() != base || t.HasQuery {
		return operation{}, fmt.Errorf("has no path as the guard forwards it")
	}
	return operation{method, t.Path, below}, nil
}

func (o operation) matches(method, path string) bool {
	if o.method != method {
		return false
	}
	if o.path == "" {
		return true
	}
	rest, ok := strings.CutPrefix(path, o.path)
	if !ok {
		return false
	}
	if o.below {
		return len(rest) > 1 && rest[0] == '/'
	}
	return rest == ""
}

type operations []operation

// parseOperations reads what check has found to be in order.
func parseOperations(list []string) operations {
	out := make(operations, 0, len(list))
	for _, text := range list {
		if o, err := parseOperation(text); err == nil {
			out = append(out, o)
		}
	}
	return out
}

func (l operations) match(method, path string) bool {
	for _, o := range l {
		if o.matches(method, path) {
			return true
		}
	}
	return false
}
