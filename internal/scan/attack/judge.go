package attack

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// A Reading is what an answer means.
type Reading int

const (
	Unclear   Reading = iota // cannot be told from what the controls taught
	Accepted                 // looks as success looks
	Refused                  // looks as a refusal looks
	Malformed                // refused for what the request is, before anyone asked who sends it
)

func (r Reading) String() string {
	return [...]string{"unclear", "accepted", "refused", "malformed"}[r]
}

// A Judge has learnt from controls how success and refusal look for one
// operation. The zero Judge has learnt nothing.
type Judge struct {
	yes, no []look
}

// Success teaches what a legitimate request is answered.
func (j *Judge) Success(r *client.Response) { j.yes = append(j.yes, lookAt(r)) }

// Refusal teaches what a request without any credential is answered.
func (j *Judge) Refusal(r *client.Response) { j.no = append(j.no, lookAt(r)) }

// Clone returns an independent copy.
func (j *Judge) Clone() *Judge {
	return &Judge{yes: slices.Clone(j.yes), no: slices.Clone(j.no)}
}

// Blind reports whether success and refusal look the same, so that nothing
// can be told from an answer.
func (j *Judge) Blind() bool {
	for _, y := range j.yes {
		for _, n := range j.no {
			if y.same(n) {
				return true
			}
		}
	}
	return false
}

// Read says what an answer means.
func (j *Judge) Read(r *client.Response) Reading {
	l := lookAt(r)
	like := func(known []look) bool { return slices.ContainsFunc(known, l.same) }
	yes, no := like(j.yes), like(j.no)
	switch {
	case yes && no:
		return Unclear
	case no:
		return Refused
	case yes:
		return Accepted
	}
	switch {
	case r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden:
		return Refused
	case r.Status == http.StatusBadRequest || r.Status == http.StatusUnsupportedMediaType || r.Status == http.StatusUnprocessableEntity:
		return Malformed
	case r.Status >= 400 || r.Status < 200:
		return Unclear
	case r.Status >= 300:
		return Unclear // leads elsewhere than success and refusal do
	case l.failure && !slices.ContainsFunc(j.yes, func(y look) bool { return y.failure }):
		return Refused // 2xx with an error in the body
	case len(j.yes) == 0:
		return Unclear
	}
	// Success of another look: the same kind of answer with other members.
	y := j.yes[0]
	if y.status/100 != 2 || y.kind != l.kind {
		return Unclear
	}
	if overlap(y.paths, l.paths) {
		return Accepted
	}
	// More members than before, where no refusal is a success: the thing has
	// grown.
	if !slices.ContainsFunc(j.no, func(n look) bool { return n.status/100 == 2 }) && holds(l.paths, y.paths) {
		return Accepted
	}
	return Unclear
}

// Failed reports whether an answer calls itself a failure whatever its status,
// in the members by which JSON APIs do so.
func Failed(r *client.Response) bool {
	if !strings.Contains(strings.ToLower(r.Header.Get("Content-Type")), "json") {
		return false
	}
	body, _ := r.JSON()
	members, _ := body.(map[string]any)
	for k, v := range members {
		switch strings.ToLower(k) {
		case "ok", "success", "succeeded":
			if v == false {
				return true
			}
		case "error", "errors":
			if v != nil && v != false && v != "" && v != 0.0 && !empty(v) {
				return true
			}
		case "status", "result":
			if text, _ := v.(string); slices.Contains([]string{"error", "fail", "failed", "failure"}, strings.ToLower(text)) {
				return true
			}
		}
	}
	return false
}

// holds reports whether every top-level member of part is among all.
func holds(all, part []string) bool {
	return len(part) > 1 && !slices.ContainsFunc(part, func(p string) bool {
		_, ok := slices.BinarySearch(all, p)
		return !ok
	})
}

// A look is what of an answer stays the same from one call to the next.
type look struct {
	status  int
	kind    string            // json, html, text, empty, other
	paths   []string          // of the top-level members, sorted
	fixed   map[string]string // members whose values tell outcomes apart
	leads   string            // path of a redirect
	failure bool              // says that something failed
}

func lookAt(r *client.Response) look {
	l := look{status: r.Status}
	if to := r.Header.Get("Location"); to == "" {
		// As most answers have none.
	} else if loc, err := url.Parse(to); err == nil {
		l.leads = digits(loc.Path)
		q := strings.ToLower(loc.RawQuery)
		if strings.Contains(q, "error") || strings.Contains(q, "login") || strings.Contains(q, "next=") {
			l.leads += "?" + digits(loc.RawQuery)
			l.failure = true
		}
	}
	ct := strings.ToLower(r.Header.Get("Content-Type"))
	text := bytes.TrimSpace(r.Body)
	switch {
	case len(text) == 0:
		l.kind = "empty"
	case strings.Contains(ct, "json") || text[0] == '{' || text[0] == '[':
		v, ok := r.JSON()
		if !ok {
			l.kind = "text"
			break
		}
		l.kind = "json"
		l.members("", v, 0)
		slices.Sort(l.paths)
		l.paths = slices.Compact(l.paths)
	case strings.Contains(ct, "html"):
		l.kind = "html"
		body := string(text)
		l.fix("title", digits(between(body, "<title>", "</title>")))
		lower := strings.ToLower(body)
		if strings.Contains(lower, `type="password"`) || strings.Contains(lower, `type=password`) {
			l.fix("password", "asked")
		}
	default:
		l.kind = "text"
	}
	if l.kind == "text" {
		body := string(text)
		l.fix("text", digits(first(body, 200)))
		l.failure = failing(body)
	}
	return l
}

