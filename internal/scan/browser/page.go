package browser

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
)

//go:embed attack.tmpl
var source string

var attackPage = template.Must(template.New("attack").Parse(source))

// An Attack is one forged request, and from where it is sent.
type Attack struct {
	Position    finding.Position
	Shape       finding.Shape
	Method      string
	URL         string // absolute
	ContentType string
	Body        []byte
	Operation   string // for people: "POST /transfer"
	Picture     bool   // take a screenshot after it
	Referrer    string // referrer policy of the page; empty: the browser's default
}

// Origin returns the origin that is attacked.
func (a Attack) Origin() string {
	u, err := url.Parse(a.URL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// A field of a form.
type field struct{ Name, Value string }

// pageData is what the template is filled with.
type pageData struct {
	Attack
	Auto    bool
	Form    bool // a form's submission, else script sends it
	Enctype string
	Fields  []field
	Parts   []field // of a multipart body with files, which only script can send
	Body64  string
	Explain string
}

// ProofOfConcept returns one self-contained page that sends the request when
// its button is pressed, or at once when its address ends in "#auto". It
// carries no credential: the browser that opens it attaches its own.
func ProofOfConcept(a Attack) ([]byte, error) { return render(a, false) }

func render(a Attack, auto bool) ([]byte, error) {
	d := pageData{Attack: a, Auto: auto, Body64: base64.StdEncoding.EncodeToString(a.Body), Explain: explain(a)}
	switch a.Shape {
	case finding.Form, finding.Override:
		d.Form, d.Enctype = true, "application/x-www-form-urlencoded"
		var err error
		if d.Fields, err = formFields(string(a.Body)); err != nil {
			return nil, fmt.Errorf("the body is no form: %w", err)
		}
	case finding.TextPlain:
		d.Form, d.Enctype = true, "text/plain"
		name, value, _ := strings.Cut(strings.TrimSuffix(string(a.Body), "\r\n"), "=")
		d.Fields = []field{{name, value}}
	case finding.Multipart:
		fields, files, err := parts(a)
		if err != nil {
			return nil, err
		}
		if files {
			d.Parts = fields
		} else {
			d.Form, d.Enctype, d.Fields = true, "multipart/form-data", fields
		}
	}
	var b bytes.Buffer
	if err := attackPage.Execute(&b, d); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// formFields reads a form in its own order, which a map would lose.
func formFields(body string) ([]field, error) {
	var out []field
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, errName := url.QueryUnescape(name)
		v, errValue := url.QueryUnescape(value)
		if err := errors.Join(errName, errValue); err != nil {
			return nil, err
		}
		out = append(out, field{n, v})
	}
	return out, nil
}

// parts reads a multipart body; files says whether one part is a file. The
// name of a file's part has a NUL before the file's name.
func parts(a Attack) ([]field, bool, error) {
	_, params, err := mime.ParseMediaType(a.ContentType)
	if err != nil {
		return nil, false, fmt.Errorf("the content type: %w", err)
	}
	r := multipart.NewReader(bytes.NewReader(a.Body), params["boundary"])
	var out []field
	files := false
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return out, files, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("the body is no multipart: %w", err)
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return nil, false, err
		}
		name := p.FormName()
		if p.FileName() != "" {
			files = true
			name += "\x00" + p.FileName()
		}
		out = append(out, field{name, string(content)})
	}
}

func explain(a Attack) string {
	how := map[finding.Shape]string{
		finding.Form:      "a hidden form is submitted",
		finding.Override:  "a hidden form is submitted that names another method",
		finding.Multipart: "a hidden multipart form is submitted",
		finding.TextPlain: "a hidden form of type text/plain is submitted, whose one field is shaped so that the body is JSON",
		finding.Blob:      "fetch sends a Blob without a type, so that no preflight is needed and no Content-Type is sent",
		finding.JSONCORS:  "fetch sends JSON with credentials; the API's own CORS answer lets it",
		finding.Navigate:  "the page navigates to the address",
		finding.Image:     "the page loads the address as an image",
		finding.Beacon:    "navigator.sendBeacon sends the body",
		finding.Head:      "fetch sends HEAD",
		finding.WebSocket: "script opens a WebSocket",
	}
	return how[a.Shape]
}
