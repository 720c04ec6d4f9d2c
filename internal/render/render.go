// Package render turns a report into any of the formats.
package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/render/html"
	"github.com/d710e0ae/countersign/internal/render/json"
	"github.com/d710e0ae/countersign/internal/render/junit"
	"github.com/d710e0ae/countersign/internal/render/sarif"
	"github.com/d710e0ae/countersign/internal/render/text"
)

// Options say how formats for people may look; machine formats ignore them.
type Options struct {
	Color bool
	Width int // columns; 0 is a default
}

// Formats returns the names of the formats.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

type format struct {
	name   string
	render func(io.Writer, *finding.Report, Options) error
}

var formats = [...]format{
	{"text", func(w io.Writer, r *finding.Report, o Options) error {
		return text.Render(w, r, text.Options{Color: o.Color, Width: o.Width})
	}},
	{"json", plain(json.Render)},
	{"sarif", plain(sarif.Render)},
	{"junit", plain(junit.Render)},
	{"html", plain(html.Render)},
}

func plain(f func(io.Writer, *finding.Report) error) func(io.Writer, *finding.Report, Options) error {
	return func(w io.Writer, r *finding.Report, _ Options) error { return f(w, r) }
}

// Render writes r to w in the named format.
func Render(w io.Writer, r *finding.Report, name string, o Options) error {
	i := slices.IndexFunc(formats[:], func(f format) bool { return f.name == name })
	if i < 0 {
		return UnknownFormat(name)
	}
	return formats[i].render(w, r, o)
}

// UnknownFormat is the error for a format that there is not.
type UnknownFormat string

func (u UnknownFormat) Error() string {
	return fmt.Sprintf("no format %q; write one of %s", string(u), strings.Join(Formats(), ", "))
}

// Check returns an error if there is no format of that name.
func Check(name string) error {
	if !slices.Contains(Formats(), name) {
		return UnknownFormat(name)
	}
	return nil
}
