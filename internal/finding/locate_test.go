package finding_test

import (
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
)

func TestLocateFindsTheCauseOfWhatWasProved(t *testing.T) {
	at := func(line int) *finding.Location { return &finding.Location{File: "main.py", Line: line} }
	ref := func(method, path string) *finding.OperationRef {
		return &finding.OperationRef{Method: method, Path: path}
	}
	route := func(method, path string, line int) finding.Operation {
		return finding.Operation{OperationRef: *ref(method, path), Location: at(line)}
	}
	audit := &finding.Report{
		Operations: []finding.Operation{
			route("POST", "/transfer", 10), route("POST", "/items/{item_id}", 20), route("DELETE", "/items/{id}", 30),
			route("POST", "/a/save", 40), route("POST", "/b/save", 50), route("POST", "/", 60),
			route("POST", "/twice", 70), route("POST", "/twice", 80),
		},
		Findings: []finding.Finding{
			{Weakness: "forgeable-operation", Location: at(1), Related: []finding.Related{{Location: *at(10)}, {Location: *at(20)}}},
			{Weakness: "mixed-credentials", Location: at(2), Related: []finding.Related{{Location: *at(10)}, {Location: *at(30)}}},
			{Weakness: "cookie-not-secure", Location: at(3), Message: "one"},
			{Weakness: "cookie-not-secure", Location: at(4), Message: "two"},
			{Weakness: "jwt-hardcoded-secret", Location: at(5)},
		},
	}
	for _, c := range []struct {
		name, weakness string
		operation      *finding.OperationRef
		line, related  int // 0: no place
	}{
		{"the same weakness on that route", "forgeable-operation", ref("POST", "/transfer"), 1, 1},
		{"a parameter of another name", "forgeable-operation", ref("POST", "/items/{id}"), 1, 1},
		{"a weakness that brings it about", "forgeable-from-sibling", ref("DELETE", "/items/{id}"), 2, 1},
		{"no weakness was read: the route", "get-changes-state", ref("POST", "/a/save"), 40, 0},
		{"mounted below a prefix", "forgeable-operation", ref("POST", "/api/v1/transfer"), 1, 1},
		{"two routes might be meant", "forgeable-operation", ref("POST", "/save"), 0, 0},
		{"two applications in one tree", "forgeable-operation", ref("POST", "/twice"), 0, 0},
		{"another method", "forgeable-operation", ref("PUT", "/transfer"), 0, 0},
		{"the root is the end of no path", "forgeable-operation", ref("POST", "/other"), 0, 0},
		{"about no operation", "cookie-not-secure", nil, 3, 1},
		{"a cookie is made far from its route", "cookie-not-secure", ref("POST", "/a/save"), 3, 2},
		{"a cause about no operation", "jwt-weak-secret", nil, 5, 0},
		{"nothing was read", "cors-no-vary", nil, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			scan := &finding.Report{Findings: []finding.Finding{{Weakness: c.weakness, Operation: c.operation, Fingerprint: "f"}}}
			if c.operation != nil {
				scan.Operations = []finding.Operation{{OperationRef: *c.operation}}
			}
			n := finding.Locate(scan, audit)
			f, line := scan.Findings[0], 0
			if f.Location != nil {
				line = f.Location.Line
			}
			if line != c.line || len(f.Related) != c.related || (n == 1) != (c.line != 0) || f.Fingerprint != "f" {
				t.Errorf("line %d with %d related, want %d with %d; %d located", line, len(f.Related), c.line, c.related, n)
			}
			if c.operation != nil && (scan.Operations[0].Location != nil) != (c.line != 0) {
				t.Errorf("the operation stands at %v", scan.Operations[0].Location)
			}
		})
	}
}
