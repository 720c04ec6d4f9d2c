package attacks_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/d710e0ae/countersign/internal/attacks"
)

var update = flag.Bool("update", false, "write docs/attacks.md anew")

const document = "../../docs/attacks.md"

// TestEveryAttackHasATest holds the list to the tests, and the document to
// both. The tests themselves run with their packages: each sends the attack to
// something careless first, where it succeeds, and then to ours.
func TestEveryAttackHasATest(t *testing.T) {
	tests, err := attacks.Tests("../..")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# What the guard and its packages survive\n\n" +
		"Each attack is a test, in which it succeeds against something careless and fails against Countersign. They run with\n" +
		"`make test`, under the race detector. This page is written from the tests' names by\n" +
		"`go test ./internal/attacks -update`, and a test fails where it is out of date.\n")
	part := ""
	for i, a := range attacks.All() {
		if a.N != i+1 {
			t.Errorf("attack %d stands at place %d", a.N, i+1)
		}
		if (len(tests[a.N]) == 0) == (a.None == "") {
			t.Errorf("attack %d (%s) has %d tests, and the reason for none is %q", a.N, a.Try, len(tests[a.N]), a.None)
		}
		if a.Part != part {
			part = a.Part
			fmt.Fprintf(&b, "\n## %s\n\n| | the attacker tries | seen in | what comes of it | shown by |\n|---|---|---|---|---|\n", part)
		}
		ours, shown := a.Ours, a.None
		if a.None != "" {
			ours = "does not apply"
		} else {
			shown = names(tests[a.N])
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", a.N, a.Try, a.Source, ours, shown)
	}
	for n, names := range tests {
		if n < 1 || n > len(attacks.All()) {
			t.Errorf("%q shows an attack that is not in the list", names)
		}
	}
	if *update {
		if err := os.WriteFile(document, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(document); err != nil || string(text) != b.String() {
		t.Errorf("docs/attacks.md is not what the tests say (%v); write it anew with -update", err)
	}
}

// names joins tests; rows of one table stand together.
func names(tests []string) string {
	var order []string
	rows := map[string]int{}
	for _, name := range tests {
		i := strings.Index(name, ".Test")
		test, _, row := strings.Cut(name[i:], "/")
		function := name[:i] + test
		if !slices.Contains(order, function) {
			order = append(order, function)
		}
		if row {
			rows[function]++
		}
	}
	slices.Sort(order)
	var out []string
	for _, f := range order {
		text := "`" + f + "`"
		if n := rows[f]; n > 1 {
			text += fmt.Sprintf(" (%d rows)", n)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}
