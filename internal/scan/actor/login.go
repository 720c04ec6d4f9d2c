package actor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/scan/client"
	"github.com/d710e0ae/countersign/internal/secret"
)

// An Account is a name and its password.
type Account struct {
	Name     string
	Password secret.Text
}

// Encoding is the form of a login's body.
type Encoding string

const (
	JSON      Encoding = "application/json"
	Form      Encoding = "application/x-www-form-urlencoded"
	Multipart Encoding = "multipart/form-data"
	Query     Encoding = "query"
)

// A Route is one way to log in: where, how, and under which names the
// account goes.
type Route struct {
	Method, Path string
	Encoding     Encoding
	UserField    string
	AlsoUser     []string // further names for the account's name
	PassField    string
	Extra        map[string]any // further fields that the login needs
	CSRFField    string         // where the body has a field for a CSRF token
	Doubtful     bool           // only its shape says that it is a login
	Guessed      bool           // the document is silent on the names

	told *Step  // as the user tells it; nil: made of the names above
	Page string // path of the page whose form this is, where it was found on one
}

// String returns "METHOD PATH (encoding)".
func (r Route) String() string { return fmt.Sprintf("%s %s (%s)", r.Method, r.Path, r.Encoding) }

// request makes the login of a, before any header of a page is put on it.
func (r Route) request(base *url.URL, a Account, csrf string) *client.Request {
	if r.told != nil {
		return r.toldRequest(base, a)
	}
	u := *base
	u.Path = strings.TrimSuffix(base.Path, "/") + r.Path
	req := &client.Request{Method: r.Method, URL: &u, Header: http.Header{}}
	fields := maps.Clone(r.Extra)
	if fields == nil {
		fields = map[string]any{}
	}
	set := func(name, value string) {
		if name != "" {
			fields[name] = value
		}
	}
	for _, name := range append(r.AlsoUser, r.UserField) {
		set(name, a.Name)
	}
	set(r.PassField, a.Password.Reveal())
	if csrf != "" {
		name := r.CSRFField
		if name == "" && r.Encoding == Form {
			name = "csrf_token"
		}
		set(name, csrf)
	}
	names := slices.Sorted(maps.Keys(fields))
	switch r.Encoding {
	case JSON:
		body := map[string]any{}
		for _, n := range names {
			nest(body, n, fields[n])
		}
		req.Body, _ = json.Marshal(body)
		req.Header.Set("Content-Type", string(JSON))
	case Multipart:
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, n := range names {
			_ = w.WriteField(n, fmt.Sprint(fields[n])) // a bytes.Buffer never fails
		}
		_ = w.Close()
		req.Body = b.Bytes()
		req.Header.Set("Content-Type", w.FormDataContentType())
	default:
		v := url.Values{}
		for _, n := range names {
			v.Set(n, fmt.Sprint(fields[n]))
		}
		if r.Encoding == Query {
			u.RawQuery = v.Encode()
		} else {
			req.Body = []byte(v.Encode())
			req.Header.Set("Content-Type", string(Form))
		}
	}
	return req
}

// nest sets a dotted name, such as "user.email", in a JSON object.
func nest(m map[string]any, name string, value any) {
	head, rest, more := strings.Cut(name, ".")
	if !more {
		m[head] = value
		return
	}
	inner, ok := m[head].(map[string]any)
	if !ok {
		inner = map[string]any{}
		m[head] = inner
	}
	nest(inner, rest, value)
}
