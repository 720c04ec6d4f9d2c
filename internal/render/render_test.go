package render_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif" // for its schema
	"github.com/xeipuuv/gojsonschema"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/render"
	"github.com/d710e0ae/countersign/internal/render/json"
	"github.com/d710e0ae/countersign/internal/weakness"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample is a report with something of everything.
func sample() *finding.Report {
	c := finding.NewCollector(finding.Scan, finding.Tool{Name: "countersign", Version: "test"}, "http://127.0.0.1:8000",
		time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), nil)
	transfer := finding.OperationRef{Method: "POST", Path: "/transfer"}
	c.Operation(finding.Operation{OperationRef: transfer, ChangesState: true, Exercised: true, Credential: finding.CredentialEither})
	c.Operation(finding.Operation{OperationRef: finding.OperationRef{Method: "DELETE", Path: "/orders/{id}"}, ChangesState: true,
		Credential: finding.CredentialUnknown, Reason: "no operation produces {id}"})
	for _, v := range []finding.Verdict{
		{Position: finding.CrossSite, Shape: finding.Form, Verdict: finding.Blocked, By: finding.ByContentType, Reason: "422 as without a login", Proof: finding.ByHTTP},
		{Position: finding.CrossSite, Shape: finding.Blob, Verdict: finding.Forged, Reason: "balance 1000 became 900", Proof: finding.ByBrowser},
		{Position: finding.CrossSite, Shape: finding.JSONCORS, Verdict: finding.Forged, Reason: "CORS reflects the origin", Proof: finding.ByHTTP},
		{Position: finding.SameSite, Shape: finding.Blob, Verdict: finding.NotTested, Reason: "the page could not be served"},
	} {
		v.Operation = transfer.String()
		c.Verdict(v)
	}
	c.Verdict(finding.Verdict{Operation: "DELETE /orders/{id}", Position: finding.CrossSite, Shape: finding.JSONCORS, Verdict: finding.NotTested,
		Reason: "not exercised: no operation produces {id}"})
	c.Finding(finding.Finding{
		Weakness: "forgeable-operation", Severity: weakness.High, Confidence: finding.Proved,
		Message:   "A page of another site made the victim's browser transfer money; <script>alert(1)</script> & \x00 control.",
		Operation: &transfer,
		Location:  &finding.Location{File: "app/my file.py", Line: 12, Column: 5, EndLine: 12},
		Related:   []finding.Related{{Location: finding.Location{File: "app/main.py", Line: 40}, Message: "route POST /transfer"}},
		Evidence: []finding.Evidence{
			{Kind: finding.RequestEvidence, Text: "POST /transfer\nCookie: access_token=[redacted]\n\n{}"},
			{Kind: finding.ScreenshotEvidence, File: filepath.Join("testdata", "pixel.png")},
		},
		ProofOfConcept: "poc/transfer.html", Fingerprint: finding.Fingerprint("forgeable-operation", "POST", "/transfer"),
		Remedy: weakness.Remedy{FastAPI: "Read the token from the header.", Guard: "Put the guard in front.", Go: "Use package csrf."},
	})
	c.Finding(finding.Finding{Weakness: "cors-any-origin", Severity: weakness.Info, Confidence: finding.Observed,
		Message: "Any origin may read public answers.", Fingerprint: "2",
		Evidence: []finding.Evidence{{Kind: finding.StateEvidence, Text: "state before (-) and after (+)\n- 1\n+ 2\n"}}})
	c.Finding(finding.Finding{Weakness: "jwt-no-expiry", Severity: weakness.Medium, Confidence: finding.Observed,
		Message: "The token has no exp claim.", Fingerprint: "3", Known: true})
	c.Incomplete("1 of 2 operations could not be exercised")
	c.Note("one order was left behind: /orders/7")
	c.Cover(31, 0)
	return c.Report(time.Date(2026, 3, 4, 5, 6, 15, 500e6, time.UTC))
}

