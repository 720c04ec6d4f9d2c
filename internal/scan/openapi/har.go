package openapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxEntries bounds the requests that are read from a recording.
const maxEntries = 50_000

// A recording is what is read of a HAR file (HTTP Archive 1.2).
type recording struct {
	Log *struct {
		Entries []struct {
			Request struct {
				Method      string   `json:"method"`
				URL         string   `json:"url"`
				QueryString []named  `json:"queryString"`
				PostData    postData `json:"postData"`
			} `json:"request"`
			Response struct {
				Status  int `json:"status"`
				Content struct {
					MimeType string `json:"mimeType"`
					Text     string `json:"text"`
					Encoding string `json:"encoding"`
				} `json:"content"`
			} `json:"response"`
		} `json:"entries"`
	} `json:"log"`
}

type named struct{ Name, Value string }

type postData struct {
	MimeType string  `json:"mimeType"`
	Text     string  `json:"text"`
	Params   []named `json:"params"`
}

// ParseHAR reads a recording of requests as the document of the API that they
// went to: one operation for each method and path, ids in paths made
// parameters, values made examples. Only requests to the origin of base are
// read; where base is nil, to that of the first request.
func ParseHAR(data []byte, base *url.URL) (*Document, error) {
	if len(data) > MaxDocument {
		return nil, &NotADocument{fmt.Sprintf("it is larger than %d MiB", MaxDocument>>20)}
	}
	if !utf8.Valid(data) {
		return nil, &NotADocument{"it is not UTF-8"}
	}
	if trimmed := strings.TrimSpace(string(data[:min(len(data), 512)])); !strings.HasPrefix(trimmed, "{") {
		return nil, &NotADocument{"it is " + looksLike(data) + ", not a HAR recording"}
	}
	var har recording
	if err := json.Unmarshal(data, &har); err != nil {
		return nil, &NotADocument{"it is no HAR recording: " + err.Error()}
	}
	if har.Log == nil {
		return nil, &NotADocument{"it is JSON without a \"log\", so no HAR recording"}
	}
	t := &transcript{paths: map[string]any{}}
	if base != nil {
		t.host = strings.ToLower(base.Host)
	}
	for _, e := range har.Log.Entries[:min(len(har.Log.Entries), maxEntries)] {
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Host == "" || e.Response.Status == 304 {
			continue
		}
		if t.host == "" {
			t.host = strings.ToLower(u.Host)
		}
		if strings.ToLower(u.Host) != t.host || asset(u.Path, e.Response.Content.MimeType) || e.Response.Status >= 400 {
			continue
		}
		var answer any
		if e.Response.Content.Encoding == "" && isJSON(mediaType(e.Response.Content.MimeType)) {
			answer = decoded(e.Response.Content.Text)
		}
		t.add(strings.ToLower(e.Request.Method), u, e.Request.QueryString, e.Request.PostData, answer)
	}
	if len(t.paths) == 0 {
		return nil, &NotADocument{"it records no request to the API at " + t.host}
	}
	d, err := fromRoot(context.Background(), map[string]any{"openapi": "3.1.0", "info": map[string]any{"title": t.host}, "paths": t.paths}, nil)
	if err != nil {
		return nil, err
	}
	d.Kind = "HAR"
	return d, nil
}

// asset tells what a page loads besides the API.
func asset(path, contentType string) bool {
	switch t := mediaType(contentType); {
	case strings.HasPrefix(t, "image/"), strings.HasPrefix(t, "font/"), strings.HasPrefix(t, "video/"), strings.HasPrefix(t, "audio/"),
		t == "text/css", strings.HasSuffix(t, "javascript"), t == "application/wasm":
		return true
	}
	for _, suffix := range []string{".js", ".css", ".map", ".png", ".svg", ".ico", ".woff2", ".jpg"} {
		if strings.HasSuffix(path, suffix) {
			return true
		}
	}
	return false
}

// A transcript collects the paths of a recording's document.
type transcript struct {
	host  string
	paths map[string]any
}

