package openapi

import "strings"

// A link says that an answer's member fills a parameter of another operation
// (OpenAPI 3.1, section 4.8.20).
type link struct {
	operationID  string
	operationRef string
	fields       map[string]string // parameter → member of the answer's body
}

// links reads the links of a response that take values from its body.
func (d *Document) links(o *Operation, response map[string]any) {
	all, _ := response["links"].(map[string]any)
	for _, name := range sortedKeys(all) {
		node := d.object(all[name])
		l := link{operationID: text(node["operationId"]), operationRef: text(node["operationRef"]), fields: map[string]string{}}
		parameters, _ := node["parameters"].(map[string]any)
		for param, expression := range parameters {
			member, ok := strings.CutPrefix(text(expression), "$response.body#/")
			if !ok {
				continue
			}
			// "path.order_id" and "order_id" are one.
			param = strings.TrimPrefix(param, "path.")
			l.fields[param] = member
		}
		if len(l.fields) > 0 {
			o.links = append(o.links, l)
		}
	}
}

// leadsTo reports whether the link names the operation.
func (l link) leadsTo(o *Operation) bool {
	if l.operationID != "" {
		return l.operationID == o.ID
	}
	path := strings.ReplaceAll(strings.ReplaceAll(o.Path, "~", "~0"), "/", "~1")
	return strings.HasSuffix(l.operationRef, "/"+path+"/"+strings.ToLower(o.Method))
}

// linked keeps the values that an answer's links name, under the names of the
// parameters that they fill. The caller holds the pool's lock.
func (l *lesson) linked(v any) {
	for _, link := range l.op.links {
		for param, member := range link.fields {
			at := v
			for part := range strings.SplitSeq(member, "/") {
				m, _ := at.(map[string]any)
				at = m[part]
			}
			if at != nil && scalar(at) {
				l.pool.keep(param, at)
			}
		}
	}
}
