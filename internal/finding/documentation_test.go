package finding_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
)

// TestTheReportIsDocumented holds docs/report.md to the fields and values that
// a report can have.
func TestTheReportIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/report.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	names := map[string]bool{}
	fieldsOf(reflect.TypeFor[finding.Report](), names)
	if len(names) < 40 {
		t.Fatalf("only %d fields", len(names))
	}
	for name := range names {
		if !strings.Contains(page, `"`+name+`":`) {
			t.Errorf("the example has no field %q", name)
		}
	}
	var values []string
	for _, p := range finding.Positions() {
		values = append(values, string(p))
	}
	for _, s := range finding.Shapes() {
		values = append(values, string(s))
	}
	for _, v := range []any{
		finding.Scan, finding.Audit,
		finding.CredentialNone, finding.CredentialCookie, finding.CredentialBearer, finding.CredentialEither, finding.CredentialUnknown,
		finding.Forged, finding.Blocked, finding.NotTested,
		finding.BySameSite, finding.ByThirdPartyCookie, finding.ByPreflight, finding.ByOrigin, finding.ByToken, finding.ByContentType, finding.ByAuthentication, finding.ByNoAmbientCredential,
		finding.ByBrowser, finding.ByHTTP, finding.Proved, finding.Observed, finding.Suspected,
		finding.RequestEvidence, finding.ResponseEvidence, finding.StateEvidence, finding.BrowserEvidence, finding.ScreenshotEvidence, finding.SourceEvidence,
	} {
		values = append(values, reflect.ValueOf(v).String())
	}
	for _, v := range values {
		if !strings.Contains(page, "`"+v+"`") {
			t.Errorf("the value %q is not explained", v)
		}
	}
}

// fieldsOf collects the names that a type's fields have in JSON.
func fieldsOf(t reflect.Type, names map[string]bool) {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		fieldsOf(t.Elem(), names)
	case reflect.Struct:
		if t.PkgPath() == "time" {
			return
		}
		for f := range t.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				names[name] = true
			}
			fieldsOf(f.Type, names)
		}
	}
}
