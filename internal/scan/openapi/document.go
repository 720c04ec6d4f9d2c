// Package openapi knows an API from its document and makes valid requests to
// operations that it has never seen. It is pure: documents go in, requests
// come out; responses go in, learned values come out. It dials nothing.
//
// Documents are read leniently from their own tree, and references resolved
// as they are met: what a running API publishes is often not quite valid, and
// one bad schema must not cost the other operations.
package openapi

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/d710e0ae/countersign/internal/finding"
)

const (
	// MaxDocument is the largest document that Parse reads, in bytes.
	MaxDocument = 32 << 20
	// MaxOperations bounds the operations of one document.
	MaxOperations = 10_000
)

// A Document is an API as its document describes it. It is immutable and
// safe for concurrent use.
type Document struct {
	Title   string
	Version string
	Kind    string // "OpenAPI 3.1.0", "Swagger 2.0", "HAR"
	// Bases are the path prefixes under which the operations may be served,
	// the likeliest first; "" is always among them. Servers may name hosts
	// that cannot be reached, so only their paths are kept.
	Bases      []string
	Operations []*Operation
	// TokenURLs are the token endpoints of OAuth 2.0 password flows, as
	// written: absolute, rooted or relative.
	TokenURLs []string
	// Sockets are paths of WebSockets that the document's texts name, with
	// parameters in braces.
	Sockets []string

	root      map[string]any
	producers sync.Map        // *Operation → []*Operation: what was found out of each
	keys      map[string]bool // plain names of the parameters of paths
	views     map[string]bool // paths of which another goes on with a parameter
	readers   []reader        // in its order
	patterns  patterns
	texts     sync.Map // name → func(*generator) string, see textFor
}

// An Operation is one method on one path.
type Operation struct {
	finding.OperationRef
	ID, Summary string
	Tags        []string
	Params      []*Param
	Bodies      []*Body
	Security    []string // names of schemes, any of which may do
	Secured     bool     // the document demands a credential
	Deprecated  bool
	Responses   []*Schema // of success, where the document says
	responseRef []string  // names of the schemas behind them
	links       []link
	Created     bool // the document promises 201
	doc         *Document
	traits      *traits
}

// A Param is a parameter outside the body.
type Param struct {
	Name     string
	In       string // "path", "query", "header", "cookie"
	Required bool
	Schema   *Schema
	Example  any
}

// A Body is one media type in which the operation takes its body.
type Body struct {
	ContentType string // lower case, without parameters
	Required    bool
	Schema      *Schema
	Example     any
}

var methods = []string{"get", "post", "put", "patch", "delete", "head", "options", "trace"}

// Parse reads an OpenAPI 3.0 or 3.1 or Swagger 2.0 document in JSON or YAML.
// Base is where it came from; it may be nil. The error says what data is
// instead, where it is no such document.
func Parse(ctx context.Context, data []byte, base *url.URL) (*Document, error) {
	root, err := decode(data)
	if err != nil {
		return nil, err
	}
	d, err := fromRoot(ctx, root, base)
	if err == nil {
		d.Sockets = socketsIn(data)
	}
	return d, err
}

