package openapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
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
	Cookies     map[string]string
	ContentType string // "" where there is no body
	Body        []byte
	Value       any      // the body's value, before it was encoded
	Guessed     bool     // a value that must name an existing thing was guessed
	Guesses     []string // the names of such parameters and properties

	opt     BuildOptions
	serial  int
	things  []*thing // what the path names, as far as the pool knew it
	repairs int
	turns   int // choices that were tried, see otherMemberChoice
}

// Renamed reports whether the request was made anew with other names, since
// those that it had were taken.
func (r *Request) Renamed() bool { return r.opt.Unique }

// Target returns path and query.
func (r *Request) Target() string {
	if len(r.Query) == 0 {
		return r.Path
	}
	return r.Path + "?" + r.Query.Encode()
}

// Clone returns a copy that shares nothing that is changed; the body's bytes
// never are.
func (r *Request) Clone() *Request {
	c := *r
	c.PathValues = maps.Clone(r.PathValues)
	if c.Query = maps.Clone(r.Query); c.Query == nil {
		c.Query = url.Values{}
	}
	c.Header = r.Header.Clone()
	c.Cookies = maps.Clone(r.Cookies)
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
	ContentType string            // of the body; "" is the first that the document offers
	Optional    bool              // fill what is not required, too
	Serial      int               // two serials give different names and texts
	At          map[string]string // values of all of the path's parameters; nil: they are chosen
	Spare       map[string]bool   // values that the path's last parameter is not to have
	Taken       map[string]bool   // ids that are not to be used
	Avoid       map[string]bool   // paths that are not to be built, as in Request.Path
	Fresh       bool              // the path's last thing must be one that we created and that nothing has changed since
	Unique      bool              // no examples and defaults: they were taken
}

// Unbuildable says why no valid request can be made.
type Unbuildable struct{ Reason string }

func (e *Unbuildable) Error() string { return e.Reason }

// Build makes a valid request, as far as document and pool can tell. The
// error, an *Unbuildable, says what is missing. Where nothing is known of a
// thing that must exist, its id is guessed, and the request says so.
func (d *Document) Build(op *Operation, pool *Pool, opt BuildOptions) (*Request, error) {
	g := d.generator(op, pool, opt)
	r := &Request{Method: op.Method, PathValues: g.path, Query: url.Values{}, Header: http.Header{}, opt: opt, serial: g.serial}
	r.opt.At = nil // a correction may go elsewhere
	if err := g.fillPath(r, opt); err != nil {
		return nil, err
	}
	for _, p := range op.Params {
		hint := pool.hinted(op, p.In+"/"+p.Name)
		if !p.Required && !opt.Optional && hint["required"] != true || p.In == "path" {
			continue
		}
		g.fillParam(r, p)
	}
	if err := g.fillBody(r, opt.ContentType); err != nil {
		return nil, err
	}
	r.Guesses = append(r.Guesses, g.guesses...)
	r.Guessed = len(r.Guesses) > 0
	return r, nil
}

// NewName makes a value for a path parameter, other than those of other
// serials; it is no text of a format, since such are found and not chosen.
func (d *Document) NewName(op *Operation, parameter string, serial int) (string, bool) {
	for _, p := range op.Params {
		if p.In != "path" || p.Name != parameter || text(d.solid(p.Schema.node)["format"]) != "" {
			continue
		}
		g := d.generator(op, nil, BuildOptions{})
		g.serial = serial // as it is: short patterns have few texts
		s, ok := g.value(p.Schema.node, parameter, "", 0).(string)
		return strings.ReplaceAll(s, " ", "-"), ok && s != ""
	}
	return "", false
}

func (d *Document) generator(op *Operation, pool *Pool, opt BuildOptions) *generator {
	return &generator{doc: d, pool: pool, op: op, opt: opt, path: map[string]string{}, serial: opt.Serial*1000 + pool.next()}
}

func (g *generator) fillParam(r *Request, p *Param) {
	place := p.In + "/" + p.Name
	v := p.Example
	if v == nil || g.pool.hinted(g.op, place) != nil || identifies(p.Name) {
		v = g.value(p.Schema.node, p.Name, place, 0)
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
		setHeader(r.Header, p.Name, strings.Join(texts(v), ","))
	case "cookie":
		if r.Cookies == nil {
			r.Cookies = map[string]string{}
		}
		r.Cookies[p.Name] = strings.Join(texts(v), ",")
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
	case File:
		return []string{string(v)}
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
	r.Value = g.bodyValue(body)
	return r.Encode(body.ContentType)
}

// bodyValue takes the document's example where it has one that still holds:
// the ids in it are those of the author's own database.
func (g *generator) bodyValue(body *Body) any {
	made := g.value(body.Schema.node, "", "body", 0)
	example := body.Example
	if example == nil {
		example = g.doc.exampleOf(g.doc.flat(body.Schema.node))
	}
	given, ok := example.(map[string]any)
	object, both := made.(map[string]any)
	if !ok || !both || g.opt.Unique || g.pool.refused(g.op) {
		return made
	}
	for name, v := range given {
		known := identifies(name) && object[name] != nil && !slices.Contains(g.guesses, name)
		if !known && !isPassword(plainName(name)) && !g.same(name, v) {
			object[name] = copyValue(v)
		}
	}
	return object
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
	case contentType == "application/x-ndjson" || contentType == "application/jsonl":
		b, err := json.Marshal(r.Value)
		if err != nil {
			return &Unbuildable{"the value cannot be written as JSON: " + err.Error()}
		}
		r.Body, r.ContentType = append(b, '\n'), contentType
	case contentType == "*/*":
		return r.Encode(jsonType)
	case strings.HasPrefix(contentType, "text/") || strings.HasPrefix(contentType, "image/") || contentType == "application/octet-stream":
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
				if File(v) == picture {
					disposition["filename"] = "probe.png"
					h.Set("Content-Type", "image/png")
				}
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

// picture is a PNG of one pixel.
const picture = File("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82")

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

// setHeader sets a field that HTTP can carry; others are left out. What a
// document or an answer names must not add lines to a request.
func setHeader(h http.Header, name, value string) {
	if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
		return
	}
	h.Set(name, value)
}
