package actor

import (
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/openapi"
	"github.com/d710e0ae/countersign/internal/scan/openapi/words"
)

// A field is one value that a body takes, and what it may be to a login.
type field struct {
	path     string // with dots between the objects that it lies in
	kind     string // of its schema
	required bool
	secret   bool // a password
	name     bool // an account's name
	rank     int  // of the name among names, the likeliest first
}

// text reports whether f is a text that has to be there and is of no known
// meaning.
func (f field) text() bool { return f.required && !f.secret && !f.name && f.kind == "string" }

func newField(path, member string, required bool, s *openapi.Schema) field {
	lower := strings.ToLower(member)
	f := field{path: path, kind: s.Type(), required: required}
	usual := slices.Index(userNames, lower)
	switch {
	case f.kind == "boolean" || f.kind == "object" || f.kind == "array" || isCSRFName(lower):
	case slices.Contains(passNames, lower) || s.Secret():
		f.secret = true
	case usual >= 0:
		f.name, f.rank = true, usual
	case words.Of(words.Secret, member):
		f.secret = true
	case s.Format() == "email" || words.Of(words.Name, member):
		f.name, f.rank = true, len(userNames)
	}
	return f
}

// maxNested bounds how deep in objects the fields of a login may lie.
const maxNested = 2

// fieldsOf returns the fields of a body's schema, those of objects in it too
// where nests is true.
func fieldsOf(s *openapi.Schema, nests bool) []field {
	var out []field
	var add func(s *openapi.Schema, prefix string, required bool, depth int)
	add = func(s *openapi.Schema, prefix string, required bool, depth int) {
		for _, p := range s.Properties() {
			at, is := s.Property(p), required && s.Required(p)
			if nests && depth < maxNested && len(at.Properties()) > 0 {
				add(at, prefix+p+".", is, depth+1)
				continue
			}
			out = append(out, newField(prefix+p, p, is, at))
		}
	}
	add(s, "", true, 0)
	return out
}

// encodingOf returns how a body is written, or nothing where no login is
// written so, and whether it may hold objects.
func encodingOf(b *openapi.Body) (enc Encoding, nests bool) {
	switch {
	case strings.Contains(b.ContentType, "json"):
		return JSON, true
	case b.ContentType == string(Form):
		return Form, false
	case b.ContentType == string(Multipart):
		return Multipart, false
	}
	return "", false
}

// assign finds out which fields take the account's name and its password, and
// reports whether there are both. Where no name is known, the only text beside
// the password that has to be there is one.
func (r *Route) assign(fields []field) bool {
	best := -1
	var texts []string
	for _, f := range fields {
		switch {
		case f.secret && r.PassField == "":
			r.PassField = f.path
		case f.name && (best < 0 || f.rank < best):
			r.UserField, best = f.path, f.rank
		case f.text():
			texts = append(texts, f.path)
		}
	}
	if r.UserField == "" && r.PassField != "" && len(texts) == 1 {
		r.UserField = texts[0]
	}
	for _, f := range fields {
		switch last := strings.ToLower(lastPart(f.path)); {
		case last == "grant_type" && r.Encoding != JSON && r.Extra != nil:
			r.Extra[f.path] = "password"
		case isCSRFName(last):
			r.CSRFField = f.path
		}
	}
	return r.UserField != "" && r.PassField != ""
}

// complete fills what else the login insists on: another name takes the
// account's too, and the rest what the document allows.
func (r *Route) complete(doc *openapi.Document, o *openapi.Operation, b *openapi.Body, nests bool) {
	var made any
	for _, f := range fieldsOf(b.Schema, nests) {
		if _, has := r.Extra[f.path]; has || !f.required || f.path == r.UserField || f.path == r.PassField || f.path == r.CSRFField {
			continue
		}
		if f.name && f.kind == "string" {
			r.AlsoUser = append(r.AlsoUser, f.path)
			continue
		}
		if made == nil {
			req, err := doc.Build(o, &openapi.Pool{}, openapi.BuildOptions{})
			if err != nil {
				return
			}
			made = req.Value
		}
		if v, ok := member(made, f.path); ok {
			r.Extra[f.path] = v
		}
	}
}

// member returns what stands at a dotted path of a JSON object.
func member(v any, path string) (any, bool) {
	for part := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[part]; !ok {
			return nil, false
		}
	}
	return v, true
}
