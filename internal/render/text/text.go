// Package text writes the report for people at a terminal: the findings
// first, then what every attempt came to, then what was not tested.
package text

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/weakness"
)

// Options say how the text may look.
type Options struct {
	Color bool // ANSI colours
	Width int  // of a line, in columns; 0 is 100
}

// Render writes r to w.
func Render(w io.Writer, r *finding.Report, o Options) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	p := &page{Options: o}
	p.head(r)
	p.findings(r)
	p.known(r)
	if r.Kind == finding.Scan {
		p.matrix(r)
		p.unexercised(r)
	}
	p.tail(r)
	_, err := w.Write(p.buf.Bytes())
	return err
}

// A page is the text as it grows.
type page struct {
	Options
	buf bytes.Buffer
}

func (p *page) linef(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	p.buf.WriteString(strings.TrimRight(line, " "))
	p.buf.WriteByte('\n')
}

// wrapped writes text in lines of at most Width columns, each led by indent,
// the first by lead in its place.
func (p *page) wrapped(lead, indent, text string) {
	width := max(p.Width, 40)
	line, prefix := lead, lead
	for _, word := range strings.Fields(safe(text)) {
		if line != prefix && columns(line)+1+columns(word) > width {
			p.linef("%s", line)
			line, prefix = indent, indent
		}
		if line != prefix {
			line += " "
		}
		line += word
	}
	if strings.TrimSpace(line) != "" {
		p.linef("%s", line)
	}
}

// columns counts what a terminal shows of s: runes, without colour codes.
func columns(s string) int {
	n, inCode := 0, false
	for _, r := range s {
		switch {
		case r == '\x1b':
			inCode = true
		case inCode:
			inCode = r != 'm'
		default:
			n++
		}
	}
	return n
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-columns(s)))
}

const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (p *page) paint(code, s string) string {
	if !p.Color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func severityColor(s weakness.Severity) string {
	switch {
	case s >= weakness.High:
		return bold + ";" + red
	case s == weakness.Medium:
		return bold + ";" + yellow
	}
	return cyan
}

// plural writes "1 file" or "2 files".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// safe replaces what a terminal would act on instead of showing it: control
// characters and changes of writing direction (CWE-150). What a report quotes
// comes from the API or source under test.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return '\uFFFD'
		}
		return r
	}, s)
}
