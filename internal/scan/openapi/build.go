package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

const (
	jsonType      = "application/json"
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
)

// A Request is ready to be sent, and still knows the values that it is made
// of. It carries no credential.
type Request struct {
	Method      string
	Path        string // percent-encoded, without query
	PathValues  map[string]string
	Query       url.Values
	Header      http.Header
	ContentType string // "" where there is no body
	Body        []byte
	Value       any  // the body's value, before it was encoded
	Guessed     bool // a value that must name an existing thing was guessed

	optional bool
	serial   int
}

// Target returns path and query.
func (r *Request) Target() string {
	if len(r.Query) == 0 {
		return r.Path
	}
	return r.Path + "?" + r.Query.Encode()
}

// Clone returns a copy that shares nothing that is changed.
func (r *Request) Clone() *Request {
	c := *r
	c.PathValues = maps.Clone(r.PathValues)
	c.Query = maps.Clone(r.Query)
	c.Header = r.Header.Clone()
	c.Body = bytes.Clone(r.Body)
	c.Value = copyValue(r.Value)
	return &c
}

func copyValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = copyValue(e)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = copyValue(e)
		}
		return l
	}
	return v
}

// BuildOptions say how a request is made.
type BuildOptions struct {
	ContentType string          // of the body; "" is the first that the document offers
	Optional    bool            // fill what is not required, too
	Serial      int             // two serials give different names and texts
	Taken       map[string]bool // ids that are not to be used
}

// Unbuildable says why no valid request can be made.
type Unbuildable struct{ Reason string }

func (e *Unbuildable) Error() string { return e.Reason }

// Build makes a valid request, as far as document and pool can tell.
func (d *Document) Build(op *Operation, pool *Pool, opt BuildOptions) (*Request, error) {
	g := &generator{doc: d, pool: pool, op: op, path: map[string]string{}, serial: opt.Serial, optional: opt.Optional, taken: opt.Taken}
	r := &Request{Method: op.Method, PathValues: g.path, Query: url.Values{}, Header: http.Header{}, optional: opt.Optional, serial: opt.Serial}
	if err := g.fillPath(r); err != nil {
		return nil, err
	}
	for _, p := range op.Params {
		if !p.Required && !opt.Optional || p.In == "path" {
			continue
		}
		g.fillParam(r, p)
	}
	if err := g.fillBody(r, opt.ContentType); err != nil {
		return nil, err
	}
	r.Guessed = g.guessed
	return r, nil
}

// fillPath chooses the path parameters from the left, so that what stands
// further right can be chosen to belong to it.
func (g *generator) fillPath(r *Request) error {
	r.Path = ""
	parts := strings.Split(g.op.Path, "/")
	for i, part := range parts {
		for {
			start := strings.IndexByte(part, '{')
			end := strings.IndexByte(part, '}')
			if start < 0 || end < start {
				break
			}
			name := part[start+1 : end]
			// Starlette's converters, as in {path:path}, are not part of the name.
			name, _, _ = strings.Cut(name, ":")
			v := g.pathValue(name, parts[:i])
			if text(v) == "" {
				return &Unbuildable{fmt.Sprintf("no value is known for {%s}", name)}
			}
			g.path[name] = text(v)
			part = part[:start] + url.PathEscape(text(v)) + part[end+1:]
		}
		if i > 0 {
			r.Path += "/"
		}
		r.Path += part
	}
	return nil
}

func (g *generator) pathValue(name string, before []string) any {
	schema := map[string]any{"type": "string"}
	var example any
	for _, p := range g.op.Params {
		if p.In == "path" && p.Name == name {
			schema, example = g.doc.flat(p.Schema.node, 0), p.Example
		}
	}
	container := thingOf(strings.Join(before, "/"))
	of, isID := resourceOf(name)
	if of == "" {
		of = container
	}
	tries := []func() (any, bool){
		func() (any, bool) { return g.pool.id(of, g.path, g.taken) },
		func() (any, bool) { return g.pool.id(container, g.path, g.taken) },
	}
	if !isID {
		tries = []func() (any, bool){
			func() (any, bool) { return g.pool.field(container, name, g.path, g.taken) },
			func() (any, bool) { return g.pool.field(Singular(name), "name", g.path, g.taken) },
			func() (any, bool) { return g.pool.id(Singular(lastWord(name)), g.path, g.taken) },
			func() (any, bool) { return g.pool.id(container, g.path, g.taken) },
			func() (any, bool) { return g.pool.field("", name, g.path, g.taken) },
		}
	}
	for _, try := range tries {
		if v, ok := try(); ok && g.fits(schema, v) {
			return v
		}
	}
	if len(list(schema["enum"])) == 0 {
		g.guessed = true
	}
	if example != nil && !g.taken[text(example)] {
		return example
	}
	v := g.value(schema, name, 0)
	if kind(schema) == "string" && isID && schema["format"] == nil && schema["pattern"] == nil {
		return "1" // ids that are texts are numbers more often than words
	}
	return v
}