func rendered(t *testing.T, r *finding.Report, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := render.Render(&b, r, format, render.Options{}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for _, format := range render.Formats() {
		t.Run(format, func(t *testing.T) {
			got := rendered(t, sample(), format)
			name := filepath.Join("testdata", "report."+format)
			if *update {
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("differs from %s; look at the difference and run go test -update", name)
			}
		})
	}
}

func TestASavedReportRendersToTheSameBytes(t *testing.T) {
	direct := sample()
	saved, err := json.Read(bytes.NewReader(rendered(t, direct, "json")))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range render.Formats() {
		if !bytes.Equal(rendered(t, direct, format), rendered(t, saved, format)) {
			t.Errorf("%s differs", format)
		}
	}
}

// sarifSchema returns the OASIS schema of SARIF 2.1.0. It stands, unexported,
// in a module that the tests name for its sake.
func sarifSchema(t *testing.T) gojsonschema.JSONLoader {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "pkg/report/v210/sarif/schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	longest := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil && len(s) > len(longest) {
				longest = s
			}
		}
		return true
	})
	if !strings.Contains(longest, "Static Analysis Results Format") {
		t.Fatal("the module has no schema where it was")
	}
	return gojsonschema.NewStringLoader(longest)
}

func TestSARIFIsValid(t *testing.T) {
	schema := sarifSchema(t)
	empty := &finding.Report{Target: "x", Tool: finding.Tool{Name: "countersign", Version: "1"}, Complete: true}
	for name, r := range map[string]*finding.Report{"sample": sample(), "empty": empty} {
		res, err := gojsonschema.Validate(schema, gojsonschema.NewBytesLoader(rendered(t, r, "sarif")))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, e := range res.Errors() {
			t.Errorf("%s: %s", name, e)
		}
	}
	res, err := gojsonschema.Validate(schema, gojsonschema.NewStringLoader(`{"version":"2.1.0","runs":[{"results":[{}]}]}`))
	if err != nil || res.Valid() {
		t.Errorf("the schema accepts a run without a tool (%v): it proves nothing", err)
	}
}

func TestJUnitIsXML(t *testing.T) {
	d := xml.NewDecoder(bytes.NewReader(rendered(t, sample(), "junit")))
	elements := 0
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := tok.(xml.StartElement); ok {
			elements++
		}
	}
	if elements < 5 {
		t.Errorf("only %d elements", elements)
	}
}

func TestHTMLRunsNothingAndFetchesNothing(t *testing.T) {
	page := string(rendered(t, sample(), "html"))
	for _, bad := range []string{"<script", "<link", "src=\"http", "url(http"} {
		if strings.Contains(page, bad) {
			t.Errorf("contains %s", bad)
		}
	}
	for _, good := range []string{"&lt;script&gt;", "data:image/png;base64,", "default-src &#39;none&#39;", "poc/transfer.html"} {
		if !strings.Contains(page, good) && !strings.Contains(page, strings.ReplaceAll(good, "&#39;", "'")) {
			t.Errorf("does not contain %s", good)
		}
	}
}

func TestColoursOnlyWhereAsked(t *testing.T) {
	var b bytes.Buffer
	if err := render.Render(&b, sample(), "text", render.Options{Color: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "\x1b[") {
		t.Error("no colour where it was asked for")
	}
	if strings.Contains(string(rendered(t, sample(), "text")), "\x1b[") {
		t.Error("colour where it was not asked for")
	}
}

func TestTextHasNothingThatATerminalActsOn(t *testing.T) {
	r := sample()
	for i := range r.Findings {
		r.Findings[i].Message += "\x1b]0;owned\a\u202e"
		r.Findings[i].Evidence = append(r.Findings[i].Evidence, finding.Evidence{Kind: finding.ResponseEvidence, Text: "HTTP/1.1 200 \x1b[2J\nbody"})
	}
	r.Operations[0].Path += "\x1b[31m"
	r.Operations[0].Exercised = false
	r.Verdicts[0].Operation += "\r\x9b31m"
	r.Target += "\x1b[8m"
	for _, c := range string(rendered(t, r, "text")) {
		if c != '\n' && unicode.IsControl(c) || c == '\u202e' {
			t.Fatalf("contains %q", c)
		}
	}
}

func TestReadRefusesWhatIsNoReport(t *testing.T) {
	for _, in := range []string{"", "null", "{}", "[]", `{"schema":"countersign/report/2"}`, `{"schema":1}`, "<html>"} {
		if _, err := json.Read(strings.NewReader(in)); err == nil {
			t.Errorf("%q was read", in)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if err := render.Render(io.Discard, sample(), "pdf", render.Options{}); err == nil || !strings.Contains(err.Error(), "sarif") {
		t.Errorf("got %v, want the list of formats", err)
	}
}