func (t *transcript) add(method string, u *url.URL, query []named, post postData, answer any) {
	if !slices.Contains(methods, method) || method == "options" {
		return
	}
	path, parameters := template(u.Path)
	item, _ := t.paths[path].(map[string]any)
	if item == nil {
		if len(t.paths) >= MaxOperations {
			return
		}
		item = map[string]any{}
		t.paths[path] = item
	}
	if _, have := item[method]; have {
		return // the first of its kind stands
	}
	for _, q := range query {
		if !slices.ContainsFunc(parameters, func(p any) bool { return p.(map[string]any)["name"] == q.Name }) {
			parameters = append(parameters, map[string]any{"name": q.Name, "in": "query", "required": true, "example": q.Value, "schema": map[string]any{"type": "string"}})
		}
	}
	op := map[string]any{"parameters": parameters}
	if body := post.body(); body != nil {
		op["requestBody"] = body
	}
	if answer != nil {
		op["responses"] = map[string]any{"200": map[string]any{"content": map[string]any{jsonType: map[string]any{"schema": inferred(answer, 0)}}}}
	}
	item[method] = op
}

// template makes parameters of the segments of a path that look like ids, and
// names them after the segment before.
func template(path string) (string, []any) {
	parts := segments(path)
	var parameters []any
	used := map[string]int{}
	for i, s := range parts {
		m, isID := idSchema(s)
		if !isID {
			continue
		}
		name := "id"
		if i > 0 && !strings.HasPrefix(parts[i-1], "{") {
			name = Singular(lastWord(parts[i-1])) + "_id"
		}
		if used[name]++; used[name] > 1 {
			name = fmt.Sprintf("%s%d", name, used[name])
		}
		parts[i] = "{" + name + "}"
		parameters = append(parameters, map[string]any{"name": name, "in": "path", "required": true, "example": m["example"], "schema": m})
	}
	out := "/" + strings.Join(parts, "/")
	if strings.HasSuffix(path, "/") && out != "/" {
		out += "/"
	}
	return out, parameters
}

// idSchema tells a segment that is an id: a number, a UUID, a long hexadecimal
// text, or letters and digits mixed as no word is.
func idSchema(s string) (map[string]any, bool) {
	if s != "" && len(s) < 16 && strings.Trim(s, "0123456789") == "" {
		var f float64
		if json.Unmarshal([]byte(s), &f) == nil {
			return map[string]any{"type": "integer", "example": f}, true
		}
		return map[string]any{"type": "string", "example": s}, true
	}
	if isUUID(s) {
		return map[string]any{"type": "string", "format": "uuid", "example": s}, true
	}
	if len(s) >= 16 && strings.ContainsAny(s, "0123456789") && strings.Trim(strings.ToLower(s), "0123456789abcdefghijklmnopqrstuvwxyz_-") == "" {
		return map[string]any{"type": "string", "example": s}, true
	}
	return nil, false
}

// body writes a recorded body as the document's: its values become examples.
func (p postData) body() map[string]any {
	t := mediaType(p.MimeType)
	var v any
	switch {
	case isJSON(t):
		v = decoded(p.Text)
	case t == formType || t == multipartType:
		fields := map[string]any{}
		for _, f := range p.Params {
			fields[f.Name] = f.Value
		}
		if values, err := url.ParseQuery(p.Text); len(fields) == 0 && t == formType && err == nil {
			for name := range values {
				fields[name] = values.Get(name)
			}
		}
		v = fields
	case p.Text != "":
		v = p.Text
	}
	if v == nil || t == "" {
		return nil
	}
	return map[string]any{"required": true, "content": map[string]any{t: map[string]any{"schema": inferred(v, 0), "example": v}}}
}

func decoded(s string) any {
	if depth([]byte("["+s)) > maxDepth {
		return nil
	}
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return nil
	}
	return v
}

// inferred is a schema for what was recorded.
func inferred(v any, level int) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		properties, required := map[string]any{}, []any{}
		if level > maxValueDepth {
			return map[string]any{"type": "object"}
		}
		for _, name := range sortedKeys(v) {
			properties[name] = inferred(v[name], level+1)
			required = append(required, name)
		}
		return map[string]any{"type": "object", "properties": properties, "required": required}
	case []any:
		out := map[string]any{"type": "array"}
		if len(v) > 0 && level <= maxValueDepth {
			out["items"] = inferred(v[0], level+1)
		}
		return out
	case nil:
		return map[string]any{}
	}
	m := map[string]any{"type": kindOf(v), "example": v}
	if s, ok := v.(string); ok && isUUID(s) {
		m["format"] = "uuid"
	}
	return m
}
