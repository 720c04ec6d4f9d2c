package demo

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"html/template"
	"os"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
)

//go:embed page.tmpl
var source string

// write makes the page with the table and the pictures. It needs no network
// and no other file.
func (t *Tour) write(name string) error {
	tmpl, err := template.New("demo").Funcs(template.FuncMap{"pictures": pictures}).Parse(source)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, t); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}

// Forged returns the findings that have a picture, for the page.
func (t *Tour) Forged() []finding.Finding {
	var out []finding.Finding
	for _, f := range t.Before.Findings {
		if f.Operation != nil && f.Confidence == finding.Proved {
			out = append(out, f)
		}
	}
	return out
}

// pictures returns the screenshots of a finding as data URLs.
func pictures(f finding.Finding) []template.URL {
	var out []template.URL
	for _, e := range f.Evidence {
		if e.Kind != finding.ScreenshotEvidence || e.File == "" {
			continue
		}
		data, err := os.ReadFile(e.File)
		if err != nil || !strings.HasPrefix(string(data), "\x89PNG") {
			continue
		}
		// Base64 of a PNG: nothing in it can leave the attribute or run.
		out = append(out, template.URL("data:image/png;base64,"+base64.StdEncoding.EncodeToString(data)))
	}
	return out
}
