package csrf

import (
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/cfgerrors"
)

// exemptions are requests that are not checked.
type exemptions []exemption

type exemption struct {
	method string
	path   string
	below  bool // all that lies below path
}

func parseExemptions(list []string, errs *cfgerrors.List) exemptions {
	var out exemptions
	for i, text := range list {
		key := "exempt[" + strconv.Itoa(i) + "]"
		method, at, ok := strings.Cut(text, " ")
		if !ok || method != "*" && !token(method) || method != strings.ToUpper(method) || !strings.HasPrefix(at, "/") {
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Malformed, Value: text, Problem: "is not a method and a path", Instead: "write it as POST /webhooks/stripe"})
			continue
		}
		base, below := strings.CutSuffix(at, "/*")
		switch {
		case base == "" && below || method == "*":
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.Dangerous, Value: text, Problem: "exempts everything", Instead: "name the one path that another server calls"})
		case strings.ContainsAny(base, "*?#%;\\{} \t\r\n\x00") || path.Clean(base) != base:
			errs.Add(&cfgerrors.Error{Key: key, Code: cfgerrors.NeverWorks, Value: text, Problem: "is no path that a router sees", Instead: "write the plain path, with /* at its end for all below it"})
		default:
			out = append(out, exemption{method, base, below})
		}
	}
	return out
}

// match compares with the path as it is. One that a router would clean, or
// that hides something by percent-encoding, is never exempt (CVE-2025-47910).
func (e exemptions) match(r *http.Request) bool {
	p := r.URL.Path
	if p == "" || p[0] != '/' || r.URL.RawPath != "" || strings.ContainsAny(p, ";\\\x00%") || path.Clean(p) != p && path.Clean(p)+"/" != p {
		return false
	}
	for _, x := range e {
		if x.method != r.Method {
			continue
		}
		if rest, ok := strings.CutPrefix(p, x.path); ok && (rest == "" && !x.below || x.below && len(rest) > 1 && rest[0] == '/') {
			return true
		}
	}
	return false
}
