// Package fix mends in source what can be mended mechanically: cookie flags,
// CORS origins and credentials, the list of algorithms, the end of a token. It
// changes arguments of calls and adds an import, and nothing that it cannot
// parse again afterwards.
package fix

import (
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/audit/pysrc"
	"github.com/d710e0ae/countersign/internal/finding"
)

// An edit replaces bytes [start, end) of a file by text.
type edit struct {
	start, end int
	text       string
}

// An argument is one that a call should have.
type argument struct{ name, value string }

// remedies are the arguments that mend each weakness. What is asked for of
// cross-site cookies stays a decision for people: SameSite=None is not
// replaced where a frontend on another site needs it.
var remedies = map[string][]argument{
	"cookie-not-httponly":     {{"httponly", "True"}},
	"cookie-not-secure":       {{"secure", "True"}},
	"cookie-samesite-missing": {{"samesite", `"strict"`}},
	"jwt-no-algorithms":       {{"algorithms", `["HS256"]`}},
}

// rewrites are the remedies that look at the call first.
var rewrites = map[string]func(*pysrc.File, *pysrc.Call) []edit{
	"cors-credentials-any-origin":   corsAnyOrigin,
	"cors-credentials-loose-origin": corsString,
	"jwt-no-expiry":                 addExpiry,
}

// keywordOf are the names under which libraries take the same flag.
var keywordOf = map[string]map[string]string{
	"CookieTransport":   {"httponly": "cookie_httponly", "secure": "cookie_secure", "samesite": "cookie_samesite"},
	"SessionMiddleware": {"secure": "https_only", "samesite": "same_site"},
}

// Apply returns the text of a file with those findings of it mended that can
// be, and how many were. Where the outcome would hold more syntax errors than
// before, nothing is changed.
func Apply(path string, text []byte, findings []finding.Finding) ([]byte, int) {
	f := pysrc.Parse(path, text)
	var edits []edit
	fixed := 0
	for _, x := range findings {
		args, rewrite := remedies[x.Weakness], rewrites[x.Weakness]
		if args == nil && rewrite == nil || x.Location == nil || x.Location.File != path {
			continue
		}
		call := callAt(f, x.Location.Line, x.Location.Column)
		if call == nil {
			continue
		}
		n := len(edits)
		for _, a := range args {
			edits = addArgument(edits, f, call, a)
		}
		if rewrite != nil {
			edits = append(edits, rewrite(f, call)...)
		}
		if len(edits) > n {
			fixed++
		}
	}
	if fixed == 0 {
		return text, 0
	}
	out := splice(text, edits)
	if pysrc.Parse(path, out).Errors > f.Errors {
		return text, 0
	}
	return out, fixed
}

func callAt(f *pysrc.File, line, column int) *pysrc.Call {
	var found *pysrc.Call
	pysrc.InspectAll(f.Body, func(n pysrc.Node) bool {
		if c, ok := n.(*pysrc.Call); ok {
			if p := f.Position(c.Start); p.Line == line && (column == 0 || p.Column == column) && found == nil {
				found = c
			}
		}
		return found == nil
	})
	return found
}

// addArgument sets a keyword argument of a call. Positional ones and **kwargs
// are left to people.
func addArgument(edits []edit, f *pysrc.File, call *pysrc.Call, a argument) []edit {
	for class, names := range keywordOf {
		if strings.Contains(f.Text(call.Span), class) {
			if n, ok := names[a.name]; ok {
				a.name = n
			} else {
				return edits
			}
		}
	}
	if len(call.Args) == 0 {
		return edits
	}
	for _, arg := range call.Args {
		if arg.Star != 0 {
			return edits
		}
		if arg.Name == a.name {
			r := arg.Value.Range()
			return append(edits, edit{int(r.Start), int(r.End), a.value})
		}
	}
	if positional(call) > 5 {
		return edits
	}
	last := call.Args[len(call.Args)-1]
	sep := ", "
	if f.Position(call.Start).Line != f.Position(last.Start).Line {
		// One argument a line: the new one goes on its own too.
		text := f.LineText(f.Position(last.Start).Line)
		sep = ",\n" + text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	}
	return append(edits, edit{int(last.End), int(last.End), sep + a.name + "=" + a.value})
}

func positional(call *pysrc.Call) int {
	n := 0
	for _, a := range call.Args {
		if a.Name == "" {
			n++
		}
	}
	return n
}

// splice applies edits; of two that overlap the first counts, and insertions
// at one place follow each other.
func splice(text []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	var out []byte
	at := 0
	for i, e := range edits {
		if e.start < at || i > 0 && e == edits[i-1] {
			continue
		}
		out = append(out, text[at:e.start]...)
		out = append(out, e.text...)
		at = e.end
	}
	return append(out, text[at:]...)
}