// fits tells whether a known value is of the schema's type.
func (g *generator) fits(m map[string]any, v any) bool {
	switch kind(m) {
	case "integer", "number":
		_, ok := v.(float64)
		if s, isText := v.(string); isText {
			return s != "" && strings.Trim(s, "0123456789") == ""
		}
		return ok
	case "string":
		s, ok := v.(string)
		if text(m["format"]) == "uuid" {
			return ok && len(s) == 36
		}
		if e := list(m["enum"]); len(e) > 0 {
			return false
		}
		return v != nil
	case "boolean":
		_, ok := v.(bool)
		return ok
	}
	return scalar(v)
}

// known returns what the pool knows for a property that names a thing.
func (g *generator) known(m map[string]any, name string) (any, bool) {
	of, ok := resourceOf(name)
	if !ok || of == "" || g.pool == nil || kind(m) == "array" || kind(m) == "object" {
		return nil, false
	}
	v, ok := g.pool.id(of, g.path, g.taken)
	if !ok {
		return nil, false
	}
	target := m
	if kind(m) == "" {
		if c := g.doc.choice(m); c != nil {
			target = g.doc.flat(c, 0)
		}
	}
	return v, g.fits(target, v)
}

func (g *generator) fillParam(r *Request, p *Param) {
	v := p.Example
	if v == nil {
		v = g.value(p.Schema.node, p.Name, 0)
	}
	if v == nil {
		return
	}
	switch p.In {
	case "query":
		for _, s := range texts(v) {
			r.Query.Add(p.Name, s)
		}
	case "header":
		// Credentials and what the client itself sets are not the builder's.
		switch strings.ToLower(p.Name) {
		case "authorization", "cookie", "host", "content-type", "content-length", "origin":
			return
		}
		r.Header.Set(p.Name, strings.Join(texts(v), ","))
	}
}

// texts returns a value as the texts that a query or form holds.
func texts(v any) []string {
	switch v := v.(type) {
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, texts(e)...)
		}
		return out
	case map[string]any:
		b, err := json.Marshal(v)
		if err != nil {
			return nil
		}
		return []string{string(b)}
	case nil:
		return []string{""}
	}
	return []string{text(v)}
}

func (g *generator) fillBody(r *Request, contentType string) error {
	if len(g.op.Bodies) == 0 {
		return nil
	}
	body := g.op.Bodies[0]
	if contentType != "" {
		if body = g.op.Body(contentType); body == nil {
			return &Unbuildable{"the operation takes no " + contentType}
		}
	}
	switch {
	case body.Example != nil:
		r.Value = copyValue(body.Example)
	default:
		r.Value = g.value(body.Schema.node, "", 0)
	}
	return r.Encode(body.ContentType)
}

// Encode makes the body from the request's value, in the given media type.
func (r *Request) Encode(contentType string) error {
	switch {
	case isJSON(contentType):
		b, err := json.Marshal(r.Value)
		if err != nil {
			return &Unbuildable{"the value cannot be written as JSON: " + err.Error()}
		}
		r.Body, r.ContentType = b, contentType
	case contentType == formType:
		fields, err := r.fields()
		if err != nil {
			return err
		}
		r.Body, r.ContentType = []byte(fields.Encode()), formType
	case contentType == multipartType:
		return r.encodeMultipart()
	case strings.HasPrefix(contentType, "text/") || contentType == "application/octet-stream" || contentType == "*/*":
		r.Body, r.ContentType = []byte(strings.Join(texts(r.Value), "\n")), contentType
	default:
		return &Unbuildable{"bodies of type " + contentType + " are not made"}
	}
	return nil
}

// fields returns the body's value as form fields.
func (r *Request) fields() (url.Values, error) {
	object, ok := r.Value.(map[string]any)
	if !ok {
		return nil, &Unbuildable{"a form holds fields, and the value has none"}
	}
	out := url.Values{}
	for _, name := range sortedKeys(object) {
		if object[name] != nil {
			out[name] = texts(object[name])
		}
	}
	return out, nil
}

// Boundary parts multipart bodies. It is fixed, so that requests can be
// compared and shown.
const boundary = "countersign-7f3a1c"

func (r *Request) encodeMultipart() error {
	fields, err := r.fields()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary(boundary); err != nil {
		return err
	}
	for _, name := range sortedKeys(fields) {
		for _, v := range fields[name] {
			h := textproto.MIMEHeader{}
			disposition := map[string]string{"name": name}
			if hasFile(r.Value, name) {
				disposition["filename"] = "probe.txt"
				h.Set("Content-Type", "text/plain")
			}
			h.Set("Content-Disposition", mime.FormatMediaType("form-data", disposition))
			part, err := w.CreatePart(h)
			if err != nil {
				return err
			}
			if _, err := part.Write([]byte(v)); err != nil {
				return err
			}
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	r.Body, r.ContentType = b.Bytes(), multipartType+"; boundary="+boundary
	return nil
}

// A File is the content of an uploaded file, where a text is due elsewhere.
type File string

// hasFile tells whether the named field of a body's value is a file.
func hasFile(body any, name string) bool {
	object, _ := body.(map[string]any)
	switch v := object[name].(type) {
	case File:
		return true
	case []any:
		if len(v) > 0 {
			_, ok := v[0].(File)
			return ok
		}
	}
	return false
}

func isJSON(contentType string) bool {
	return contentType == jsonType || strings.HasSuffix(contentType, "+json")
}

func mediaType(contentType string) string {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}
