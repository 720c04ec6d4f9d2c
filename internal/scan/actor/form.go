package actor

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/d710e0ae/countersign/internal/scan/client"
)

// A PageForm is a form of an HTML page: what a browser would send, and where.
type PageForm struct {
	Method   string   // GET or POST; with htmx also PUT, PATCH or DELETE
	Action   *url.URL // absolute, without fragment
	Encoding Encoding // Form or Multipart; anything else is Form
	Fields   []PageField
}

// A PageField is a named control of a form.
type PageField struct {
	Name, Value string
	Type        string   // of an input, in lower case; or "select" or "textarea"
	Options     []string // of a select, or of radio buttons
	Required    bool
	Pattern     string
	Placeholder string
}

// Limits of what is read of a page.
const (
	maxForms  = 20
	maxFields = 100
)

// Forms returns the forms of an HTML page that send to the page's own origin.
func Forms(r *client.Response) []PageForm {
	if !strings.Contains(r.Header.Get("Content-Type"), "html") || r.Request == nil {
		return nil
	}
	var out []PageForm
	var form *PageForm
	var choice string // the select that is open
	z := html.NewTokenizer(bytes.NewReader(r.Body))
	z.SetMaxBuf(1 << 16)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.EndTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Form:
				form = nil
			case atom.Select:
				choice = ""
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.DataAtom == atom.Form {
				if f, ok := newForm(t, r.Request.URL); ok && len(out) < maxForms {
					out = append(out, f)
					form = &out[len(out)-1]
				} else {
					form = nil
				}
				continue
			}
			if form != nil && len(form.Fields) < maxFields {
				form.control(t, &choice)
			}
		}
	}
}

// scripted are the methods that htmx sends a form with, by the attribute that
// names them: hx-post and so on (https://htmx.org/reference/#attributes).
var scripted = []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func newForm(t html.Token, page *url.URL) (PageForm, bool) {
	method, to := http.MethodGet, attribute(t, "action")
	if strings.EqualFold(attribute(t, "method"), http.MethodPost) {
		method = http.MethodPost
	}
	for _, m := range scripted {
		for _, prefix := range []string{"hx-", "data-hx-"} {
			if name := prefix + strings.ToLower(m); has(t, name) {
				method, to = m, attribute(t, name)
			}
		}
	}
	action, err := url.Parse(strings.TrimSpace(to))
	if err != nil {
		return PageForm{}, false
	}
	f := PageForm{Method: method, Action: page.ResolveReference(action), Encoding: Form}
	f.Action.Fragment = ""
	if strings.EqualFold(attribute(t, "enctype"), string(Multipart)) {
		f.Encoding = Multipart
	}
	return f, f.Action.Scheme == page.Scheme && f.Action.Host == page.Host
}

// control adds a form's control; choice is the name of the open select.
func (f *PageForm) control(t html.Token, choice *string) {
	field := PageField{Name: attribute(t, "name"), Value: attribute(t, "value"), Required: has(t, "required"),
		Pattern: attribute(t, "pattern"), Placeholder: attribute(t, "placeholder")}
	switch t.DataAtom {
	case atom.Option:
		if i := slices.IndexFunc(f.Fields, func(o PageField) bool { return o.Name == *choice && o.Type == "select" }); i >= 0 && has(t, "value") {
			f.Fields[i].Options = append(f.Fields[i].Options, field.Value)
		}
		return
	case atom.Select:
		*choice = field.Name
		field.Type, field.Value = "select", ""
	case atom.Textarea:
		field.Type, field.Value = "textarea", ""
	case atom.Input:
		field.Type = strings.ToLower(attribute(t, "type"))
		if field.Type == "" {
			field.Type = "text"
		}
	case atom.Button:
		return // not pressed
	default:
		return
	}
	switch field.Type {
	case "submit", "button", "reset", "image":
		return
	case "radio":
		if i := slices.IndexFunc(f.Fields, func(o PageField) bool { return o.Name == field.Name && o.Type == "radio" }); i >= 0 {
			f.Fields[i].Options = append(f.Fields[i].Options, field.Value)
			return
		}
		field.Options, field.Value = []string{field.Value}, ""
	}
	if field.Name != "" {
		f.Fields = append(f.Fields, field)
	}
}

func has(t html.Token, name string) bool {
	return slices.ContainsFunc(t.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Login returns the way to log in by the form, if it is one for that: it
// sends one password and one text beside it. Base is the API's.
func (f PageForm) Login(base *url.URL) (Route, bool) {
	path, ok := strings.CutPrefix(f.Action.Path, strings.TrimSuffix(base.Path, "/"))
	r := Route{Method: f.Method, Path: path, Encoding: f.Encoding, Extra: map[string]any{}}
	if !ok || f.Method != http.MethodPost {
		return r, false
	}
	for _, field := range f.Fields {
		switch {
		case field.Type == "password":
			if r.PassField != "" {
				return r, false // the second is there to confirm a new one
			}
			r.PassField = field.Name
		case field.Type == "hidden":
			if IsCSRFName(field.Name) {
				r.CSRFField = field.Name
			} else {
				r.Extra[field.Name] = field.Value
			}
		case field.Type == "text" || field.Type == "email" || field.Type == "tel":
			if r.UserField != "" {
				return r, false // more is asked of those who register
			}
			r.UserField = field.Name
		}
	}
	return r, r.UserField != "" && r.PassField != ""
}
