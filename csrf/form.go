package csrf

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
)

// maxLead bounds what is read of a multipart form to find the token in its
// first part: a token, its name, and room for a boundary and odd headers.
const maxLead = 8 << 10

// formTokens returns the values of the token's field in the form that r
// carries. The query is no part of it: a link could have it.
func (p *Protection) formTokens(r *http.Request) []string {
	if r.Body == nil {
		return nil
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		if r.ParseForm() != nil { // does nothing where a handler around us has parsed it
			return nil
		}
		return r.PostForm[p.field]
	case "multipart/form-data":
		if r.MultipartForm != nil {
			return r.MultipartForm.Value[p.field]
		}
		return p.leadingToken(r, params["boundary"])
	}
	return nil
}

// leadingToken looks at the first part of a multipart form and puts back what
// it read, so that next can still take an upload as a stream, and none is kept
// that turns out to be forged.
func (p *Protection) leadingToken(r *http.Request, boundary string) []string {
	if boundary == "" {
		return nil
	}
	var lead bytes.Buffer
	body := r.Body
	defer func() {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(&lead, body), body}
	}()
	part, err := multipart.NewReader(io.TeeReader(io.LimitReader(body, maxLead), &lead), boundary).NextRawPart()
	if err != nil || part.FormName() != p.field || part.FileName() != "" {
		return nil
	}
	value, err := io.ReadAll(part)
	if err != nil {
		return nil
	}
	return []string{string(value)}
}