func between(s, a, b string) string {
	_, s, ok := strings.Cut(s, a)
	if !ok {
		return ""
	}
	s, _, _ = strings.Cut(s, b)
	return first(s, 200)
}

func first(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// fix keeps a value that tells outcomes apart.
func (l *look) fix(name, value string) {
	if l.fixed == nil {
		l.fixed = map[string]string{}
	}
	l.fixed[name] = value
}

// has notes a member, if it is one of the top level.
func (l *look) has(path, end string) {
	if strings.Count(path, "/")+strings.Count(end, "/") <= 1 {
		l.paths = append(l.paths, path+end)
	}
}

// members records the shape of a JSON value, three levels deep; of a list its
// first element alone.
func (l *look) members(path string, v any, depth int) {
	switch v := v.(type) {
	case map[string]any:
		l.has(path, "{}")
		if depth == 3 {
			return
		}
		for k, e := range v {
			l.member(path+"/", k, e, depth)
		}
	case []any:
		l.has(path, "[]")
		if len(v) > 0 && depth < 3 {
			l.members(path+"//0", v[0], depth+1)
		}
	case string:
		l.fix(path, words(v))
		l.failure = l.failure || failing(v)
	case bool, nil, float64:
		l.has(path, "=")
		if v == nil || v == false {
			l.fix(path, "no")
		}
	}
}

// member records a member of an object.
func (l *look) member(path, key string, v any, depth int) {
	name := strings.ToLower(key)
	switch v := v.(type) {
	case nil:
		l.has(path, key)
	case bool:
		l.has(path, key)
		if outcome(name) {
			l.fix(path+key, strconv.FormatBool(v))
			if v == (name == "error" || name == "failed") {
				l.failure = true
			}
		}
	case string:
		l.has(path, key)
		switch {
		case outcome(name):
			l.fix(path+key, digits(first(v, 200)))
			if v != "" && (strings.HasPrefix(name, "error") || failing(v)) {
				l.failure = true
			}
		case says(name):
			l.fix(path+key, words(v))
			l.failure = l.failure || failing(v)
		}
	case float64:
		l.has(path, key)
		if name == "code" || name == "status" || name == "status_code" || name == "errno" {
			l.fix(path+key, strconv.FormatFloat(v, 'g', -1, 64))
			if v >= 400 && v < 600 {
				l.failure = true
			}
		}
	default:
		if (name == "error" || name == "errors") && !empty(v) {
			l.failure = true
		}
		l.members(path+key, v, depth+1)
	}
}

func empty(v any) bool {
	switch v := v.(type) {
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// outcome reports whether a member of that name says how things went.
func outcome(name string) bool {
	switch name {
	case "ok", "success", "succeeded", "successful", "status", "result", "error", "errors", "failed", "code", "error_code", "error_description", "state", "authenticated":
		return true
	}
	return false
}

// says reports whether a member of that name speaks to people.
func says(name string) bool {
	switch name {
	case "message", "msg", "detail", "details", "reason", "info", "title", "description":
		return true
	}
	return false
}

var failures = []string{"error", "fail", "denied", "forbidden", "unauthor", "not authenticated", "not authorized", "not allowed", "invalid", "expired", "required", "missing", "rejected", "refused", "csrf", "log in", "login", "no permission", "insufficient"}

func failing(s string) bool {
	s = strings.ToLower(first(s, 300))
	return slices.ContainsFunc(failures, func(f string) bool { return strings.Contains(s, f) })
}

// digits puts one mark for each run of digits, which change from call to
// call.
func digits(s string) string {
	var b strings.Builder
	in := false
	for _, r := range s {
		if r >= '0' && r <= '9' {
			if !in {
				b.WriteByte('#')
			}
			in = true
			continue
		}
		in = false
		b.WriteRune(r)
	}
	return b.String()
}

// words returns the first words of a sentence without what changes in it:
// words with digits, and all past the sixth.
func words(s string) string {
	var out []string
	for _, w := range strings.Fields(strings.ToLower(first(s, 200))) {
		if strings.ContainsAny(w, "0123456789@") {
			w = "#"
		}
		out = append(out, w)
		if len(out) == 6 {
			break
		}
	}
	return strings.Join(out, " ")
}

func (l look) same(o look) bool {
	if l.status != o.status || l.kind != o.kind || l.leads != o.leads || l.failure != o.failure {
		return false
	}
	if !overlap(l.paths, o.paths) {
		return false
	}
	for k, v := range l.fixed {
		if w, ok := o.fixed[k]; ok && w != v && !similar(v, w) {
			return false
		}
	}
	return true
}

// overlap reports whether two sets of members belong to one kind of answer:
// the top-level ones are nearly the same.
func overlap(a, b []string) bool {
	if len(a) == 0 && len(b) == 0 {
		return true
	}
	both := 0
	for _, p := range a {
		if _, ok := slices.BinarySearch(b, p); ok {
			both++
		}
	}
	return 4*both >= 3*max(len(a), len(b))
}

// similar reports whether two sentences are one with other names in it.
func similar(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) < 3 || len(x) != len(y) {
		return false
	}
	differ := 0
	for i := range x {
		if x[i] != y[i] {
			differ++
		}
	}
	return 3*differ <= len(x)
}
