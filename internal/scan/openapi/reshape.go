package openapi

import (
	"encoding/json"
	"maps"
	"net/url"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
)

// Reshape returns the request in the shape in which another site's page could
// send it. The error, an *Unbuildable, says why the shape cannot hold the
// request.
func Reshape(req *Request, shape finding.Shape) (*Request, error) {
	c := *req // what it holds is not changed
	r := &c
	// A page of another origin sets no header of its own in these shapes.
	if shape != finding.JSONCORS {
		r.Header = nil
	}
	switch shape {
	case finding.Form:
		if r.Method != "POST" {
			return nil, &Unbuildable{"a form sends GET and POST only"}
		}
		if r.Value == nil {
			r.Body, r.ContentType = []byte{}, formType
			return r, nil
		}
		return r, r.Encode(formType)
	case finding.Multipart:
		if r.Method != "POST" {
			return nil, &Unbuildable{"a form sends GET and POST only"}
		}
		if r.Value == nil {
			r.Value = map[string]any{}
		}
		return r, r.Encode(multipartType)
	case finding.TextPlain:
		if r.Method != "POST" {
			return nil, &Unbuildable{"a form sends GET and POST only"}
		}
		body, err := r.smuggled()
		if err != nil {
			return nil, err
		}
		r.Body, r.ContentType = body, "text/plain"
		return r, nil
	case finding.Blob, finding.Beacon:
		if r.Method != "POST" {
			return nil, &Unbuildable{"only POST goes without a preflight"}
		}
		if r.Value != nil {
			b, err := r.json()
			if err != nil {
				return nil, err
			}
			r.Body = b
		}
		r.ContentType = ""
		return r, nil
	case finding.JSONCORS:
		switch {
		case r.Method != "POST" && (r.Value == nil || mediaType(r.ContentType) == multipartType):
			return r, nil
		case r.Value == nil:
			r.Body, r.ContentType = []byte("{}"), jsonType
			return r, nil
		}
		b, err := r.json()
		r.Body, r.ContentType = b, jsonType
		return r, err
	case finding.Navigate, finding.Image:
		if r.Method != "GET" {
			return nil, &Unbuildable{"a navigation or an image sends GET only"}
		}
		return r, nil
	case finding.Head:
		if r.Method != "GET" {
			return nil, &Unbuildable{"HEAD is answered by GET handlers only"}
		}
		r.Method = "HEAD"
		return r, nil
	case finding.Override:
		if r.Method != "PUT" && r.Method != "PATCH" && r.Method != "DELETE" {
			return nil, &Unbuildable{"the method is not one that a form would have to hide"}
		}
		fields := url.Values{}
		if r.Value != nil {
			var err error
			if fields, err = r.fields(); err != nil {
				return nil, err
			}
		}
		fields.Set("_method", r.Method)
		r.Query = maps.Clone(r.Query)
		if r.Query == nil {
			r.Query = url.Values{}
		}
		r.Query.Set("_method", r.Method)
		r.Method, r.Body, r.ContentType = "POST", []byte(fields.Encode()), formType
		return r, nil
	}
	return nil, &Unbuildable{"the shape " + string(shape) + " is not made from a request"}
}

// json is the value as JSON: the body, where that is it.
func (r *Request) json() ([]byte, error) {
	if isJSON(r.ContentType) && len(r.Body) > 0 {
		return r.Body, nil
	}
	b, err := json.Marshal(r.Value)
	if err != nil {
		return nil, &Unbuildable{"the value cannot be written as JSON: " + err.Error()}
	}
	return b, nil
}

// smuggled writes JSON so that a text/plain form can send it: the form joins
// name and value by an equals sign and ends with a line break, so a last
// member takes both in.
func (r *Request) smuggled() ([]byte, error) {
	if r.Value == nil {
		return []byte("=\r\n"), nil
	}
	b, err := r.json()
	if err != nil {
		return nil, err
	}
	s := string(b)
	if strings.HasSuffix(s, "}") {
		open := strings.TrimSuffix(s, "}")
		if open != "{" {
			open += ","
		}
		return []byte(open + `"x":"="}` + "\r\n"), nil
	}
	return []byte(s + "=\r\n"), nil
}
