// Package junit writes the report as JUnit XML, which build servers read: a
// test case for each operation or file, failed where a finding stands that no
// baseline has.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/d710e0ae/countersign/internal/finding"
)

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Suites   []suite  `xml:"testsuite"`
}

type suite struct {
	Name      string  `xml:"name,attr"`
	Timestamp string  `xml:"timestamp,attr"`
	Time      string  `xml:"time,attr"`
	Tests     int     `xml:"tests,attr"`
	Failures  int     `xml:"failures,attr"`
	Skipped   int     `xml:"skipped,attr"`
	Cases     []tcase `xml:"testcase"`
}

type tcase struct {
	Name      string    `xml:"name,attr"`
	Classname string    `xml:"classname,attr"`
	Failures  []failure `xml:"failure"`
	Skipped   *skipped  `xml:"skipped"`
	Output    []text    `xml:"system-out"`
}

type failure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",cdata"`
}

// text is kept in CDATA, in which its lines stay lines for whoever reads the
// file itself.
type text struct {
	Text string `xml:",cdata"`
}

type skipped struct {
	Message string `xml:"message,attr"`
}

// Render writes r as one test suite.
func Render(w io.Writer, r *finding.Report) error {
	s := suite{
		Name:      fmt.Sprintf("countersign %s %s", r.Kind, clean(r.Target)),
		Timestamp: r.Started.UTC().Format(time.RFC3339),
		Time:      fmt.Sprintf("%.3f", r.Seconds),
	}
	at := map[string]int{}
	caseOf := func(name string) *tcase {
		i, ok := at[name]
		if !ok {
			i = len(s.Cases)
			at[name] = i
			s.Cases = append(s.Cases, tcase{Name: clean(name), Classname: "countersign." + string(r.Kind)})
		}
		return &s.Cases[i]
	}
	for _, o := range r.Operations {
		c := caseOf(o.String())
		if !o.Exercised && r.Kind == finding.Scan {
			c.Skipped = &skipped{clean(o.Reason)}
		}
	}
	for _, f := range r.Findings {
		c := caseOf(place(r, f))
		c.Skipped = nil
		if f.Known {
			c.Output = append(c.Output, text{clean(fmt.Sprintf("in the baseline: %s %s (%s)\n%s", f.Severity, f.Weakness, f.Confidence, f.Message))})
			continue
		}
		c.Failures = append(c.Failures, failure{
			Type:    f.Weakness,
			Message: clean(fmt.Sprintf("%s %s (%s)", f.Severity, f.Weakness, f.Confidence)),
			Text:    clean(body(f)),
		})
	}
	if len(r.IncompleteReasons) > 0 {
		caseOf("complete").Failures = []failure{{Type: "incomplete", Message: "the run is incomplete", Text: clean(strings.Join(r.IncompleteReasons, "\n"))}}
	}
	for _, c := range s.Cases {
		s.Tests++
		if len(c.Failures) > 0 {
			s.Failures++
		}
		if c.Skipped != nil {
			s.Skipped++
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(suites{Tests: s.Tests, Failures: s.Failures, Skipped: s.Skipped, Suites: []suite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func place(r *finding.Report, f finding.Finding) string {
	switch {
	case f.Location != nil:
		return fmt.Sprintf("%s:%d", f.Location.File, f.Location.Line)
	case f.Operation != nil:
		return f.Operation.String()
	}
	return r.Target
}

func body(f finding.Finding) string {
	var b strings.Builder
	b.WriteString(f.Message)
	for _, e := range f.Evidence {
		b.WriteString("\n\n")
		if e.Kind != finding.StateEvidence { // which says itself what it is
			fmt.Fprintf(&b, "%s: ", e.Kind)
		}
		b.WriteString(strings.TrimSpace(e.Text + " " + e.File))
	}
	if f.Remedy.FastAPI != "" {
		fmt.Fprintf(&b, "\n\nfix: %s", f.Remedy.FastAPI)
	}
	return b.String()
}

// clean replaces what XML 1.0 (section 2.2) has no character for.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r >= 0x20 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD, r >= 0x10000 && r <= 0x10FFFF:
			return r
		}
		return '�'
	}, s)
}
