// Package json writes and reads the report in its machine form, schema
// "countersign/report/1".
package json

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	fast "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	v1 "github.com/go-json-experiment/json/v1"

	"github.com/d710e0ae/countersign/internal/finding"
)

// MaxReport is the largest report that Read takes, in bytes.
const MaxReport = 256 << 20

// writeSize is how many bytes of a report are written at once.
const writeSize = 64 << 10

// Render writes r as indented JSON with a final line feed.
func Render(w io.Writer, r *finding.Report) error {
	// In one pass, in which encoding/json writes twice and then copies.
	out := bufio.NewWriterSize(w, writeSize)
	if err := fast.MarshalWrite(out, withoutNulls(r), v1.DefaultOptionsV1(), jsontext.EscapeForHTML(false), jsontext.EscapeForJS(true), jsontext.WithIndent("  ")); err != nil {
		return err
	}
	_ = out.WriteByte('\n') // a bufio.Writer keeps its first error until Flush
	return out.Flush()
}

// withoutNulls makes every list of the public shape a list, also when empty.
func withoutNulls(r *finding.Report) *finding.Report {
	c := *r
	if c.IncompleteReasons == nil {
		c.IncompleteReasons = []string{}
	}
	if c.Operations == nil {
		c.Operations = []finding.Operation{}
	}
	if c.Verdicts == nil {
		c.Verdicts = []finding.Verdict{}
	}
	if c.Findings == nil {
		c.Findings = []finding.Finding{}
	}
	return &c
}

// Read reads a report that Render wrote. It refuses what is no report of a
// schema that it knows.
func Read(in io.Reader) (*finding.Report, error) {
	data, err := io.ReadAll(io.LimitReader(in, MaxReport+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxReport {
		return nil, fmt.Errorf("larger than %d MiB", MaxReport>>20)
	}
	var r finding.Report
	if err := json.Unmarshal(data, &r); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line := 1 + bytes.Count(data[:syntax.Offset], []byte("\n"))
			return nil, fmt.Errorf("no JSON: line %d: %v", line, err)
		}
		return nil, fmt.Errorf("no report of countersign: %v", err)
	}
	if r.Schema != finding.Schema {
		return nil, fmt.Errorf("no report of countersign: its schema is %q, not %q", r.Schema, finding.Schema)
	}
	return &r, nil
}