// fromRoot reads a document that was decoded.
func fromRoot(ctx context.Context, root map[string]any, base *url.URL) (*Document, error) {
	d := &Document{root: root}
	switch version := text(root["openapi"]); {
	case strings.HasPrefix(version, "3."):
		d.Kind = "OpenAPI " + version
	case text(root["swagger"]) != "":
		d.Kind = "Swagger " + text(root["swagger"])
	default:
		return nil, &NotADocument{"it is a JSON or YAML object without an \"openapi\" or \"swagger\" version"}
	}
	info, _ := root["info"].(map[string]any)
	d.Title, d.Version = text(info["title"]), text(info["version"])
	paths, ok := root["paths"].(map[string]any)
	if !ok {
		return nil, &NotADocument{"it has no \"paths\""}
	}
	d.Bases = d.bases(base)
	d.TokenURLs = d.tokenURLs()
	for _, path := range sortedKeys(paths) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		item := d.object(paths[path])
		for _, m := range methods {
			node, ok := item[m].(map[string]any)
			if !ok {
				continue
			}
			if len(d.Operations) == MaxOperations {
				return nil, &NotADocument{fmt.Sprintf("it has more than %d operations", MaxOperations)}
			}
			d.Operations = append(d.Operations, d.operation(strings.ToUpper(m), path, item, node))
		}
	}
	slices.SortStableFunc(d.Operations, func(a, b *Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	d.findKeys()
	d.findReaders()
	return d, nil
}

// Operation returns the operation of that method and path, or nil.
func (d *Document) Operation(ref finding.OperationRef) *Operation {
	for _, o := range d.Operations {
		if o.OperationRef == ref {
			return o
		}
	}
	return nil
}

func (d *Document) operation(method, path string, item, node map[string]any) *Operation {
	o := &Operation{
		OperationRef: finding.OperationRef{Method: method, Path: path},
		ID:           text(node["operationId"]),
		Summary:      cmp.Or(text(node["summary"]), firstLine(text(node["description"]))),
		Deprecated:   node["deprecated"] == true,
		doc:          d,
	}
	for _, t := range list(node["tags"]) {
		o.Tags = append(o.Tags, text(t))
	}
	d.security(o, node)
	d.params(o, list(item["parameters"]))
	d.params(o, list(node["parameters"]))
	d.requestBody(o, node)
	d.responses(o, node)
	o.traits = o.judge()
	return o
}

func (d *Document) security(o *Operation, node map[string]any) {
	demands, said := node["security"].([]any)
	if !said {
		demands = list(d.root["security"])
	}
	o.Secured = len(demands) > 0
	for _, alternative := range demands {
		names := sortedKeys(d.object(alternative))
		if len(names) == 0 {
			o.Secured = false // an empty alternative: none will do
		}
		o.Security = append(o.Security, names...)
	}
}

// params adds parameters; one of the operation replaces its namesake of the
// path.
func (d *Document) params(o *Operation, nodes []any) {
	var form []any
	for _, n := range nodes {
		p := d.object(n)
		in, name := text(p["in"]), text(p["name"])
		if in == "body" || in == "formData" {
			form = append(form, p)
			continue
		}
		if name == "" || in == "" {
			continue
		}
		schema, ok := p["schema"]
		if !ok {
			schema = firstContentSchema(p)
		}
		if schema == nil {
			schema = p // Swagger 2.0 writes type and format beside the name
		}
		param := &Param{Name: name, In: in, Required: p["required"] == true || in == "path", Schema: d.schema(schema), Example: d.exampleOf(p)}
		i := slices.IndexFunc(o.Params, func(q *Param) bool { return q.Name == name && q.In == in })
		if i >= 0 {
			o.Params[i] = param
		} else {
			o.Params = append(o.Params, param)
		}
	}
	d.swaggerBody(o, form)
}

func firstContentSchema(p map[string]any) any {
	content, _ := p["content"].(map[string]any)
	for _, t := range sortedKeys(content) {
		if media, ok := content[t].(map[string]any); ok {
			return media["schema"]
		}
	}
	return nil
}

func (d *Document) requestBody(o *Operation, node map[string]any) {
	body := d.object(node["requestBody"])
	content, _ := body["content"].(map[string]any)
	for _, t := range sortedKeys(content) {
		media := d.object(content[t])
		o.Bodies = append(o.Bodies, &Body{
			ContentType: mediaType(t),
			Required:    body["required"] == true,
			Schema:      d.schema(media["schema"]),
			Example:     d.exampleOf(media),
		})
	}
	// JSON first: it is what most operations mean, and every other shape can
	// be made from its values.
	slices.SortStableFunc(o.Bodies, func(a, b *Body) int { return rankOf(a.ContentType) - rankOf(b.ContentType) })
}

func rankOf(contentType string) int {
	switch {
	case isJSON(contentType):
		return 0
	case contentType == formType:
		return 1
	case contentType == multipartType:
		return 2
	}
	return 3
}

// swaggerBody turns Swagger 2.0's body and formData parameters into a Body.
func (d *Document) swaggerBody(o *Operation, params []any) {
	properties, required := map[string]any{}, []any{}
	file := false
	for _, n := range params {
		p := d.object(n)
		if text(p["in"]) == "body" {
			o.Bodies = append(o.Bodies, &Body{ContentType: jsonType, Required: p["required"] == true, Schema: d.schema(p["schema"])})
			continue
		}
		name := text(p["name"])
		if text(p["type"]) == "file" {
			file = true
			p = map[string]any{"type": "string", "format": "binary"}
		}
		properties[name] = p
		if d.object(n)["required"] == true {
			required = append(required, name)
		}
	}
	if len(properties) == 0 {
		return
	}
	contentType := formType
	if file {
		contentType = multipartType
	}
	o.Bodies = append(o.Bodies, &Body{ContentType: contentType, Required: true,
		Schema: d.schema(map[string]any{"type": "object", "properties": properties, "required": required})})
}

func (d *Document) responses(o *Operation, node map[string]any) {
	responses, _ := node["responses"].(map[string]any)
	for _, status := range sortedKeys(responses) {
		if !strings.HasPrefix(status, "2") && status != "default" {
			continue
		}
		r := d.object(responses[status])
		o.Created = o.Created || status == "201"
		d.links(o, r)
		schema := r["schema"]
		if schema == nil {
			schema = firstContentSchema(r)
		}
		if schema == nil {
			continue
		}
		o.Responses = append(o.Responses, d.schema(schema))
		o.responseRef = append(o.responseRef, refNames(schema)...)
	}
}

// refNames returns the last parts of the references in a schema, also those
// of its items: the names of what an operation answers with.
func refNames(node any) []string {
	m, _ := node.(map[string]any)
	if ref := text(m["$ref"]); ref != "" {
		return []string{ref[strings.LastIndexByte(ref, '/')+1:]}
	}
	if m["items"] != nil {
		return refNames(m["items"])
	}
	return nil
}

func (d *Document) bases(from *url.URL) []string {
	var out []string
	add := func(p string) {
		p = strings.TrimRight(p, "/")
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if p := text(d.root["basePath"]); p != "" {
		add(p)
	}
	for _, s := range list(d.root["servers"]) {
		server := d.object(s)
		u, err := url.Parse(withVariables(text(server["url"]), d.object(server["variables"])))
		if err != nil {
			continue
		}
		if from != nil {
			u = from.ResolveReference(u)
		}
		add(u.Path)
	}
	add("")
	return out
}

// withVariables puts the defaults of a server's variables into its URL.
func withVariables(serverURL string, variables map[string]any) string {
	for name, v := range variables {
		m, _ := v.(map[string]any)
		serverURL = strings.ReplaceAll(serverURL, "{"+name+"}", text(m["default"]))
	}
	return serverURL
}

func (d *Document) tokenURLs() []string {
	var out []string
	schemes := d.object(d.object(d.root["components"])["securitySchemes"])
	if len(schemes) == 0 {
		schemes = d.object(d.root["securityDefinitions"])
	}
	for _, name := range sortedKeys(schemes) {
		s := d.object(schemes[name])
		if text(s["type"]) != "oauth2" {
			continue
		}
		u := text(d.object(d.object(s["flows"])["password"])["tokenUrl"])
		if u == "" && text(s["flow"]) == "password" {
			u = text(s["tokenUrl"])
		}
		if u != "" && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// Safe reports whether the method is safe (RFC 9110, section 9.2.1).
func (o *Operation) Safe() bool {
	return o.Method == "GET" || o.Method == "HEAD" || o.Method == "OPTIONS" || o.Method == "TRACE"
}

// Body returns the body in the given media type, or nil.
func (o *Operation) Body(contentType string) *Body {
	for _, b := range o.Bodies {
		if b.ContentType == contentType {
			return b
		}
	}
	return nil
}
